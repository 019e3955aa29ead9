import { setTimeout as sleep } from "node:timers/promises";

/** Longer than the longest delay of the plain vendor, so that waiting for it does not look like having nothing to do. */
const LOOK_MS = 250;
/** Two of the steps in which the operating system counts. */
const IDLE_CPU_MS = 20;
const TIMEOUT_MS = 30_000;

/**
 * Waits until a server has next to nothing to do.
 * @throws after {@link TIMEOUT_MS}
 */
export async function idle({ cpuMilliseconds }: { cpuMilliseconds: () => Promise<number> }): Promise<void> {
  const deadline = performance.now() + TIMEOUT_MS;
  for (let before = await cpuMilliseconds(); ;) {
    await sleep(LOOK_MS);
    const now = await cpuMilliseconds();
    if (now - before <= IDLE_CPU_MS) return;
    if (performance.now() > deadline) throw new Error(`Still busy after ${TIMEOUT_MS / 1_000} s`);
    before = now;
  }
}
