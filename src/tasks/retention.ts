import { log } from "../log.ts";
import type { Services } from "../services.ts";
import type { EraseOutcome } from "./contract.ts";
import { CLAIM_LIFETIME_MS } from "./limits.ts";
import { inObjectThenRecord } from "./lookup.ts";
import { isTaskId, lowestIdAt } from "./task-id.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
/** A run of the cron trigger deletes so many batches at most; what is left goes in the next minute. */
const BATCHES_PER_RUN = 10;

/** Deletes what is older than the retention time, a bounded part of it at a time. */
export async function applyRetention({
  config,
  store,
  deps,
}: Pick<Services, "config" | "store" | "deps">): Promise<void> {
  // What a client may still be referred to as the first task of its name stays as long as the name.
  const before = deps.now() - Math.max(config.retentionDays * DAY_MS, CLAIM_LIFETIME_MS);
  let count = 0;
  for (let batch = 0; batch < BATCHES_PER_RUN; batch++) {
    const rows = await store.record.deleteExpired({ beforeId: lowestIdAt(before), before });
    count += rows;
    if (rows === 0) break;
  }
  if (count > 0) log("info", "retention.deleted", { count });
}

/** Removes a terminal task's content at its client's wish. */
export async function eraseTask(services: Services, owner: string, id: string): Promise<EraseOutcome> {
  if (!isTaskId(id)) return "not_found";
  const { store, deps, cache, dispatcher } = services;
  const outcome = await inObjectThenRecord<EraseOutcome>(
    async () => {
      const answer = await dispatcher.erase(owner, id);
      return answer === "not_found" ? undefined : answer;
    },
    async () => ((await store.record.erase({ owner, id, now: deps.now() })) ? "erased" : undefined),
  );
  if (outcome === "erased") cache.forget(id);
  return outcome ?? "not_found";
}
