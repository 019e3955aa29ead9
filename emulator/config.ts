import * as z from "zod";

const MAX_TASK_SECONDS = 3 * 24 * 3600;
const MAX_CALLBACK_DELAY_MS = 3_600_000;
const MAX_CALLBACK_DUPLICATES = 1000;

/** `""` clears the address, as in ModifyEventConfig; `null` is the same for callers who think in JSON. */
const notificationUrl = z.union([z.literal(""), z.url({ protocol: /^https?$/ }), z.null().transform(() => "")], {
  error: "an http or https URL, or empty for none",
});

/** The vendor's rule: letters and digits, at most 32. Empty means that events carry no signature. */
export const signKey = z.string().regex(/^[A-Za-z0-9]{0,32}$/, "up to 32 letters and digits");

const failure = z.strictObject({
  ErrCode: z.int().refine((code) => code !== 0, "0 means success"),
  ErrCodeExt: z.string().default(""),
  Message: z.string().default(""),
});

const outcome = z.union([z.literal("success"), failure], {
  error: '"success" or {ErrCode, ErrCodeExt, Message}',
});

const callback = z.strictObject({
  /** Probability that an event is never sent. */
  drop: z.number().min(0).max(1),
  /** Extra copies of each event, sent at the same time. */
  duplicate: z.int().min(0).max(MAX_CALLBACK_DUPLICATES),
  delay_ms: z.number().min(0).max(MAX_CALLBACK_DELAY_MS),
  /** A random extra delay between 0 and this. */
  jitter_ms: z.number().min(0).max(MAX_CALLBACK_DELAY_MS),
});

const config = z.strictObject({
  task_seconds: z.number().min(0).max(MAX_TASK_SECONDS),
  concurrency: z.int().min(0),
  requests_per_second: z.int().min(0),
  mode: z.enum(["PUSH", "PULL"]),
  notification_url: notificationUrl,
  sign_key: signKey,
  callback,
  outcome,
  /** False: a SessionId that was used before is not refused, and makes a second paid task. */
  dedupe: z.boolean(),
  /** "allow": ManageTask stops a task that is not over, as if it were still waiting. */
  abort: z.enum(["allow", "refuse"]),
  /** True: task details and events carry the files of the request, for tasks made while this was set. */
  echo_base64: z.boolean(),
});

export const configPatch = z.strictObject({ ...config.partial().shape, callback: callback.partial().optional() });

export type Config = z.output<typeof config>;
export type ConfigPatch = z.output<typeof configPatch>;
export type Outcome = Config["outcome"];
export type EventMode = Config["mode"];

export const DEFAULT_CONFIG: Config = {
  task_seconds: 2,
  concurrency: 5,
  requests_per_second: 20,
  mode: "PUSH",
  notification_url: "",
  sign_key: "",
  callback: { drop: 0, duplicate: 0, delay_ms: 0, jitter_ms: 0 },
  outcome: "success",
  dedupe: true,
  abort: "refuse",
  echo_base64: false,
};

export function mergeConfig(base: Config, patch: ConfigPatch): Config {
  const { callback: callbackPatch, ...rest } = patch;
  return { ...base, ...defined(rest), callback: { ...base.callback, ...defined(callbackPatch ?? {}) } };
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function defined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Defined<T>;
}
