import { type EraseOutcome, type Remix, REMIXES_MAX } from "../tasks/contract.ts";
import type { Ledger } from "./ledger.ts";
import { findLive } from "./rows.ts";

/** A task's `session_id` and `Idempotency-Key`, or what stands for them; null: it has none. */
export type Names = { session: string | null; key: string | null };

// A name's claim outlives the content, so something that is not the name itself goes on holding it.
const ERASE = `
  UPDATE tasks SET result = NULL, session_context = NULL, outline = NULL, request = NULL, error_message = NULL,
    history = '[]', session_id = iif(deleted_at IS NULL, ?3, session_id),
    idempotency_key = iif(deleted_at IS NULL, ?4, idempotency_key),
    deleted_at = coalesce(deleted_at, ?2), rev = rev + 1, told = 0
  WHERE id = ?1 AND finished_at IS NOT NULL`;

const REMIXES = `
  SELECT id, finished_at IS NOT NULL AS over, deleted_at IS NOT NULL AS erased FROM tasks INDEXED BY tasks_parent
  WHERE owner = ?1 AND parent_id IN (SELECT value FROM json_each(?2)) AND parent_id IS NOT NULL AND adopted = 0
  ORDER BY erased LIMIT ${REMIXES_MAX}`;

/** The names that a task was given; without any when it is not this owner's. */
export function namesOf({ sql }: Ledger, owner: string, id: string): Names {
  const row = findLive(sql, id);
  return row?.owner === owner ? { session: row.session_id, key: row.idempotency_key } : { session: null, key: null };
}

/**
 * Removes a finished task's content; the record is told so.
 * @param names what stands for its names from now on
 */
export function erase(
  ledger: Ledger,
  { owner, id }: { owner: string; id: string },
  names: Names,
  now: number,
): EraseOutcome {
  const row = findLive(ledger.sql, id);
  if (!row || row.owner !== owner || row.adopted === 1) return "not_found";
  if (row.finished_at === null) return "not_over";
  ledger.sql.all(ERASE, id, now, names.session, names.key);
  ledger.outbox.add(id);
  ledger.emit({ kind: "changed", id });
  return "erased";
}

/** The tasks made from these, as far as they are here. */
export function remixesOf({ sql }: Ledger, owner: string, ids: string[]): Remix[] {
  const rows = sql.all<{ id: string; over: number; erased: number }>(REMIXES, owner, JSON.stringify(ids));
  return rows.map(({ id, over, erased }) => ({ id, over: over === 1, erased: erased === 1 }));
}
