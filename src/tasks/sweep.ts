import { log } from "../log.ts";
import type { Services } from "../services.ts";
import { REQUEST_PREFIX } from "../store/blobs.ts";

/** A request that is younger may still be on its way to the object. */
const UNCLAIMED_AFTER_MS = 60 * 60 * 1000;
const PAGE_BLOBS = 500;
/** A run of the cron trigger looks at so many pages at most: 10,000 large requests. */
const PAGES_PER_RUN = 20;

/**
 * Deletes stored requests that no task needs: of submissions that broke off, and of tasks whose end could not delete
 * them. Keys sort by age, the oldest first, so the first that is too young ends the run.
 */
export async function sweepBlobs({
  store,
  deps,
  dispatcher,
}: Pick<Services, "store" | "deps" | "dispatcher">): Promise<void> {
  const before = deps.now() - UNCLAIMED_AFTER_MS;
  let count = 0;
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_PER_RUN; page++) {
    const listed = await store.blobs.list(REQUEST_PREFIX, {
      limit: PAGE_BLOBS,
      ...(cursor !== undefined && { cursor }),
    });
    const old = listed.blobs.filter(({ uploadedAt }) => uploadedAt < before).map(({ key }) => key);
    if (old.length > 0) {
      const needed = new Set(await dispatcher.neededBlobs(old));
      const unclaimed = old.filter((key) => !needed.has(key));
      if (unclaimed.length > 0) await store.blobs.delete(unclaimed);
      count += unclaimed.length;
    }
    cursor = listed.cursor;
    if (cursor === undefined || old.length < listed.blobs.length) break;
  }
  if (count > 0) log("info", "blobs.swept", { count });
}
