import * as z from "zod";
import { sha256Hex } from "../signing/encoding.ts";
import type { Store } from "../store/index.ts";
import { createKnownKeys, type KeySources } from "./known-keys.ts";
import { type Scope, SCOPES } from "./scopes.ts";

/** Who is calling, as their API key says. */
export type Caller = { keyId: string; owner: string; scopes: ReadonlySet<Scope> };

/** How long a key is taken from memory; a revoked key may live this long in an isolate that has just seen it. */
export const API_KEY_CACHE_MS = 30_000;
const API_KEY_CACHE_ENTRIES = 1_000;
/** Longer ones are not ours; a bound on what gets hashed. */
const API_KEY_MAX_CHARACTERS = 256;

/** The scopes in a row of either kind of key; other words are none. */
export const storedScopes = z
  .array(z.string())
  .transform((names) => new Set(SCOPES.filter((scope) => names.includes(scope))));

export type IdentifyOptions = {
  /** How long ago the key may have been looked up. */
  maxAgeMs?: number;
  /** Called before a key that is not in memory is looked up; what it throws ends that. */
  beforeLookUp?: () => void;
};

export type KeyRing = ReturnType<typeof createKeyRing>;

/** Looks API keys up by their hash, and remembers them for a while. */
export function createKeyRing({ store, ...sources }: KeySources & { store: Pick<Store, "apiKeys"> }) {
  const { deps } = sources;
  const keys = createKnownKeys("api_key", sources, (hash) => store.apiKeys.findByHash(hash));
  const cache = new Map<string, { caller: Caller; seenAt: number }>();

  return {
    /** The caller behind an `Authorization` header (`Bearer …`, `Key …` or the key alone); undefined when there is none we know. */
    async identify(
      authorization: string | undefined,
      { maxAgeMs = API_KEY_CACHE_MS, beforeLookUp }: IdentifyOptions = {},
    ): Promise<Caller | undefined> {
      const key = /^(?:(?:bearer|key) +)?(\S+)$/i.exec(authorization?.trim() ?? "")?.[1];
      if (!key || key.length > API_KEY_MAX_CHARACTERS) return undefined;
      const now = deps.now();
      const known = cache.get(key);
      if (known && now < known.seenAt + maxAgeMs) return known.caller;
      beforeLookUp?.();
      const row = await keys.find(await sha256Hex(key));
      if (!row) {
        cache.delete(key);
        return undefined;
      }
      const caller: Caller = { keyId: row.id, owner: row.owner, scopes: storedScopes.parse(JSON.parse(row.scopes)) };
      // Full: start over. A busy isolate refills it within a second, and no bookkeeping is needed.
      if (cache.size >= API_KEY_CACHE_ENTRIES) cache.clear();
      cache.set(key, { caller, seenAt: now });
      return caller;
    },
  };
}
