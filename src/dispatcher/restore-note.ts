import { log } from "../log.ts";
import type { ObjectServices } from "../services.ts";
import type { Restored } from "./restored.ts";

/*
 * That an object is about to be set back is noted in the record, which is not set back with it. Each life asks for it once,
 * and compares it with the epoch that its own rows say it has reached.
 */

/** A life that cannot ask goes on: it was hardly set back in the very moment in which the record is away. */
const ASK_TIMEOUT_MS = 1_000;

const nameOf = (cell: string) => `restore/${cell}`;

export async function noteRestore({ store, deps }: ObjectServices, cell: string, to: number): Promise<void> {
  const now = deps.now();
  const restored: Restored = { epoch: now, to, at: now };
  await store.record.setCell(nameOf(cell), JSON.stringify(restored));
}

/** The latest time this object was set back, if it ever was. */
export async function restoreOf({ store, deps }: ObjectServices, cell: string): Promise<Restored | undefined> {
  try {
    const late = deps.sleep(ASK_TIMEOUT_MS).then(() => Promise.reject(new Error("No answer in time.")));
    const noted = await Promise.race([store.record.cell(nameOf(cell)), late]);
    return noted === null ? undefined : (JSON.parse(noted) as Restored);
  } catch (error) {
    log("warn", "dispatcher.restore_unknown", { error: String(error) });
    return undefined;
  }
}
