import { parseArgs } from "node:util";
import * as z from "zod";
import {
  bindLiterals,
  INSERT_API_KEY,
  LIST_API_KEYS,
  REVOKE_API_KEY,
  type SqlValue,
} from "../src/store/api-key-sql.ts";
import {
  INSERT_TC3_KEY,
  LIST_TC3_KEYS,
  RESEAL_TC3_KEY,
  REVOKE_TC3_KEY,
  SEALED_TC3_KEYS,
} from "../src/store/tc3-key-sql.ts";
import { SCOPES } from "../src/auth/scopes.ts";
import { resealSecret } from "../src/signing/secret-box.ts";
import { generateApiKey, newApiKey, newApiKeyRow } from "./lib/api-key.ts";
import { type DatabaseTarget, queryDatabase } from "./lib/database.ts";
import { DEFAULT_STATE_DIR, type Environment, gatewayVars } from "./lib/local-env.ts";
import { textTable } from "./lib/text-table.ts";
import { generateTc3KeyPair, isSecretId, newTc3Key, newIv, newTc3KeyRow, TC3_SCOPES } from "./lib/tc3-key.ts";
import { UsageError } from "./lib/usage-error.ts";

const DEFAULT_SCOPES = "submit,read";

const HELP = `Manages the gateway's API keys.

  npm run keys -- create --owner NAME [--scopes ${SCOPES.join(",")}] [--name TEXT]
  npm run keys -- create --tc3 --owner NAME [--scopes ${TC3_SCOPES.join(",")}] [--name TEXT]
  npm run keys -- list
  npm run keys -- revoke ID
  npm run keys -- reseal

A key is shown once, when it is made; only its hash is stored. Its scopes are ${DEFAULT_SCOPES} unless others are given.
With --tc3: a key pair for the vendor's SDKs. Its secret is stored encrypted with a key that derives from the gateway's
GATEWAY_SECRET, which this command takes from the environment. Its id is its SecretId.

reseal, after GATEWAY_SECRET was changed: encrypts the secrets of key pairs anew. Takes GATEWAY_SECRET and
GATEWAY_SECRET_PREVIOUS from the environment; may be repeated.

  --local    the database that \`npm start\` uses, below STATE_DIR (the default)
  --remote   the deployed gateway's database, the one that wrangler.toml binds as DB
  --config   with --remote: another deployment's file instead of wrangler.toml
  --help     this text
`;

const idSchema = z.union([z.uuid(), z.string().refine(isSecretId)], "ID must be one that `list` shows");
const rowSchema = z.object({
  id: z.string(),
  owner: z.string(),
  name: z.string(),
  hint: z.string().optional(),
  scopes: z.string().transform((text) => z.array(z.string()).parse(JSON.parse(text))),
  created_at: z.number(),
  revoked_at: z.number().nullable(),
});

const sealedSchema = z.object({ id: z.string(), secret: z.string() });

type Run = (statement: string, values?: readonly SqlValue[]) => Promise<unknown[]>;
type Values = { owner?: string | undefined; scopes?: string | undefined; name?: string | undefined };

async function create(run: Run, values: Values): Promise<string> {
  if (values.owner === undefined) throw new UsageError("create needs --owner NAME");
  const key = generateApiKey();
  const input = valid(newApiKey, inputOf(values, values.owner));
  const row = newApiKeyRow(key, input);
  await run(INSERT_API_KEY, row);
  return [
    `Key of ${input.owner} with the scopes ${input.scopes.join(", ")}. It is shown only now; keep it safe:`,
    key,
    `Its id, to revoke it: ${row[0]}`,
  ].join("\n");
}

async function createKeyPair(run: Run, values: Values, { GATEWAY_SECRET: root }: Environment): Promise<string> {
  if (values.owner === undefined) throw new UsageError("create needs --owner NAME");
  if (!root?.trim()) throw new UsageError("create --tc3 needs the gateway's GATEWAY_SECRET in the environment");
  const input = valid(newTc3Key, inputOf(values, values.owner));
  const pair = generateTc3KeyPair();
  await run(INSERT_TC3_KEY, await newTc3KeyRow(pair, input, root.trim()));
  return [
    `Key pair of ${input.owner} with the scopes ${input.scopes.join(", ")}. Its SecretKey is shown only now; keep it safe:`,
    `SecretId:  ${pair.secretId}`,
    `SecretKey: ${pair.secretKey}`,
    "To revoke it, use its SecretId.",
  ].join("\n");
}

