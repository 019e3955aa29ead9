/** What one statement deletes at most: D1 answers nobody else while it runs. */
const BATCH_ROWS = 500;

export type Deleted = { tasks: number; events: number; claims: number };

/**
 * Deletes a bounded number of rows that nobody may ask for any more: finished tasks with a lower id than `beforeId`, with
 * their claims and requests, settled events of such tasks, and notes of creates that lapsed before `now` (milliseconds).
 * @param input.beforeId no younger than claims live
 * @returns what was deleted; as much again may be left
 */
export async function deleteExpired(db: D1Database, input: { beforeId: string; now: number }): Promise<Deleted> {
  const old = `SELECT id FROM tasks WHERE id < ?1 AND finished_at IS NOT NULL ORDER BY id LIMIT ${BATCH_ROWS}`;
  const claimsOf = (table: string, name: string, column: string) => `
    DELETE FROM ${table} WHERE (owner, ${name}, task_id) IN
      (SELECT owner, ${column}, id FROM tasks WHERE id IN (${old}) AND ${column} IS NOT NULL)`;
  const results = await db.batch([
    db.prepare(claimsOf("session_claims", "session_id", "session_id")).bind(input.beforeId),
    db.prepare(claimsOf("idempotency_keys", "key", "idempotency_key")).bind(input.beforeId),
    db.prepare(`DELETE FROM task_requests WHERE task_id IN (${old})`).bind(input.beforeId),
    db.prepare(`DELETE FROM tasks WHERE id IN (${old})`).bind(input.beforeId),
    db
      .prepare(
        `DELETE FROM events WHERE id IN
           (SELECT id FROM events WHERE id < ?1 AND state <> 'waiting' ORDER BY id LIMIT ${BATCH_ROWS})`,
      )
      .bind(input.beforeId),
    db
      .prepare(
        `DELETE FROM recent_creates WHERE (owner, fingerprint, request_id) IN
           (SELECT owner, fingerprint, request_id FROM recent_creates WHERE expires_at < ?1
            ORDER BY expires_at LIMIT ${BATCH_ROWS})`,
      )
      .bind(input.now),
  ]);
  const [sessions = 0, keys = 0, , tasks = 0, events = 0, creates = 0] = results.map((result) => result.meta.changes);
  return { tasks, events, claims: sessions + keys + creates };
}

/**
 * Removes what a terminal task was made of and what came of it; its row stays as a tombstone, so that its id is never
 * mistaken for an unknown one and its duplicates are still refused.
 * @returns false when it is not terminal, or not this owner's
 */
export async function eraseContent(
  db: D1Database,
  input: { owner: string; id: string; now: number },
): Promise<boolean> {
  const { owner, id, now } = input;
  const erased = "EXISTS (SELECT 1 FROM tasks WHERE id = ?1 AND deleted_at IS NOT NULL)";
  const results = await db.batch([
    db
      .prepare(
        `UPDATE tasks SET result = NULL, session_context = NULL, outline = NULL, request = NULL, error_message = NULL,
                          history = '[]',
                          deleted_at = coalesce(deleted_at, ?3)
         WHERE id = ?1 AND owner = ?2 AND status IN ('succeeded', 'failed', 'canceled', 'expired')`,
      )
      .bind(id, owner, now),
    db.prepare(`DELETE FROM task_requests WHERE task_id = ?1 AND ${erased}`).bind(id),
    db.prepare(`DELETE FROM events WHERE id > ?1 || '.' AND id < ?1 || '/' AND ${erased}`).bind(id),
  ]);
  return (results[0]?.meta.changes ?? 0) > 0;
}
