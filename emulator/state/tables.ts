const TABLES = `
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

CREATE TABLE IF NOT EXISTS tasks (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  task_id TEXT NOT NULL UNIQUE,
  action TEXT NOT NULL,
  session_id TEXT NOT NULL,
  session_context TEXT NOT NULL,
  request TEXT NOT NULL,
  input TEXT NOT NULL,
  origin TEXT NOT NULL,
  outcome TEXT NOT NULL,
  finished INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  end_at INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS tasks_running ON tasks (end_at) WHERE finished = 0;
CREATE INDEX IF NOT EXISTS tasks_by_creation ON tasks (created_at, seq);
CREATE INDEX IF NOT EXISTS tasks_by_end ON tasks (end_at, seq);

CREATE TABLE IF NOT EXISTS task_files (
  task_id TEXT NOT NULL,
  file INTEGER NOT NULL,
  part INTEGER NOT NULL,
  base64 TEXT NOT NULL,
  PRIMARY KEY (task_id, file, part)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS sessions (
  sub_app_id INTEGER NOT NULL,
  session_id TEXT NOT NULL,
  accepted_at INTEGER NOT NULL,
  PRIMARY KEY (sub_app_id, session_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS deliveries (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  task_seq INTEGER NOT NULL,
  sends INTEGER NOT NULL DEFAULT 0,
  due_at INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (due_at);

CREATE TABLE IF NOT EXISTS queued_events (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  task_seq INTEGER NOT NULL,
  handle TEXT UNIQUE,
  created_at INTEGER NOT NULL,
  visible_at INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS queued_events_visible ON queued_events (visible_at, id);

CREATE TABLE IF NOT EXISTS faults (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  action TEXT NOT NULL,
  kind TEXT NOT NULL,
  code TEXT,
  delay_ms INTEGER,
  times INTEGER NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS calls (
  action TEXT NOT NULL,
  code TEXT NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY (action, code)
) STRICT, WITHOUT ROWID;
`;

const TABLE_NAMES = ["settings", "tasks", "task_files", "sessions", "deliveries", "queued_events", "faults", "calls"];

export function createTables(sql: SqlStorage): void {
  sql.exec(TABLES);
}

export function emptyTables(sql: SqlStorage): void {
  for (const name of TABLE_NAMES) sql.exec(`DELETE FROM ${name}`);
}
