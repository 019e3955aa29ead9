import type { ListInput, Observation, QueueReport, StoredRequest, TaskRow, TaskStatusRow } from "../tasks/contract.ts";
import type { Ledger } from "./ledger.ts";
import { findBySession } from "./rows.ts";

/* What readers see: unfinished tasks, and finished ones until the record has them. */

const STATUS_COLUMNS = `id, owner, dialect, action, model_name, model_version, client_model, status, attempt, priority,
  session_id, session_context, parent_id, outline, vendor_task_id, error_code, error_message, history, created_at,
  submitted_at, finished_at, deleted_at`;

const SHOWN = "told = 0 AND adopted = 0";

const STATUS = `SELECT ${STATUS_COLUMNS}, calls, rev FROM tasks WHERE id = ?1 AND owner = ?2 AND ${SHOWN}`;
const WHOLE = `SELECT ${STATUS_COLUMNS}, result FROM tasks WHERE id = ?1 AND owner = ?2 AND ${SHOWN}`;
const REQUEST = `SELECT request, request_blob, request_bytes FROM tasks WHERE id = ?1 AND ${SHOWN}`;
const NEEDED = `
  SELECT request_blob FROM tasks WHERE id IN (SELECT value FROM json_each(?1)) AND finished_at IS NULL
    AND request_blob IS NOT NULL`;

/** A task as its watchers see it now. */
export function view({ sql, queue }: Ledger, owner: string, id: string): Observation | undefined {
  const [row] = sql.all<TaskStatusRow & { calls: number; rev: number }>(STATUS, id, owner);
  if (!row) return undefined;
  const { calls, rev, ...task } = row;
  const position = row.status === "queued" ? (queue.promised(id) ?? null) : null;
  return { version: [row.status, row.attempt, calls, rev, position ?? "-"].join("."), task, position };
}

export function whole({ sql }: Ledger, owner: string, id: string): TaskRow | undefined {
  return sql.all<TaskRow>(WHOLE, id, owner)[0];
}

export function requestOf({ sql }: Ledger, id: string): StoredRequest | undefined {
  const [row] = sql.all<{ request: string | null; request_blob: string | null; request_bytes: number }>(REQUEST, id);
  if (!row) return undefined;
  if (row.request_blob !== null) {
    const shown = row.request === null ? {} : { shown: row.request };
    return { blob: row.request_blob, bytes: row.request_bytes, ...shown };
  }
  return row.request === null ? undefined : { inline: row.request };
}

/** Of these requests in object storage, those that an unfinished task still needs. Their keys end in its id. */
export function neededBlobs({ sql }: Ledger, keys: string[]): string[] {
  const ids = keys.map((key) => key.slice(key.lastIndexOf("/") + 1));
  const rows = sql.all<{ request_blob: string }>(NEEDED, JSON.stringify(ids));
  const needed = new Set(rows.map((row) => row.request_blob));
  return keys.filter((key) => needed.has(key));
}

/** A list looks at so many of an owner's tasks at most; beyond them it says how far it got. */
const SCAN_ROWS = 5_000;
/** A page ends with the task with which its texts reach this; a call's answer lies in memory on both sides. */
const LIST_MAX_CHARACTERS = 1_000_000;

const listSql = (order: "ASC" | "DESC") => `
  SELECT * FROM (
    SELECT ${STATUS_COLUMNS} FROM tasks INDEXED BY tasks_live
    WHERE told = 0 AND owner = ?1 AND id > ?2 AND id < ?3 AND adopted = 0 ORDER BY id ${order} LIMIT ${SCAN_ROWS})
  WHERE (?4 IS NULL OR status IN (SELECT value FROM json_each(?4))) AND (?5 IS NULL OR action = ?5)
    AND (?6 IS NULL OR model_name = ?6) AND (?7 IS NULL OR session_id = ?7)
  ORDER BY id ${order} LIMIT ?8`;

const reachSql = (order: "ASC" | "DESC") => `
  SELECT id FROM tasks INDEXED BY tasks_live
  WHERE told = 0 AND owner = ?1 AND id > ?2 AND id < ?3 AND adopted = 0 ORDER BY id ${order} LIMIT 1 OFFSET ${SCAN_ROWS - 1}`;

const LIST = { asc: listSql("ASC"), desc: listSql("DESC") };
const REACH = { asc: reachSql("ASC"), desc: reachSql("DESC") };

export type Listed = { tasks: TaskStatusRow[]; upTo?: string; reached?: string };

export function list({ sql }: Ledger, input: ListInput): Listed {
  const order = input.ascending ? "asc" : "desc";
  const found = sql.all<TaskStatusRow>(
    LIST[order],
    input.owner,
    input.afterId,
    input.beforeId,
    input.statuses ? JSON.stringify(input.statuses) : null,
    input.action ?? null,
    input.modelName ?? null,
    input.sessionId ?? null,
    input.limit,
  );
  const tasks = fitting(found);
  const upTo = input.sessionId === undefined ? undefined : findBySession(sql, input.owner, input.sessionId)?.id;
  if (tasks.length < found.length)
    return { tasks, ...(upTo !== undefined && { upTo }), reached: tasks.at(-1)?.id ?? "" };
  const [reached] =
    tasks.length < input.limit ? sql.all<{ id: string }>(REACH[order], input.owner, input.afterId, input.beforeId) : [];
  return { tasks, ...(upTo !== undefined && { upTo }), ...(reached && { reached: reached.id }) };
}

/** The first of them, up to the one that fills the room. */
function fitting(rows: TaskStatusRow[]): TaskStatusRow[] {
  let characters = 0;
  const over = rows.findIndex(({ outline, history }) => {
    characters += (outline?.length ?? 0) + history.length;
    return characters >= LIST_MAX_CHARACTERS;
  });
  return over === -1 ? rows : rows.slice(0, over + 1);
}

export function report(
  { queue, slots, pace, outbox, lastAnswerAt }: Ledger,
  { now, owner, taking }: { now: number; owner: string | undefined; taking: boolean },
): QueueReport {
  return {
    waiting: queue.length,
    ...(owner !== undefined && { own: queue.waitingOf(owner) }),
    running: slots.size,
    concurrency: pace.concurrency(now),
    holdingUntil: pace.holdingUntil(now),
    lastAnswerAt,
    untold: outbox.size,
    recordAwaySince: outbox.awaySince,
    taking,
  };
}
