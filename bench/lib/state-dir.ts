import { rmSync } from "node:fs";
import { access, constants, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Linux keeps this folder in memory. */
const MEMORY_FOLDER = "/dev/shm";

/**
 * A new folder for what servers keep, in memory where the system has such a place: every commit waits for the disk, and a
 * disk that somebody else is using is not to be measured. For all servers of a comparison alike. It is gone with this
 * process at the latest.
 */
export async function newStateDir(): Promise<string> {
  const folder = await mkdtemp(join(await stateRoot(), "reelgate-bench-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function stateRoot(): Promise<string> {
  try {
    await access(MEMORY_FOLDER, constants.W_OK);
    return MEMORY_FOLDER;
  } catch {
    return tmpdir();
  }
}
