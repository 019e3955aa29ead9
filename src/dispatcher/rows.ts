import { erasedName } from "../signing/name-hash.ts";
import type { NewTask, TaskStatus } from "../tasks/contract.ts";
import type { Sql, SqlValue } from "./sql.ts";

/** What the core looks at before it applies anything: the small columns of a row. */
export type LiveRow = {
  id: string;
  owner: string;
  status: TaskStatus;
  told: number;
  rev: number;
  adopted: number;
  attempt: number;
  calls: number;
  call_ends_at: number | null;
  doubt_from: number | null;
  reached: number;
  vendor_task_id: string | null;
  spent: string | null;
  hint: string | null;
  holds_session: number;
  holds_key: number;
  session_id: string | null;
  idempotency_key: string | null;
  fingerprint: string;
  first_position: number | null;
  priority: number;
  start_by: number | null;
  created_at: number;
  submitted_at: number | null;
  finished_at: number | null;
  request_bytes: number;
  request_blob: string | null;
  model_name: string;
  model_version: string;
};

const LIVE_COLUMNS = `id, owner, status, told, rev, adopted, attempt, calls, call_ends_at, doubt_from, reached, vendor_task_id,
  spent, hint, holds_session, holds_key, session_id, idempotency_key, fingerprint, first_position, priority, start_by, created_at,
  submitted_at, finished_at, request_bytes, request_blob, model_name, model_version`;

const FIND = `SELECT ${LIVE_COLUMNS} FROM tasks WHERE id = ?1`;
const FIND_BY_KEY = `
  SELECT ${LIVE_COLUMNS} FROM tasks WHERE owner = ?1 AND idempotency_key IN (?2, ?3) AND holds_key = 1`;
const FIND_BY_SESSION = `
  SELECT ${LIVE_COLUMNS} FROM tasks WHERE owner = ?1 AND session_id IN (?2, ?3) AND holds_session = 1`;
const IS_ERASED = `
  SELECT 1 FROM tasks WHERE (owner = ?1 AND session_id = ?2 AND holds_session = 1)
    OR (owner = ?1 AND idempotency_key = ?3 AND holds_key = 1)`;

export function findLive(sql: Sql, id: string): LiveRow | undefined {
  return sql.all<LiveRow>(FIND, id)[0];
}

/** @param hash of the name: its task's content may have been removed, and the name with it */
export function findByKey(sql: Sql, owner: string, key: string, hash?: string | null): LiveRow | undefined {
  return sql.all<LiveRow>(FIND_BY_KEY, owner, key, erasedOf(hash))[0];
}

export function findBySession(sql: Sql, owner: string, sessionId: string, hash?: string | null): LiveRow | undefined {
  return sql.all<LiveRow>(FIND_BY_SESSION, owner, sessionId, erasedOf(hash))[0];
}

/** Whether a task whose content was removed holds one of these names. */
export function isHeldByErased(sql: Sql, { owner, session_hash: session, key_hash: key }: NewTask): boolean {
  if (!session && !key) return false;
  return sql.all(IS_ERASED, owner, erasedOf(session), erasedOf(key)).length > 0;
}

function erasedOf(hash: string | null | undefined): string | null {
  return hash ? erasedName(hash) : null;
}

/** What a new life reads of each row, in the order of {@link Page}'s lists. */
const LOADED = [
  "id",
  "owner",
  "status",
  "adopted",
  "attempt",
  "calls",
  "call_ends_at",
  "doubt_from",
  "vendor_task_id",
  "hint",
  "priority",
  "start_by",
  "created_at",
  "submitted_at",
  "finished_at",
  "request_bytes",
  "model_name",
  "model_version",
] as const satisfies (keyof LiveRow)[];

export type LoadedRow = Pick<LiveRow, (typeof LOADED)[number]>;

// As one text: with hundreds of thousands of rows, making an object of each in the engine takes more than twice as long.
const PAGE = `
  SELECT json_group_array(json_array(${LOADED.join(", ")})) AS page FROM (
    SELECT ${LOADED.join(", ")} FROM tasks INDEXED BY tasks_live
    WHERE told = 0 AND (owner, id) > (?1, ?2) ORDER BY owner, id LIMIT ?3)`;

/** Unfinished tasks and those that the record does not have yet, in the order of owner and id. */
export function livePage(sql: Sql, after: { owner: string; id: string }, limit: number): LoadedRow[] {
  const [row] = sql.all<{ page: string }>(PAGE, after.owner, after.id, limit);
  const lists = JSON.parse(row?.page ?? "[]") as SqlValue[][];
  return lists.map((list) => {
    const loaded: Record<string, SqlValue> = {};
    for (let position = 0; position < LOADED.length; position++)
      loaded[LOADED[position] ?? ""] = list[position] ?? null;
    return loaded as LoadedRow;
  });
}
