-- Times are milliseconds since the epoch. Ids are lower-case UUIDs, version 7 where order matters.

CREATE TABLE api_keys (
  id         TEXT PRIMARY KEY,
  owner      TEXT NOT NULL,
  name       TEXT NOT NULL DEFAULT '',
  key_hash   TEXT NOT NULL UNIQUE,      -- SHA-256 of the key, hex; the key itself is never stored
  hint       TEXT NOT NULL,             -- last four characters, for people
  scopes     TEXT NOT NULL,             -- JSON array
  created_at INTEGER NOT NULL,
  revoked_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE tasks (
  id              TEXT PRIMARY KEY,     -- request_id, UUIDv7: its order is the order of creation
  owner           TEXT NOT NULL,
  dialect         TEXT NOT NULL,        -- wire format the task was made in
  action          TEXT NOT NULL,        -- CreateAigcVideoTask | CreateAigcImageTask
  model_name      TEXT NOT NULL,
  model_version   TEXT NOT NULL,
  client_model    TEXT,                 -- the model as the client named it, where that differs
  status          TEXT NOT NULL CHECK (status IN
                    ('queued', 'submitting', 'unknown', 'running', 'succeeded', 'failed', 'canceled', 'expired')),
  attempt         INTEGER NOT NULL,     -- goes into the vendor's SessionId
  priority        INTEGER NOT NULL,
  session_id      TEXT,
  session_context TEXT,
  idempotency_key TEXT,
  vendor_task_id  TEXT,
  result          TEXT,                 -- JSON: the vendor's finished task, as re-read from the vendor
  error_code      TEXT,
  error_message   TEXT,
  start_by        INTEGER,              -- fails if the vendor has not been called by then; NULL: waits for ever
  history         TEXT NOT NULL DEFAULT '[]', -- JSON: [{at, message}], what happened to it, for people
  created_at      INTEGER NOT NULL,
  submitted_at    INTEGER,
  finished_at     INTEGER,
  deleted_at      INTEGER               -- its client had the content removed; what is left is a tombstone
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX tasks_vendor_task ON tasks (vendor_task_id) WHERE vendor_task_id IS NOT NULL;
-- What the dispatcher rebuilds itself from: small, whatever the size of the table.
CREATE INDEX tasks_active ON tasks (id) WHERE status IN ('queued', 'submitting', 'unknown', 'running');
-- Lists are newest first within an owner, so every filter's index ends in the id.
CREATE INDEX tasks_owner ON tasks (owner, id);
CREATE INDEX tasks_owner_status ON tasks (owner, status, id);
CREATE INDEX tasks_owner_model ON tasks (owner, model_name, id);
CREATE INDEX tasks_owner_session ON tasks (owner, session_id, id) WHERE session_id IS NOT NULL;

-- The request as it goes to the vendor, kept for a resend. In parts, because a D1 row holds 2 MB and Base64 inputs 7 MB.
CREATE TABLE task_requests (
  task_id TEXT NOT NULL,
  part    INTEGER NOT NULL,
  body    TEXT NOT NULL,
  PRIMARY KEY (task_id, part)
) STRICT, WITHOUT ROWID;

-- The judge of every duplicate.
CREATE TABLE session_claims (
  owner      TEXT NOT NULL,
  session_id TEXT NOT NULL,
  task_id    TEXT NOT NULL,
  accepted   INTEGER NOT NULL DEFAULT 0, -- the vendor took an attempt of it once: no longer to be given back
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (owner, session_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE idempotency_keys (
  owner       TEXT NOT NULL,
  key         TEXT NOT NULL,
  fingerprint TEXT NOT NULL,            -- SHA-256 of the parsed request
  task_id     TEXT NOT NULL,
  queue_position INTEGER,               -- in the first answer; NULL until it was given
  expires_at  INTEGER NOT NULL,
  PRIMARY KEY (owner, key)
) STRICT, WITHOUT ROWID;

-- Notifications from the vendor, raw. `state`: waiting (to be applied), applied, ignored.
CREATE TABLE events (
  id             TEXT PRIMARY KEY,      -- SHA-256 of the event without its signature: the same event is the same row
  event_type     TEXT NOT NULL,
  task_id        TEXT,
  vendor_task_id TEXT,
  body           TEXT NOT NULL,
  state          TEXT NOT NULL CHECK (state IN ('waiting', 'applied', 'ignored')),
  attempts       INTEGER NOT NULL,
  check_at       INTEGER,               -- while waiting: when to try (again)
  received_at    INTEGER NOT NULL,
  settled_at     INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX events_check ON events (check_at) WHERE check_at IS NOT NULL;
CREATE INDEX events_task ON events (task_id) WHERE task_id IS NOT NULL;

-- Retention walks these from their old end; tasks it walks by id, which is the order of creation.
CREATE INDEX events_received ON events (received_at);
CREATE INDEX session_claims_expiry ON session_claims (expires_at);
CREATE INDEX idempotency_keys_expiry ON idempotency_keys (expires_at);
