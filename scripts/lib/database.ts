import { resolve } from "node:path";
import * as z from "zod";
import { runWrangler, WranglerError } from "./wrangler.ts";

/**
 * The binding, never a name: a name could be that of another gateway's database in the same account, and keys would go into
 * it. Which database is bound, the configuration file says.
 */
export const DATABASE_BINDING = "DB";

/** `config`: the file of a deployment other than the one in `wrangler.toml`. */
export type DatabaseTarget = { remote: true; config?: string | undefined } | { remote: false; stateDir: string };

const failureSchema = z.object({ error: z.object({ text: z.string() }) });
const answerSchema = z.tuple([z.object({ results: z.array(z.unknown()) })]);

/**
 * Runs one statement through Wrangler and returns its rows.
 * @throws Error with a sentence for a person when the database refuses or is not there yet.
 */
export async function queryDatabase(target: DatabaseTarget, statement: string): Promise<unknown[]> {
  const where = target.remote ? remoteArguments(target) : ["--local", "--persist-to", resolve(target.stateDir)];
  try {
    const output = await runWrangler([
      "d1",
      "execute",
      DATABASE_BINDING,
      ...where,
      "--yes",
      "--json",
      "--command",
      statement,
    ]);
    return answerSchema.parse(JSON.parse(output))[0].results;
  } catch (error) {
    if (error instanceof WranglerError && error.output.includes("no such table")) {
      const remedy = target.remote
        ? `npx wrangler d1 migrations apply ${DATABASE_BINDING} ${where.join(" ")}`
        : "npm start";
      throw new Error(`The database has no tables yet: run \`${remedy}\` first`, { cause: error });
    }
    throw error instanceof WranglerError ? new Error(reasonOf(error), { cause: error }) : error;
  }
}

/** A relative path is the caller's; Wrangler itself runs in the repository's root. */
function remoteArguments({ config }: { config?: string | undefined }): string[] {
  return config === undefined ? ["--remote"] : ["--remote", "--config", resolve(config)];
}

/** With `--json` Wrangler wraps its own message; anything else is passed on as it is. */
function reasonOf({ output, message }: WranglerError): string {
  try {
    return failureSchema.parse(JSON.parse(output)).error.text;
  } catch {
    return message;
  }
}
