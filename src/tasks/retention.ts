import { log } from "../log.ts";
import type { Services } from "../services.ts";
import { CLAIM_LIFETIME_MS } from "./limits.ts";
import { lowestIdAt } from "./task-id.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
/** However long tasks are kept: with the number a day this bounds what events that are no task's can come to. */
const OTHER_EVENTS_MAX_MS = 30 * DAY_MS;
/** A run of the cron trigger deletes so many batches at most; what is left goes in the next minute. */
const BATCHES_PER_RUN = 10;

/** Deletes what is older than the retention time, a bounded part of it at a time. */
export async function applyRetention({
  config,
  store,
  deps,
}: Pick<Services, "config" | "store" | "deps">): Promise<void> {
  // What a client may still be referred to as the first task of its name stays as long as the name.
  const keptMs = Math.max(config.retentionDays * DAY_MS, CLAIM_LIFETIME_MS);
  const before = deps.now() - keptMs;
  const eventsBefore = deps.now() - Math.min(keptMs, OTHER_EVENTS_MAX_MS);
  let count = 0;
  for (let batch = 0; batch < BATCHES_PER_RUN; batch++) {
    const rows = await store.record.deleteExpired({ beforeId: lowestIdAt(before), before, eventsBefore });
    count += rows;
    if (rows === 0) break;
  }
  if (count > 0) log("info", "retention.deleted", { count });
}
