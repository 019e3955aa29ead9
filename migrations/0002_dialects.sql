-- The task that this one was made from (OpenAI's remix).
ALTER TABLE tasks ADD COLUMN parent_id TEXT;

-- JSON: what readers are shown of the request, which itself may hold megabytes of files.
ALTER TABLE tasks ADD COLUMN outline TEXT;

-- Key pairs for clients that sign as they would for the vendor (TC3-HMAC-SHA256), e.g. the vendor's own SDK. Verifying a
-- signature takes the secret itself, so it is kept, encrypted: `secret` is base64 of IV and AES-GCM ciphertext, its key
-- is KEY_ENCRYPTION_KEY of the environment, its additional data the secret_id.
CREATE TABLE tc3_keys (
  secret_id  TEXT PRIMARY KEY,
  owner      TEXT NOT NULL,
  name       TEXT NOT NULL,
  secret     TEXT NOT NULL,
  scopes     TEXT NOT NULL,             -- JSON: ["submit","read"]
  created_at INTEGER NOT NULL,
  revoked_at INTEGER
) STRICT, WITHOUT ROWID;

-- Creates of the last minutes from clients that number their attempts and name them by nothing. Attempts of one create
-- share a group, whose id is the name they get.
CREATE TABLE recent_creates (
  owner       TEXT NOT NULL,
  fingerprint TEXT NOT NULL,            -- SHA-256 of the parsed request and the client
  request_id  TEXT NOT NULL,            -- UUIDv7: its order is the order of arrival
  attempt     INTEGER NOT NULL,         -- 0: the first
  group_id    TEXT NOT NULL,            -- the request_id that opened the group
  expires_at  INTEGER NOT NULL,
  PRIMARY KEY (owner, fingerprint, request_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX recent_creates_expiry ON recent_creates (expires_at);
