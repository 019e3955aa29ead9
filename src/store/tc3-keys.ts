import { FIND_TC3_KEY } from "./tc3-key-sql.ts";
import type { Tc3KeyRow } from "./types.ts";

export function createTc3KeyStore(db: D1Database) {
  return {
    /** A key pair that is not revoked; its secret is encrypted. */
    find(secretId: string): Promise<Tc3KeyRow | null> {
      return db.prepare(FIND_TC3_KEY).bind(secretId).first<Tc3KeyRow>();
    },
  };
}
