/** KV refuses a shorter life. */
const KV_MIN_TTL_SECONDS = 60;
/** KV refuses a shorter cache time; a longer one would keep "not there" alive after the first write. */
const KV_CACHE_TTL_SECONDS = 30;
/** The dispatcher knows as well and is asked next, so an answer that takes longer than asking it is worth nothing. */
const FIND_MAX_MS = 100;

type Entry = { taskId: string; expiresAt: number };

/** Hashed, because a session_id may hold any characters and KV keys may not. */
const keyOf = (sessionHash: string) => `session/${sessionHash}`;

/**
 * The fast path for duplicates: `session_id` → task. Written after the vendor has accepted the task, when the
 * `session_id` can no longer be given back, so that a hit is always right. A miss means nothing. Both directions may
 * fail without harm: the dispatcher decides. A `sessionHash` is a `session_id`'s {@link nameHash}.
 */
export function createDedupeCache(kv: KVNamespace, sleep: (milliseconds: number) => Promise<void>) {
  async function entryOf(sessionHash: string): Promise<Entry | null> {
    try {
      return await kv.get<Entry>(keyOf(sessionHash), { type: "json", cacheTtl: KV_CACHE_TTL_SECONDS });
    } catch {
      return null;
    }
  }

  return {
    /** Never rejects, and answers within {@link FIND_MAX_MS}: it may be called early and awaited late. */
    async find(sessionHash: string, now: number): Promise<string | undefined> {
      const entry = await Promise.race([entryOf(sessionHash), sleep(FIND_MAX_MS)]);
      return entry && entry.expiresAt > now ? entry.taskId : undefined;
    },

    async remember(sessionHash: string, entry: Entry, now: number): Promise<void> {
      const ttl = Math.floor((entry.expiresAt - now) / 1000);
      try {
        await kv.put(keyOf(sessionHash), JSON.stringify(entry), {
          expirationTtl: Math.max(KV_MIN_TTL_SECONDS, ttl),
        });
      } catch {
        // Safe to lose: the next duplicate is refused by the dispatcher instead.
      }
    },
  };
}
