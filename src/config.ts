import * as z from "zod";
import { mediaOrigins, originOfHttp } from "./config-origins.ts";
import type { Roots } from "./signing/derive.ts";

const optionalText = z
  .string()
  .trim()
  .optional()
  .transform((value) => value || undefined);

const httpUrl = z.url({ protocol: /^https?$/, error: "must be an http or https URL" });

const wholeDays = { error: "must be a whole number of days, or 0" };
const positiveInteger = z.coerce
  .number({ error: "must be a whole number from 1" })
  .int({ error: "must be a whole number from 1" })
  .min(1, { error: "must be a whole number from 1" });

/** The platform lets an invocation wait for six answers at once (docs/performance.md); other runtimes have no such limit. */
const CONNECTIONS_MAX = 1_000;
const connectionsError = { error: `must be a whole number from 1 to ${CONNECTIONS_MAX}` };
const connections = z.coerce
  .number(connectionsError)
  .int(connectionsError)
  .min(1, connectionsError)
  .max(CONNECTIONS_MAX, connectionsError);

const BYTES_PER_MEGABYTE = 1024 * 1024;

const modelConcurrency = z
  .string()
  .default("{}")
  .transform((text, context) => {
    const parsed = z.record(z.string(), z.int().min(1)).safeParse(parseJson(text || "{}"));
    if (parsed.success) return new Map(Object.entries(parsed.data));
    context.addIssue({
      code: "custom",
      message: 'must be JSON of model names and limits, e.g. {"Kling":2,"Vidu/q3-pro":1}',
    });
    return z.NEVER;
  });

/** Where the platform can be asked to place an object (developers.cloudflare.com/durable-objects/reference/data-location). */
const LOCATIONS = ["wnam", "enam", "sam", "weur", "eeur", "apac", "apac-ne", "apac-se", "oc", "afr", "me"] as const;

/** Read by who calls the object, too; a wrong value is refused with the rest of the configuration. */
export const dispatcherLocation = optionalText.pipe(
  z.enum(LOCATIONS, { error: `must be one of ${LOCATIONS.join(", ")}` }).optional(),
);

const secret = z.string().trim().min(1, { error: "is empty" });

/** Of what the gateway makes keys of, or is a secret of its own. The local values are shorter, and known to everybody. */
const OWN_SECRET_MIN_CHARACTERS = 32;
const OWN_SECRETS = [
  "GATEWAY_SECRET",
  "GATEWAY_SECRET_PREVIOUS",
  "CALLBACK_SECRET",
  "CALLBACK_SECRET_PREVIOUS",
] as const;

const variables = z.object({
  VOD_ENDPOINT: httpUrl.default("https://vod.intl.tencentcloudapi.com"),
  VOD_SUB_APP_ID: z.coerce
    .number({ error: "must be the numeric id of the VOD application" })
    .int()
    .positive({ error: "must be the numeric id of the VOD application" }),
  VOD_SECRET_ID: secret,
  VOD_SECRET_KEY: secret,
  VOD_TOKEN: optionalText,
  VOD_SIGN_KEY: optionalText,
  VOD_SIGN_KEY_PREVIOUS: optionalText,
  GATEWAY_SECRET: secret,
  GATEWAY_SECRET_PREVIOUS: optionalText,
  CALLBACK_SECRET: optionalText,
  CALLBACK_SECRET_PREVIOUS: optionalText,
  VOD_CONCURRENCY: positiveInteger.default(1),
  VOD_REQUESTS_PER_SECOND: positiveInteger.default(20),
  VOD_MODEL_CONCURRENCY: modelConcurrency,
  VOD_REREAD_SECONDS: positiveInteger.default(180),
  VOD_CONNECTIONS: connections.default(5),
  VOD_RESEND_SECONDS: positiveInteger.default(60),
  VOD_EVENT_MODE: optionalText.pipe(z.enum(["push", "pull"], { error: "must be push or pull" }).default("push")),
  MAX_WAITING: positiveInteger.default(5_000),
  MAX_WAITING_MEGABYTES: positiveInteger.default(500),
  MAX_DAILY_MEGABYTES: positiveInteger.default(20_000),
  MAX_STREAMS: positiveInteger.default(200),
  RETENTION_DAYS: positiveInteger.default(30),
  INPUT_RETENTION_DAYS: z.coerce.number(wholeDays).int(wholeDays).min(0, wholeDays).optional(),
  MEDIA_ORIGINS: mediaOrigins,
  MEDIA_MAX_MEGABYTES: positiveInteger.default(512),
  MEDIA_IDLE_SECONDS: positiveInteger.default(15),
  FOREIGN_IDS: optionalText.pipe(z.enum(["allow", "refuse"], { error: "must be allow or refuse" }).optional()),
  VOD_DEFAULTS: optionalText.pipe(z.enum(["seeds", "vendor"], { error: "must be seeds or vendor" }).default("seeds")),
  MODEL_POLICY: optionalText.pipe(z.enum(["open", "strict"], { error: "must be open or strict" }).default("open")),
  DISPATCHER_LOCATION: dispatcherLocation,
  PUBLIC_URL: optionalText.pipe(httpUrl.optional()),
  GATEWAY_LOCAL: optionalText.pipe(z.literal("1", { error: "must be 1, or not set" }).optional()),
});