/** Encrypts anew what was encrypted for the previous root. A pair that is revoked or resealed meanwhile stays as it is. */
async function reseal(run: Run, environment: Environment): Promise<string> {
  const [root, previous] = [environment["GATEWAY_SECRET"]?.trim(), environment["GATEWAY_SECRET_PREVIOUS"]?.trim()];
  if (!root || !previous)
    throw new UsageError("reseal needs GATEWAY_SECRET and GATEWAY_SECRET_PREVIOUS in the environment");
  const lost: string[] = [];
  let current = 0;
  let changed = 0;
  for (const { id, secret } of sealedSchema.array().parse(await run(SEALED_TC3_KEYS))) {
    const anew = await resealSecret({ sealed: secret, name: id, root, previous, iv: newIv() });
    if (anew === undefined) lost.push(id);
    else if (anew === "current") current += 1;
    else changed += (await run(RESEAL_TC3_KEY, [id, secret, anew.sealed])).length;
  }
  if (lost.length > 0)
    throw new Error(`${changed} encrypted anew. Neither secret opens these, revoke them: ${lost.join(", ")}`);
  return `${changed} encrypted anew, ${current} were already.`;
}

function inputOf(values: Values, owner: string) {
  const scopes = (values.scopes ?? DEFAULT_SCOPES).split(",").map((scope) => scope.trim());
  return { owner, name: values.name ?? "", scopes };
}

async function list(run: Run): Promise<string> {
  const rows = rowSchema.array().parse([...(await run(LIST_API_KEYS)), ...(await run(LIST_TC3_KEYS))]);
  if (rows.length === 0) return "There are no keys.";
  const table = rows.map((row) => ({
    ID: row.id,
    OWNER: row.owner,
    KEY: row.hint === undefined ? "TC3" : `…${row.hint}`,
    SCOPES: row.scopes.join(","),
    CREATED: new Date(row.created_at).toISOString(),
    STATE: row.revoked_at === null ? "valid" : `revoked ${new Date(row.revoked_at).toISOString()}`,
    NAME: row.name,
  }));
  return textTable(table);
}

async function revoke(run: Run, id: string | undefined): Promise<string> {
  if (id === undefined) throw new UsageError("revoke needs the ID of a key");
  const statement = isSecretId(id) ? REVOKE_TC3_KEY : REVOKE_API_KEY;
  const rows = await run(statement, [valid(idSchema, id), Date.now()]);
  if (rows.length === 0) throw new UsageError(`There is no key with the id ${id}`);
  return `Key ${id} is revoked. A gateway that has just used it may honour it for half a minute more.`;
}

function valid<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new UsageError(
    [...(issue?.path.slice(0, 1).map((name) => `--${String(name)}`) ?? []), issue?.message].join(" "),
  );
}

async function main(): Promise<string> {
  const { values, positionals } = parseCommandLine();
  const [command, id, ...rest] = positionals;
  if (values.help || command === undefined) return HELP.trimEnd();
  if (rest.length > 0 || (id !== undefined && command !== "revoke")) throw new UsageError("Too many arguments");
  if (values.tc3 && command !== "create") throw new UsageError("--tc3 goes with create only");
  if (values.config !== undefined && !values.remote) throw new UsageError("--config goes with --remote only");
  if (values.local && values.remote) throw new UsageError("--local and --remote exclude each other");
  const target: DatabaseTarget = values.remote
    ? { remote: true, config: values.config }
    : { remote: false, stateDir: process.env["STATE_DIR"] || DEFAULT_STATE_DIR };
  const environment: Environment = target.remote ? process.env : gatewayVars(process.env);
  const run: Run = (statement, parameters = []) => queryDatabase(target, bindLiterals(statement, parameters));
  switch (command) {
    case "create":
      if (!values.tc3) return create(run, values);
      return createKeyPair(run, values, environment);
    case "reseal":
      return reseal(run, environment);
    case "list":
      return list(run);
    case "revoke":
      return revoke(run, id);
    default:
      throw new UsageError(`There is no command ${command}; see --help`);
  }
}

function parseCommandLine() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        owner: { type: "string" },
        scopes: { type: "string" },
        name: { type: "string" },
        tc3: { type: "boolean" },
        local: { type: "boolean" },
        remote: { type: "boolean" },
        config: { type: "string" },
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
