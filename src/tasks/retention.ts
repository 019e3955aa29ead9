import { log } from "../log.ts";
import type { Services } from "../services.ts";
import { CLAIM_LIFETIME_MS } from "./limits.ts";
import { isTerminal } from "./state.ts";
import { isTaskId, lowestIdAt } from "./task-id.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
/** A run of the cron trigger deletes so many batches at most; what is left goes in the next minute. */
const BATCHES_PER_RUN = 10;

/** Deletes what is older than the retention time, a bounded part of it at a time. */
export async function applyRetention({ config, store, deps }: Services): Promise<void> {
  const now = deps.now();
  // A task's claims go with it, so it stays as long as they live.
  const beforeId = lowestIdAt(now - Math.max(config.retentionDays * DAY_MS, CLAIM_LIFETIME_MS));
  let count = 0;
  for (let batch = 0; batch < BATCHES_PER_RUN; batch++) {
    const deleted = await store.retention.deleteExpired({ beforeId, now });
    const rows = deleted.tasks + deleted.events + deleted.claims;
    count += rows;
    if (rows === 0) break;
  }
  if (count > 0) log("info", "retention.deleted", { count });
}

export type EraseOutcome = "erased" | "not_over" | "not_found";

/** Removes a terminal task's content at its client's wish. */
export async function eraseTask(
  { store, deps, cache, dispatcher }: Services,
  owner: string,
  id: string,
): Promise<EraseOutcome> {
  if (!isTaskId(id)) return "not_found";
  const erased = await store.retention.eraseContent({ owner, id, now: deps.now() });
  if (erased) await dispatcher.changed(id);
  cache.forget(id);
  if (erased) return "erased";
  const task = await store.tasks.find(owner, id);
  if (!task) return "not_found";
  return isTerminal(task.status) ? "erased" : "not_over";
}
