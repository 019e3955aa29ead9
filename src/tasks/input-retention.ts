import type { Config } from "../config.ts";
import { log } from "../log.ts";
import type { Services } from "../services.ts";
import { lowestIdAt } from "./task-id.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
/** A task that has just been told with its request may reach the record so much later. */
const LATE_MS = 60 * 60 * 1000;
/** Holds the time (milliseconds) up to which requests were removed. */
const CELL = "inputs_removed_until";
/** Looked through in one statement, and how many of them in a run of the cron trigger. */
const SLICE_MS = 15 * 60 * 1000;
const SLICES_PER_RUN = 60;

/**
 * Requests of tasks created before this time (milliseconds) are not kept beyond the task's end. What a remix is made of
 * is such a request; large ones go with the end in any case.
 */
export function inputsKeptFrom({ inputRetentionDays }: Pick<Config, "inputRetentionDays">, now: number): number {
  if (inputRetentionDays === undefined) return 0;
  return inputRetentionDays === 0 ? Number.POSITIVE_INFINITY : now - inputRetentionDays * DAY_MS;
}

/** Removes requests that the record has kept long enough: a bounded part at a time, each looked at once. */
export async function removeOldInputs({
  config,
  store,
  deps,
}: Pick<Services, "config" | "store" | "deps">): Promise<void> {
  if (!config.inputRetentionDays) return;
  const end = inputsKeptFrom(config, deps.now()) - LATE_MS;
  // Older ones went with their tasks.
  const start = deps.now() - config.retentionDays * DAY_MS;
  let from = Math.max(start, Number((await store.record.cell(CELL)) ?? 0));
  let count = 0;
  for (let slice = 0; slice < SLICES_PER_RUN && from < end; slice++) {
    const to = Math.min(from + SLICE_MS, end);
    const removed = await store.record.removeRequests({ fromId: lowestIdAt(from), beforeId: lowestIdAt(to) });
    count += removed.count;
    if (removed.all) from = to;
  }
  await store.record.setCell(CELL, String(from));
  if (count > 0) log("info", "retention.inputs_removed", { count });
}
