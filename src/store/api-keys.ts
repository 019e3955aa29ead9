import { FIND_API_KEY } from "./api-key-sql.ts";
import type { ApiKeyRow } from "./types.ts";

export function createApiKeyStore(db: D1Database) {
  return {
    /** A key that is not revoked, by the SHA-256 (hex) of its text. */
    findByHash(hash: string): Promise<ApiKeyRow | null> {
      return db.prepare(FIND_API_KEY).bind(hash).first<ApiKeyRow>();
    },
  };
}
