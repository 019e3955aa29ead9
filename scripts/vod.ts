import { parseArgs } from "node:util";
import * as z from "zod";
import { callbackPathSecrets } from "../src/signing/callback-path.ts";
import { DEFAULT_EMULATOR_PORT, type Environment, gatewayVars } from "./lib/local-env.ts";
import { HOST } from "./lib/ports.ts";
import { UsageError } from "./lib/usage-error.ts";
import { callVod, type VodAccount } from "./lib/vod-api.ts";

const DEFAULT_ENDPOINT = "https://vod.intl.tencentcloudapi.com";

const HELP = `Shows and sets how Tencent Cloud VOD reports the events of an application.

  npm run vod -- events status
  npm run vod -- events push --gateway ORIGIN | --url URL [--sign-key KEY]
  npm run vod -- events pull
  npm run vod -- events url --gateway ORIGIN

  push     by HTTP, to the gateway at ORIGIN (https://<worker>), or to a URL. Without --sign-key the key stays as it is.
  pull     in a queue that the gateway empties when it runs with VOD_EVENT_MODE=pull. The URL is kept, and not used.
  url      prints the callback URL of the gateway at ORIGIN, and calls nobody. It holds a secret.

  --local  the emulator of \`npm start\`, on EMULATOR_PORT (${DEFAULT_EMULATOR_PORT}), with the local credentials
  --help   this text

Environment:
  VOD_SUB_APP_ID, VOD_SECRET_ID, VOD_SECRET_KEY   the application and the key pair to sign with
  VOD_TOKEN                                       the token of temporary credentials
  VOD_ENDPOINT                                    the vendor's address (${DEFAULT_ENDPOINT})
  GATEWAY_SECRET, CALLBACK_SECRET                 the gateway's: with --gateway, the callback's path follows from them
`;

const accountSchema = z.object({
  VOD_ENDPOINT: z.url({ protocol: /^https?$/, error: "must be an http or https URL" }),
  VOD_SUB_APP_ID: z.string().regex(/^[1-9]\d{0,14}$/, "must be the numeric id of the VOD application"),
  VOD_SECRET_ID: z.string(),
  VOD_SECRET_KEY: z.string(),
  VOD_TOKEN: z.string().optional(),
});

const httpUrl = z.url({ protocol: /^https?$/, error: "must be an http or https URL" });

const pushOptions = z.object({
  url: httpUrl.optional(),
  gateway: httpUrl.optional(),
  "sign-key": z
    .string()
    .regex(/^[A-Za-z0-9]{1,32}$/, "must be 1 to 32 letters and digits")
    .optional(),
});

const eventConfig = z.looseObject({ Mode: z.string(), NotificationUrl: z.string().nullish() });

