import { parseArgs } from "node:util";
import * as z from "zod";
import { DEFAULT_EMULATOR_PORT, gatewayVars } from "./lib/local-env.ts";
import { HOST } from "./lib/ports.ts";
import { UsageError } from "./lib/usage-error.ts";
import { callVod, type VodAccount } from "./lib/vod-api.ts";

const DEFAULT_ENDPOINT = "https://vod.intl.tencentcloudapi.com";

const HELP = `Shows and sets how Tencent Cloud VOD reports the events of an application.

  npm run vod -- events status
  npm run vod -- events push --url URL [--sign-key KEY]
  npm run vod -- events pull

  push     by HTTP, to https://<worker>/callbacks/vod/<CALLBACK_SECRET>. Without --sign-key the key stays as it is.
  pull     in a queue that the gateway empties when it runs with VOD_EVENT_MODE=pull. The URL is kept, and not used.

  --local  the emulator of \`npm start\`, on EMULATOR_PORT (${DEFAULT_EMULATOR_PORT}), with the local credentials
  --help   this text

Environment:
  VOD_SUB_APP_ID, VOD_SECRET_ID, VOD_SECRET_KEY   the application and the key pair to sign with
  VOD_TOKEN                                       the token of temporary credentials
  VOD_ENDPOINT                                    the vendor's address (${DEFAULT_ENDPOINT})
`;

const accountSchema = z.object({
  VOD_ENDPOINT: z.url({ protocol: /^https?$/, error: "must be an http or https URL" }),
  VOD_SUB_APP_ID: z.string().regex(/^[1-9]\d{0,14}$/, "must be the numeric id of the VOD application"),
  VOD_SECRET_ID: z.string(),
  VOD_SECRET_KEY: z.string(),
  VOD_TOKEN: z.string().optional(),
});

const pushOptions = z.object({
  url: z.url({ protocol: /^https?$/, error: "must be an http or https URL" }),
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

type Values = { url?: string | undefined; "sign-key"?: string | undefined };

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

async function push(account: VodAccount, values: Values): Promise<string> {
  if (values.url === undefined) throw new UsageError("push needs --url URL");
  const { url, "sign-key": signKey } = valid(pushOptions, values, "--");
  const key = signKey === undefined ? {} : { SignKey: signKey };
  await callVod(account, "ModifyEventConfig", { Mode: "PUSH", NotificationUrl: url, ...key });
  return status(account);
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

function valid<Schema extends z.ZodType>(schema: Schema, value: object, prefix: string): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => {
    const name = String(issue.path[0]);
    return `${prefix}${name} ${Object.hasOwn(value, name) ? issue.message : "is not set"}`;
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
  const account = () => accountOf(values.local ?? false);
  switch (command) {
    case "push":
      return push(account(), values);
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
