import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import * as z from "zod";
import { ROOT } from "../../scripts/lib/paths.ts";
import { openObjectDatabase } from "./object-database.ts";

const coreLoad = z.object({ loadMs: z.number(), heapBytes: z.number(), waiting: z.number() });

/** What the core alone, in a process of Node's, makes of an object's rows. `heapBytes`: what it then holds. */
export type CoreLoad = z.infer<typeof coreLoad>;

/** @param stateDir of a gateway that is not running */
export async function loadCoreAlone(stateDir: string): Promise<CoreLoad> {
  const database = await openObjectDatabase(stateDir, { readonly: true });
  if (!database) throw new Error("The object has no database");
  const file = database.name;
  database.close();
  const args = ["--expose-gc", "--no-warnings", join(ROOT, "bench/peers/core.ts"), file];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT });
  return coreLoad.parse(JSON.parse(stdout));
}