/** The last part of the callback path is a secret. */
const CALLBACK_URL = /^(.*\/callbacks\/vod\/)[^/?#]*?([^/?#]{0,4})([?#].*)?$/;
const MODE_NAMES: Record<string, string> = {
  PUSH: "push (PUSH, normal callback)",
  PULL: "pull (PULL, reliable callback)",
};

type Values = { url?: string | undefined; gateway?: string | undefined; "sign-key"?: string | undefined };

/** Shows what the vendor has. It never tells the sign key. */
async function status(account: VodAccount): Promise<string> {
  const config = eventConfig.parse(await callVod(account, "DescribeEventConfig", {}));
  const url = config.NotificationUrl?.replace(CALLBACK_URL, "$1…$2$3");
  return [
    `application       ${account.subAppId} at ${account.endpoint}`,
    `mode              ${MODE_NAMES[config.Mode] ?? config.Mode}`,
    `notification URL  ${url || "none"}${url && config.Mode === "PULL" ? " (not used in this mode)" : ""}`,
  ].join("\n");
}

async function push(account: VodAccount, values: Values, secrets: Environment): Promise<string> {
  const { url = "", gateway, "sign-key": signKey } = valid(pushOptions, values, "--");
  if ((url === "") === (gateway === undefined)) throw new UsageError("push needs --gateway ORIGIN or --url URL");
  const target = gateway === undefined ? url : await callbackUrl(gateway, secrets);
  const key = signKey === undefined ? {} : { SignKey: signKey };
  await callVod(account, "ModifyEventConfig", { Mode: "PUSH", NotificationUrl: target, ...key });
  return status(account);
}

/** Where the gateway takes notifications: under the secret that is set by hand, else under the one that derives. */
async function callbackUrl(gateway: string | undefined, secrets: Environment): Promise<string> {
  if (gateway === undefined) throw new UsageError("url needs --gateway ORIGIN");
  const { origin } = new URL(valid(httpUrl, gateway, "--gateway"));
  const root = secrets["GATEWAY_SECRET"]?.trim();
  const byHand = secrets["CALLBACK_SECRET"]?.trim();
  if (!byHand && !root) throw new UsageError("--gateway needs the gateway's GATEWAY_SECRET in the environment");
  const secret = byHand || (await callbackPathSecrets([root ?? ""]))[0];
  return `${origin}/callbacks/vod/${encodeURIComponent(secret)}`;
}

async function pull(account: VodAccount): Promise<string> {
  await callVod(account, "ModifyEventConfig", { Mode: "PULL" });
  return status(account);
}

function accountOf(local: boolean): VodAccount {
  const environment = process.env;
  const endpoint = local
    ? `http://${HOST}:${environment["EMULATOR_PORT"] || DEFAULT_EMULATOR_PORT}`
    : environment["VOD_ENDPOINT"] || DEFAULT_ENDPOINT;
  const source = local ? gatewayVars(environment) : environment;
  const vars = valid(accountSchema, { ...withoutEmpty(source), VOD_ENDPOINT: endpoint }, "");
  return {
    endpoint: vars.VOD_ENDPOINT,
    subAppId: Number(vars.VOD_SUB_APP_ID),
    credentials: {
      secretId: vars.VOD_SECRET_ID,
      secretKey: vars.VOD_SECRET_KEY,
      ...(vars.VOD_TOKEN !== undefined && { token: vars.VOD_TOKEN }),
    },
  };
}

function withoutEmpty(source: object): object {
  return Object.fromEntries(Object.entries(source).filter(([, value]) => value));
}

function valid<Schema extends z.ZodType>(schema: Schema, value: unknown, prefix: string): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => {
    const [name = ""] = issue.path.map(String);
    const missing = name !== "" && !Object.hasOwn(value as object, name);
    return `${prefix}${name} ${missing ? "is not set" : issue.message}`;
  });
  throw new UsageError(problems.join("; "));
}

async function main(): Promise<string> {
  const { values, positionals } = parseCommandLine();
  const [group, command, ...rest] = positionals;
  if (values.help || group === undefined) return HELP.trimEnd();
  if (group !== "events") throw new UsageError(`There is no command ${group}; see --help`);
  if (rest.length > 0) throw new UsageError("Too many arguments");
  const hasPushOption = values.url !== undefined || values["sign-key"] !== undefined;
  if (hasPushOption && command !== "push") throw new UsageError("--url and --sign-key belong to push");
  if (values.gateway !== undefined && command !== "push" && command !== "url")
    throw new UsageError("--gateway belongs to push and url");
  const account = () => accountOf(values.local ?? false);
  const secrets: Environment = values.local ? gatewayVars(process.env) : process.env;
  switch (command) {
    case "push":
      return push(account(), values, secrets);
    case "url":
      return callbackUrl(values.gateway, secrets);
    case "pull":
      return pull(account());
    case "status":
      return status(account());
    default:
      throw new UsageError(`There is no command events ${command ?? ""}; see --help`);
  }
}

function parseCommandLine() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        url: { type: "string" },
        gateway: { type: "string" },
        "sign-key": { type: "string" },
        local: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}

try {
  process.stdout.write(`${await main()}\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
