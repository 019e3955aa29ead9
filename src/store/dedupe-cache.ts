import { sha256Hex } from "../signing/encoding.ts";

/** KV refuses a shorter life. */
const KV_MIN_TTL_SECONDS = 60;
/** KV refuses a shorter cache time; a longer one would keep "not there" alive after the first write. */
const KV_CACHE_TTL_SECONDS = 30;

type Entry = { taskId: string; expiresAt: number };

/** Hashed, because a session_id may hold any characters and KV keys may not. */
async function keyOf(owner: string, sessionId: string): Promise<string> {
  return `session/${await sha256Hex(JSON.stringify([owner, sessionId]))}`;
}

/**
 * The fast path for duplicates: `session_id` → task. Written after the vendor has accepted the task, when the
 * `session_id` can no longer be given back, so that a hit is always right. A miss means nothing. Both directions may
 * fail without harm: D1 decides.
 */
export function createDedupeCache(kv: KVNamespace) {
  return {
    async find(owner: string, sessionId: string, now: number): Promise<string | undefined> {
      try {
        const entry = await kv.get<Entry>(await keyOf(owner, sessionId), {
          type: "json",
          cacheTtl: KV_CACHE_TTL_SECONDS,
        });
        return entry && entry.expiresAt > now ? entry.taskId : undefined;
      } catch {
        return undefined;
      }
    },

    async remember(owner: string, sessionId: string, entry: Entry, now: number): Promise<void> {
      const ttl = Math.floor((entry.expiresAt - now) / 1000);
      try {
        await kv.put(await keyOf(owner, sessionId), JSON.stringify(entry), {
          expirationTtl: Math.max(KV_MIN_TTL_SECONDS, ttl),
        });
      } catch {
        // Safe to lose: the next duplicate is refused by D1 instead.
      }
    },
  };
}
