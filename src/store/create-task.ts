import type { NewTask } from "./types.ts";

/** Far below D1's 2 MB a row, also when every character takes three bytes. */
const REQUEST_PART_CHARACTERS = 500_000;
/** A request up to this lies in its task's row, which saves a row; a larger one would make every change of the row costly. */
const REQUEST_INLINE_CHARACTERS = 16_000;

export type CreateTaskInput = {
  task: NewTask;
  /** JSON of the vendor request, kept for a resend. */
  request: string;
  /** SHA-256 of the parsed request; what an Idempotency-Key is bound to. */
  fingerprint: string;
  now: number;
  /** The vendor is about to be called for it, at this time (milliseconds); without it the task waits. */
  startsAt?: number | undefined;
  /** When the claims on `session_id` and Idempotency-Key lapse. */
  claimsExpireAt: number;
};

export type CreateTaskResult =
  /** `starts`: it is this very call whose task is about to be sent, and nobody else's. */
  | { kind: "created"; starts: boolean }
  | { kind: "duplicate_session"; taskId: string }
  | { kind: "idempotency_key_taken"; taskId: string; fingerprint: string };

// A task that is there already has made its claims; what it has given back since is not for it to take again.
const CLAIM_IDEMPOTENCY_KEY = `
  INSERT INTO idempotency_keys (owner, key, fingerprint, task_id, expires_at)
  SELECT ?1, ?2, ?3, ?4, ?5 WHERE NOT EXISTS (SELECT 1 FROM tasks WHERE id = ?4)
  ON CONFLICT (owner, key) DO UPDATE
    SET fingerprint = excluded.fingerprint, task_id = excluded.task_id, expires_at = excluded.expires_at,
        queue_position = NULL
    WHERE idempotency_keys.expires_at <= ?6`;

// Only with the Idempotency-Key in hand: a repetition must not meet its own session_id as a duplicate.
const CLAIM_SESSION = `
  INSERT INTO session_claims (owner, session_id, task_id, expires_at)
  SELECT ?1, ?2, ?3, ?4
  WHERE NOT EXISTS (SELECT 1 FROM tasks WHERE id = ?3)
    AND (?6 IS NULL OR EXISTS (SELECT 1 FROM idempotency_keys WHERE owner = ?1 AND key = ?6 AND task_id = ?3))
  ON CONFLICT (owner, session_id) DO UPDATE
    SET task_id = excluded.task_id, accepted = 0, expires_at = excluded.expires_at
    WHERE session_claims.expires_at <= ?5`;

const INSERT_TASK = `
  INSERT INTO tasks (id, owner, dialect, action, model_name, model_version, client_model, status, attempt, priority,
                     session_id, session_context, idempotency_key, start_by, created_at, parent_id, outline, request, submitted_at, history)
  SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, iif(?17 IS NULL, 'queued', 'submitting'), 1, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,
         json_array(json_object('at', ?13, 'message', 'Queued.'))
  WHERE (?11 IS NULL OR EXISTS (SELECT 1 FROM idempotency_keys WHERE owner = ?2 AND key = ?11 AND task_id = ?1))
    AND (?9 IS NULL OR EXISTS (SELECT 1 FROM session_claims WHERE owner = ?2 AND session_id = ?9 AND task_id = ?1))
  ON CONFLICT (id) DO NOTHING`;

const INSERT_REQUEST_PART = `
  INSERT INTO task_requests (task_id, part, body)
  SELECT ?1, ?2, ?3 WHERE EXISTS (SELECT 1 FROM tasks WHERE id = ?1)
  ON CONFLICT (task_id, part) DO NOTHING`;

const DROP_UNUSED_IDEMPOTENCY_KEY = `
  DELETE FROM idempotency_keys
  WHERE owner = ?1 AND key = ?2 AND task_id = ?3 AND NOT EXISTS (SELECT 1 FROM tasks WHERE id = ?3)`;

// The row itself tells whether the task was made: by this execution, or by one whose answer got lost.
const READ_OUTCOME = `
  SELECT t.id IS NOT NULL AS created, t.status = 'submitting' AND t.submitted_at = ?5 AS starts, i.task_id AS idempotent_task_id, i.fingerprint AS fingerprint, s.task_id AS session_task_id
  FROM (SELECT 1)
  LEFT JOIN tasks t ON t.id = ?4
  LEFT JOIN idempotency_keys i ON i.owner = ?1 AND i.key = ?2
  LEFT JOIN session_claims s ON s.owner = ?1 AND s.session_id = ?3`;

type Outcome = {
  created: number;
  starts: number | null;
  idempotent_task_id: string | null;
  fingerprint: string | null;
  session_task_id: string | null;
};

/**
 * Writes the intent: claims and task in one transaction, so that of any number of simultaneous calls with one
 * `session_id` or one Idempotency-Key exactly one creates a task, and a crash leaves both or neither.
 */
export async function createTask(db: D1Database, input: CreateTaskInput): Promise<CreateTaskResult> {
  const { task, now, claimsExpireAt } = input;
  const { id, owner, session_id: sessionId, idempotency_key: key } = task;
  const batch: D1PreparedStatement[] = [];
  if (key !== null) {
    batch.push(db.prepare(CLAIM_IDEMPOTENCY_KEY).bind(owner, key, input.fingerprint, id, claimsExpireAt, now));
  }
  if (sessionId !== null) {
    batch.push(db.prepare(CLAIM_SESSION).bind(owner, sessionId, id, claimsExpireAt, now, key));
  }
  const inline = input.request.length <= REQUEST_INLINE_CHARACTERS;
  batch.push(insertTask(db, input, inline ? input.request : null));
  for (const [part, body] of (inline ? [] : partsOf(input.request)).entries()) {
    batch.push(db.prepare(INSERT_REQUEST_PART).bind(id, part, body));
  }
  if (key !== null) batch.push(db.prepare(DROP_UNUSED_IDEMPOTENCY_KEY).bind(owner, key, id));
  batch.push(db.prepare(READ_OUTCOME).bind(owner, key, sessionId, id, input.startsAt ?? null));

  const outcome = (await db.batch<Outcome>(batch)).at(-1)?.results[0];
  if (outcome?.created) return { kind: "created", starts: outcome.starts === 1 };
  if (outcome?.idempotent_task_id && outcome.fingerprint) {
    return { kind: "idempotency_key_taken", taskId: outcome.idempotent_task_id, fingerprint: outcome.fingerprint };
  }
  if (outcome?.session_task_id) return { kind: "duplicate_session", taskId: outcome.session_task_id };
  throw new Error("A task was neither created nor refused by a claim.");
}

/** Cut to size, and never within a character: half of one would be stored as another. */
function partsOf(text: string): string[] {
  const parts: string[] = [];
  for (let start = 0; start < text.length;) {
    const end = start + REQUEST_PART_CHARACTERS;
    const splits = /[\uD800-\uDBFF]/.test(text.charAt(end - 1));
    parts.push(text.slice(start, splits ? end - 1 : end));
    start = splits ? end - 1 : end;
  }
  return parts;
}

function insertTask(db: D1Database, { task, startsAt }: CreateTaskInput, request: string | null): D1PreparedStatement {
  return db
    .prepare(INSERT_TASK)
    .bind(
      task.id,
      task.owner,
      task.dialect,
      task.action,
      task.model_name,
      task.model_version,
      task.client_model,
      task.priority,
      task.session_id,
      task.session_context,
      task.idempotency_key,
      task.start_by,
      task.created_at,
      task.parent_id,
      task.outline,
      request,
      startsAt ?? null,
    );
}
