const FIND = "SELECT id, owner FROM produced_ids WHERE id IN (SELECT value FROM json_each(?1))";

// Also those whose keys are all revoked: what was made for them is still there.
const TWO_OWNERS = "SELECT owner FROM api_keys UNION SELECT owner FROM tc3_keys LIMIT 2";

export type ProducedId = { id: string; owner: string };

/** Whose the ids are that the vendor has given to what tasks made. */
export function createVendorIdStore(db: D1Database) {
  return {
    /** A row for each owner of each of these ids; none for an id that is not known. */
    async find(ids: string[]): Promise<ProducedId[]> {
      return (await db.prepare(FIND).bind(JSON.stringify(ids)).all<ProducedId>()).results;
    },

    /** Who has, or had, a key: two owners at most. */
    async twoOwners(): Promise<string[]> {
      return (await db.prepare(TWO_OWNERS).all<{ owner: string }>()).results.map(({ owner }) => owner);
    },
  };
}
