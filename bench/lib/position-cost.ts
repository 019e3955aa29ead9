import { v7 } from "uuid";
import { FairQueue } from "../../src/dispatcher/queue/fair-queue.ts";
import { median } from "./checks.ts";

/** Positions asked for between two looks at the clock, which is too coarse for one. */
const LOOK_UPS_PER_SAMPLE = 1_000;
const SAMPLES = 51;

/** What one position costs in a queue of `tasks`, without HTTP around it. */
export function medianPositionMicroseconds(tasks: number, owners: readonly string[]): number {
  const queue = new FairQueue();
  const now = Date.now();
  const ids = Array.from({ length: tasks }, (_, seq) => v7({ msecs: now, seq }));
  for (const [index, id] of ids.entries()) {
    queue.add({ id, owner: owners[index % owners.length] ?? "", priority: 0, lane: "", createdAt: now });
  }
  // Spread over the whole queue; the same number of steps whatever its length.
  const asked = Array.from({ length: LOOK_UPS_PER_SAMPLE }, (_, step) => {
    return ids[Math.floor((step * tasks) / LOOK_UPS_PER_SAMPLE)] ?? "";
  });
  const samples = Array.from({ length: SAMPLES }, () => {
    const began = performance.now();
    for (const id of asked) queue.position(id);
    return ((performance.now() - began) * 1_000) / LOOK_UPS_PER_SAMPLE;
  });
  return median(samples);
}
