-- While a task is unfinished, the dispatcher's object holds it, with its claims, its request and its events. Here is what is
-- finished (docs/architecture.md, "Who holds what"). Nothing was released before: no rows are carried over.
DROP TABLE tasks;
DROP TABLE task_requests;
DROP TABLE session_claims;
DROP TABLE idempotency_keys;
DROP TABLE events;
DROP TABLE recent_creates;

-- Finished tasks. Written by the dispatcher's object, many in a batch, and by a client's DELETE of one that the object has
-- dropped. A row goes when it is older than RETENTION_DAYS. Every reader has the owner, so the key serves them all, lists
-- included, and there is no index: a task is one row written and one deleted.
CREATE TABLE tasks (
  owner           TEXT NOT NULL,
  action          TEXT NOT NULL,        -- CreateAigcVideoTask | CreateAigcImageTask
  id              TEXT NOT NULL,        -- request_id, UUIDv7: its order is the order of creation
  rev             INTEGER NOT NULL,     -- rises with each change: an older copy never overwrites a newer
  -- What lists filter by comes before what can be long: the rest of a large row lies on pages of its own.
  status          TEXT NOT NULL CHECK (status IN ('succeeded', 'failed', 'canceled', 'expired')),
  model_name      TEXT NOT NULL,
  session_id      TEXT,
  deleted_at      INTEGER,              -- its client had the content removed; what is left is a tombstone
  created_at      INTEGER NOT NULL,
  submitted_at    INTEGER,
  finished_at     INTEGER NOT NULL,
  dialect         TEXT NOT NULL,        -- wire format the task was made in
  model_version   TEXT NOT NULL,
  client_model    TEXT,                 -- the model as the client named it, where that differs
  attempt         INTEGER NOT NULL,
  priority        INTEGER NOT NULL,
  vendor_task_id  TEXT,
  parent_id       TEXT,                 -- the task that this one was made from
  error_code      TEXT,
  error_message   TEXT,
  session_context TEXT,
  outline         TEXT,                 -- JSON: what readers are shown of the request
  history         TEXT NOT NULL,        -- JSON: [{at, message}], what happened to it, for people
  request         TEXT,                 -- JSON: the vendor request; NULL for a large one, whose file is gone
  result          TEXT,                 -- JSON: the vendor's finished task, as re-read from the vendor
  PRIMARY KEY (owner, action, id)
) STRICT, WITHOUT ROWID;

-- Tasks that ended in an hour. Written in the same batch as the tasks, for those that were not there yet. Kept for ever:
-- small, and what is left of a task after its retention time.
CREATE TABLE hourly_counts (
  hour       INTEGER NOT NULL,          -- its first millisecond
  owner      TEXT NOT NULL,
  action     TEXT NOT NULL,
  model_name TEXT NOT NULL,
  status     TEXT NOT NULL,
  tasks      INTEGER NOT NULL,
  PRIMARY KEY (hour, owner, action, model_name, status)
) STRICT, WITHOUT ROWID;

-- The vendor's notifications of everything that is no task of ours, for people. Written by the callback's Worker; a row goes
-- when it is older than RETENTION_DAYS. An account with other media in it may get a great many, so what finds the old
-- ones is an index.
CREATE TABLE other_events (
  id          TEXT PRIMARY KEY,         -- SHA-256 of the body: the same event is the same row
  event_type  TEXT NOT NULL,
  body        TEXT,                     -- NULL when it is longer than 8 KB
  received_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX other_events_received ON other_events (received_at);

-- Facts about the dispatcher's object that must survive its being set back to an earlier time. Written by the object, never
-- deleted.
CREATE TABLE cells (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
