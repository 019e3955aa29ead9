-- D1 is paid by rows written, and each index of a row is one. What is left serves every task's way; lists filter what one
-- index gives them, a bounded part at a time (docs/decisions/0022-fewer-rows.md).
DROP INDEX tasks_vendor_task;
DROP INDEX tasks_owner_status;
DROP INDEX tasks_owner_model;
DROP INDEX tasks_owner_session;
DROP INDEX tasks_owner;
CREATE INDEX tasks_owner ON tasks (owner, action, id);

-- By a column that changes once in a task's life, so that no other update writes to the index.
DROP INDEX tasks_active;
CREATE INDEX tasks_active ON tasks (id) WHERE finished_at IS NULL;

-- A request that is small enough lies in its task's row; only a larger one has parts of its own.
ALTER TABLE tasks ADD COLUMN request TEXT;

-- An event's id begins with its task's, so it is found, and grows old, with the task.
DROP INDEX events_task;
DROP INDEX events_received;
DELETE FROM events WHERE state <> 'waiting' AND id NOT LIKE '%.%';

-- Claims go with their tasks.
DROP INDEX session_claims_expiry;
DROP INDEX idempotency_keys_expiry;