const schema = variables.superRefine((vars, context) => {
  const report = (name: string, message: string) => context.addIssue({ code: "custom", path: [name], message });
  for (const name of OWN_SECRETS) {
    const value = vars[name];
    if (value && value.length < OWN_SECRET_MIN_CHARACTERS && vars.GATEWAY_LOCAL === undefined)
      report(name, `must have at least ${OWN_SECRET_MIN_CHARACTERS} characters`);
  }
  // What stands in a URL must not be what all keys are made of.
  const roots = new Set([vars.GATEWAY_SECRET, vars.GATEWAY_SECRET_PREVIOUS]);
  for (const name of ["CALLBACK_SECRET", "CALLBACK_SECRET_PREVIOUS"] as const)
    if (vars[name] !== undefined && roots.has(vars[name])) report(name, "must not be the GATEWAY_SECRET");
});

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The Worker's variables and secrets, checked and in the form the code uses. */
export type Config = {
  /** What the gateway's own keys are derived from: the current root and, while a rotation runs, the previous one. */
  roots: Roots;
  vod: {
    endpoint: string;
    subAppId: number;
    credentials: { secretId: string; secretKey: string; token?: string };
    /** Tasks that may be with the vendor at once; its default for an account is 1. */
    concurrency: number;
    /** Create calls a second; the vendor's limit is 20. */
    requestsPerSecond: number;
    /** Further limits by `ModelName` or `ModelName/ModelVersion`. */
    modelConcurrency: ReadonlyMap<string, number>;
    /** A running task that no event has ended by then is read again, and then ever later; most take two and a half minutes. */
    rereadAfterMs: number;
    /** Calls of the dispatcher that may wait for an answer at once; the platform's own limit is six. */
    connections: number;
    /**
     * How long after the end of a create call the vendor may still be at work on it. One that was not answered, and that
     * the vendor's list does not show, is sent again only then.
     */
    resendAfterMs: number;
    /** How the vendor's events come: by HTTP, or fetched from its queue. HTTP notifications are taken in either mode. */
    eventMode: "push" | "pull";
    /** What a member means that a client leaves out: what the AIGC documents say (`seeds`), or whatever the vendor does. */
    defaults: "seeds" | "vendor";
  };
  callbacks: {
    /** Which path secrets are accepted: those set by hand and, unless the current one is, those derived from the roots. */
    pathSecrets: { set: string[]; derived: boolean };
    /** Keys of the vendor's `Sign`; empty when notifications are not signed. */
    signKeys: string[];
  };
  /** What one owner may have at once: its tasks must not fill the object that holds those of all. */
  limits: {
    /** Tasks that wait. */
    maxWaiting: number;
    /** Their requests together. */
    maxWaitingBytes: number;
    /** Their requests of one day of UTC. */
    maxDailyBytes: number;
    /** Status streams, and requests that wait for their task. */
    maxStreams: number;
  };
  /** How long finished tasks and events are kept. */
  retentionDays: number;
  /** How long requests are kept, from their task's creation and at least until it is over; unset: as long as the task. */
  inputRetentionDays: number | undefined;
  /** Files of finished tasks that are passed on from the vendor's hosts. */
  media: {
    /** Fetched from as they are; any other origin is held to https and to public addresses. */
    origins: string[];
    maxBytes: number;
    /** How long their next bytes may take. */
    idleMs: number;
  };
  /**
   * Whether ids of the vendor's that were not made here may be named; without it, while this gateway has one owner. Those
   * made for another owner may never.
   */
  foreignIds?: "allow" | "refuse";
  /** Whether a request that the model catalogue doubts is sent with a warning (`open`) or refused (`strict`). */
  modelPolicy: "open" | "strict";
  /** Origin of every URL we hand out; without it the request's own origin is used. */
  publicUrl?: string;
  /** `npm start` and its like: on one's own machine, with secrets that everybody knows. */
  local: boolean;
};

