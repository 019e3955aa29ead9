import type { Sql } from "./sql.ts";

/*
 * The object's own tables. One row a task holds all that is known of it and both its names. Rows written are paid for: a
 * task with a session_id costs three at its insert (row, name, `tasks_live`), one for the vendor's answer, one for its
 * end, one when the record has it, one when it is forgotten. Small columns come first: what is read at each step of a task
 * lies in the row's first page, requests and results behind it.
 */
const TASKS = `
  CREATE TABLE IF NOT EXISTS tasks (
    id              TEXT PRIMARY KEY,
    owner           TEXT NOT NULL,
    status          TEXT NOT NULL CHECK (status IN
                      ('queued', 'submitting', 'unknown', 'running', 'succeeded', 'failed', 'canceled', 'expired')),
    told            INTEGER NOT NULL DEFAULT 0,  -- 1: the record has this revision; what is not finished is 0
    rev             INTEGER NOT NULL DEFAULT 0,  -- of what the record is told; 0 until it is over
    adopted         INTEGER NOT NULL DEFAULT 0,  -- 1: forgotten here, known by its event only; shown to nobody
    attempt         INTEGER NOT NULL,            -- goes into the vendor's SessionId
    calls           INTEGER NOT NULL DEFAULT 0,  -- create calls of this attempt, all under one SessionId
    call_ends_at    INTEGER,                     -- when the latest call is answered or given up
    doubt_from      INTEGER,                     -- when the first call was made that is not proved to have made nothing
    reached         INTEGER NOT NULL DEFAULT 0,  -- 1: the vendor took an attempt once; its session_id is not given back
    vendor_task_id  TEXT,
    spent           TEXT,                        -- the vendor's id of the last attempt for which it had no room
    hint            TEXT,                        -- the vendor's id as an event has it, not yet seen at the vendor
    holds_session   INTEGER NOT NULL DEFAULT 0,  -- 1: session_id is refused to others
    holds_key       INTEGER NOT NULL DEFAULT 0,  -- 1: idempotency_key answers with this task
    session_id      TEXT,
    idempotency_key TEXT,
    fingerprint     TEXT NOT NULL DEFAULT '',
    retry_print     TEXT,                        -- request and client of a create whose SDK numbers its attempts
    retry_attempts  TEXT,                        -- the attempts seen and their requests: ',0:id,1:id,'
    first_position  INTEGER,                     -- in the answer to its submission; NULL until that was given
    priority        INTEGER NOT NULL DEFAULT 0,
    start_by        INTEGER,
    created_at      INTEGER NOT NULL,
    submitted_at    INTEGER,                     -- the first call of this attempt
    finished_at     INTEGER,
    deleted_at      INTEGER,
    request_bytes   INTEGER NOT NULL DEFAULT 0,
    request_blob    TEXT,                        -- key of a request in object storage
    model_name      TEXT NOT NULL,
    model_version   TEXT NOT NULL,
    action          TEXT NOT NULL,
    dialect         TEXT NOT NULL,
    client_model    TEXT,
    parent_id       TEXT,
    error_code      TEXT,
    error_message   TEXT,
    session_context TEXT,
    outline         TEXT,
    history         TEXT NOT NULL DEFAULT '[]',
    request         TEXT,
    result          TEXT
  ) STRICT, WITHOUT ROWID`;

/** Each claim is a row's own: what a name stands for cannot be half made, and goes when the row goes. */
const INDEXES = [
  "CREATE UNIQUE INDEX IF NOT EXISTS tasks_session ON tasks (owner, session_id) WHERE holds_session = 1",
  "CREATE UNIQUE INDEX IF NOT EXISTS tasks_key ON tasks (owner, idempotency_key) WHERE holds_key = 1",
  "CREATE INDEX IF NOT EXISTS tasks_retry ON tasks (owner, retry_print) WHERE retry_print IS NOT NULL",
  // Who removes a task may want what was made of it removed, too.
  "CREATE INDEX IF NOT EXISTS tasks_parent ON tasks (owner, parent_id) WHERE parent_id IS NOT NULL",
  // What a new life loads, and what lists show: unfinished tasks and those that the record does not have yet.
  "CREATE INDEX IF NOT EXISTS tasks_live ON tasks (owner, id) WHERE told = 0",
];

/** Rows of the record that let clients in, for an hour in which the record cannot be asked. */
const KNOWN_KEYS = `
  CREATE TABLE IF NOT EXISTS known_keys (
    name    TEXT PRIMARY KEY,
    body    TEXT NOT NULL,      -- JSON of a KnownKey
    seen_at INTEGER NOT NULL,   -- when the record showed it to be good
    used_at INTEGER NOT NULL    -- when it was last let in by this copy
  ) STRICT, WITHOUT ROWID`;

/** Facts: the restore epoch reached (`restore_epoch`), that the vendor's list shows our tasks (`vendor_list_believed`). */
const FACTS = "CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID";

/** Makes what is not there. A later version adds columns and indexes; it renames and drops nothing the version before uses. */
export function createTables(sql: Sql): void {
  for (const statement of [TASKS, ...INDEXES, KNOWN_KEYS, FACTS]) sql.all(statement);
}
