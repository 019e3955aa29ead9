import { resolve } from "node:path";
import * as z from "zod";
import { runWrangler, WranglerError } from "./wrangler.ts";

export type DatabaseTarget = { remote: true } | { remote: false; stateDir: string };

const failureSchema = z.object({ error: z.object({ text: z.string() }) });
const answerSchema = z.tuple([z.object({ results: z.array(z.unknown()) })]);

/**
 * Runs one statement through Wrangler and returns its rows.
 * @throws Error with a sentence for a person when the database refuses or is not there yet.
 */
export async function queryDatabase(target: DatabaseTarget, statement: string): Promise<unknown[]> {
  const where = target.remote ? ["--remote"] : ["--local", "--persist-to", resolve(target.stateDir)];
  try {
    const output = await runWrangler([
      "d1",
      "execute",
      "reelgate",
      ...where,
      "--yes",
      "--json",
      "--command",
      statement,
    ]);
    return answerSchema.parse(JSON.parse(output))[0].results;
  } catch (error) {
    if (error instanceof WranglerError && error.output.includes("no such table")) {
      const remedy = target.remote ? "npx wrangler d1 migrations apply reelgate --remote" : "npm start";
      throw new Error(`The database has no tables yet: run \`${remedy}\` first`, { cause: error });
    }
    throw error instanceof WranglerError ? new Error(reasonOf(error), { cause: error }) : error;
  }
}

/** With `--json` Wrangler wraps its own message; anything else is passed on as it is. */
function reasonOf({ output, message }: WranglerError): string {
  try {
    return failureSchema.parse(JSON.parse(output)).error.text;
  } catch {
    return message;
  }
}