/** Thrown when the deployment is misconfigured. Names variables, never their values. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  constructor(problems: string[]) {
    super(`The gateway is not configured: ${problems.join("; ")}.`);
  }
}

const present = (...values: (string | undefined)[]) => values.filter((value) => value !== undefined);

/**
 * Parses bindings and variables.
 * @throws {ConfigError} with one sentence for each variable that is missing or wrong.
 */
export function parseConfig(env: object): Config {
  const parsed = schema.safeParse(env);
  if (!parsed.success) {
    throw new ConfigError(
      parsed.error.issues.map((issue) => {
        const name = issue.path.join(".");
        const missing = (env as Record<string, unknown>)[name] === undefined;
        return missing ? `${name} is not set` : `${name} ${issue.message}`;
      }),
    );
  }
  const vars = parsed.data;
  return {
    roots: [vars.GATEWAY_SECRET, ...present(vars.GATEWAY_SECRET_PREVIOUS)],
    vod: {
      endpoint: vars.VOD_ENDPOINT,
      subAppId: vars.VOD_SUB_APP_ID,
      credentials: {
        secretId: vars.VOD_SECRET_ID,
        secretKey: vars.VOD_SECRET_KEY,
        ...(vars.VOD_TOKEN && { token: vars.VOD_TOKEN }),
      },
      concurrency: vars.VOD_CONCURRENCY,
      requestsPerSecond: vars.VOD_REQUESTS_PER_SECOND,
      modelConcurrency: vars.VOD_MODEL_CONCURRENCY,
      rereadAfterMs: vars.VOD_REREAD_SECONDS * 1000,
      connections: vars.VOD_CONNECTIONS,
      resendAfterMs: vars.VOD_RESEND_SECONDS * 1000,
      eventMode: vars.VOD_EVENT_MODE,
      defaults: vars.VOD_DEFAULTS,
    },
    callbacks: {
      pathSecrets: {
        set: present(vars.CALLBACK_SECRET, vars.CALLBACK_SECRET_PREVIOUS),
        derived: vars.CALLBACK_SECRET === undefined,
      },
      signKeys: present(vars.VOD_SIGN_KEY, vars.VOD_SIGN_KEY_PREVIOUS),
    },
    limits: {
      maxWaiting: vars.MAX_WAITING,
      maxWaitingBytes: vars.MAX_WAITING_MEGABYTES * BYTES_PER_MEGABYTE,
      maxDailyBytes: vars.MAX_DAILY_MEGABYTES * BYTES_PER_MEGABYTE,
      maxStreams: vars.MAX_STREAMS,
    },
    retentionDays: vars.RETENTION_DAYS,
    inputRetentionDays: vars.INPUT_RETENTION_DAYS,
    media: {
      // A vendor that is called by plain http is an emulator, and has its files beside it.
      origins: [...vars.MEDIA_ORIGINS, ...originOfHttp(vars.VOD_ENDPOINT)],
      maxBytes: vars.MEDIA_MAX_MEGABYTES * BYTES_PER_MEGABYTE,
      idleMs: vars.MEDIA_IDLE_SECONDS * 1000,
    },
    ...(vars.FOREIGN_IDS && { foreignIds: vars.FOREIGN_IDS }),
    modelPolicy: vars.MODEL_POLICY,
    ...(vars.PUBLIC_URL && { publicUrl: new URL(vars.PUBLIC_URL).href.replace(/\/$/, "") }),
    local: vars.GATEWAY_LOCAL !== undefined,
  };
}
