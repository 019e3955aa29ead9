import { createApiKeyStore } from "./api-keys.ts";
import { createBlobs } from "./blobs.ts";
import { createDedupeCache } from "./dedupe-cache.ts";
import { createRecord } from "./record.ts";
import { type RetryOptions, withRetries } from "./retry.ts";
import { createTc3KeyStore } from "./tc3-keys.ts";
import { createVendorIdStore } from "./vendor-ids.ts";

export type Store = ReturnType<typeof createStore>;

/** All that is kept outside the dispatcher: D1 as the record of what is finished, KV as the fast path for duplicates, R2 for files. */
export function createStore(bindings: { DB: D1Database; DEDUPE: KVNamespace; BLOBS: R2Bucket }, retry: RetryOptions) {
  const db = withRetries(bindings.DB, retry);
  return {
    record: createRecord(db, bindings.DB),
    apiKeys: createApiKeyStore(db),
    tc3Keys: createTc3KeyStore(db),
    vendorIds: createVendorIdStore(db),
    dedupe: createDedupeCache(bindings.DEDUPE, retry.sleep),
    blobs: createBlobs(bindings.BLOBS),
    /** Whether the stores answer; each for itself, for one may hang. */
    ping(): { d1: Promise<boolean>; kv: Promise<boolean> } {
      return { d1: succeeds(db.prepare("SELECT 1").first()), kv: succeeds(bindings.DEDUPE.get("ping")) };
    },
  };
}

function succeeds(call: Promise<unknown>): Promise<boolean> {
  return call.then(
    () => true,
    () => false,
  );
}

export { StoreUnavailableError } from "./retry.ts";
