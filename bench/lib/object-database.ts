import { readdir } from "node:fs/promises";
import { join } from "node:path";
import Database from "better-sqlite3";
import { persistencePath } from "../../scripts/lib/paths.ts";

/** As the local runtime names the folder: after the Worker and the class. */
const OBJECT_FOLDER = "do/reelgate-Dispatcher";
/** After the object's id. What else lies there is the runtime's. */
const OBJECT_FILE = /^[0-9a-f]{64}\.sqlite$/;

/** The dispatcher's own database: a file, of which the gateway does not notice that others look into it. */
export type ObjectDatabase = Database.Database;

/**
 * @param stateDir of the gateway
 * @returns undefined until the object has been called for the first time
 */
export async function openObjectDatabase(
  stateDir: string,
  options: { readonly: boolean },
): Promise<ObjectDatabase | undefined> {
  const folder = join(persistencePath(stateDir), OBJECT_FOLDER);
  const files = (await readdir(folder).catch(() => [])).filter((name) => OBJECT_FILE.test(name));
  if (files.length > 1) throw new Error(`There are ${files.length} objects in ${folder}`);
  return files[0] === undefined ? undefined : new Database(join(folder, files[0]), options);
}

/** Rows of the object's table of tasks. */
export async function countTasks(stateDir: string, where = ""): Promise<number> {
  const database = await openObjectDatabase(stateDir, { readonly: true });
  if (!database) return 0;
  try {
    return database.prepare<[], number>(`SELECT count(*) FROM tasks ${where}`).pluck().get() ?? 0;
  } finally {
    database.close();
  }
}
