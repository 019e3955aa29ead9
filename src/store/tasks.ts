import type { ActiveTask, TaskFailure, TaskRow, TaskStatusRow } from "./types.ts";

/** Terminal states are sticky: every update below names the states it may leave, and none of these is among them. */
const ACTIVE = "('queued', 'submitting', 'unknown', 'running')";
const AT_VENDOR = "('submitting', 'unknown', 'running')";
const IN_DOUBT = "('submitting', 'unknown')";

const ACTIVE_COLUMNS =
  "id, owner, model_name, model_version, status, attempt, priority, start_by, vendor_task_id, submitted_at";

const STATUS_COLUMNS = `id, owner, dialect, action, model_name, model_version, client_model, status, attempt, priority,
  session_id, session_context, idempotency_key, parent_id, outline, vendor_task_id, error_code, error_message, start_by, history, created_at,
  submitted_at, finished_at, deleted_at`;

const COLUMNS = `${STATUS_COLUMNS}, result`;

/** Appends an entry to a task's history within the update that makes it true. */
const entry = (at: string, message: string) =>
  `history = json_insert(history, '$[#]', json_object('at', ${at}, 'message', ${message}))`;

// The guard on the status makes both no-ops for a task that the update before them did not end.
const GIVE_BACK_SESSION = `
  DELETE FROM session_claims
  WHERE accepted = 0 AND (owner, session_id, task_id) =
        (SELECT owner, session_id, id FROM tasks WHERE id = ?1 AND status IN ('failed', 'canceled'))`;

const GIVE_BACK_IDEMPOTENCY_KEY = `
  DELETE FROM idempotency_keys
  WHERE (owner, key, task_id) =
        (SELECT owner, idempotency_key, id FROM tasks WHERE id = ?1 AND status IN ('failed', 'canceled'))`;

export type Submission = { id: string; attempt: number; vendorTaskId: string; now: number };

export type Refusal = {
  id: string;
  attempt: number;
  failure: TaskFailure;
  now: number;
  /** The task never reached the vendor: the client may use its `session_id` again. */
  giveBackSession: boolean;
  /** The same request may succeed later: the client's Idempotency-Key is free for it. */
  giveBackIdempotencyKey: boolean;
};

/** Whether an update found its row in a state it may leave. */
async function changed(statement: D1PreparedStatement): Promise<boolean> {
  return (await statement.run()).meta.changes > 0;
}

export function createTaskStore(db: D1Database) {
  return {
    /** The task, if it is this owner's. */
    find(owner: string, id: string): Promise<TaskRow | null> {
      return db.prepare(`SELECT ${COLUMNS} FROM tasks WHERE id = ?1 AND owner = ?2`).bind(id, owner).first<TaskRow>();
    },

    /** The task, whoever owns it. Only for the vendor's side: callbacks and the dispatcher. */
    findById(id: string): Promise<TaskRow | null> {
      return db.prepare(`SELECT ${COLUMNS} FROM tasks WHERE id = ?1`).bind(id).first<TaskRow>();
    },

    /** The same without the result, for those who only watch it. */
    findStatus(id: string): Promise<TaskStatusRow | null> {
      return db.prepare(`SELECT ${STATUS_COLUMNS} FROM tasks WHERE id = ?1`).bind(id).first<TaskStatusRow>();
    },

    /** JSON of the vendor request as it was stored. */
    async request(id: string): Promise<string> {
      const row = await db
        .prepare("SELECT request FROM tasks WHERE id = ?1")
        .bind(id)
        .first<{ request: string | null }>();
      if (row?.request != null) return row.request;
      const parts = await db
        .prepare("SELECT body FROM task_requests WHERE task_id = ?1 ORDER BY part")
        .bind(id)
        .all<{ body: string }>();
      return parts.results.map((part) => part.body).join("");
    },

    /** Up to `limit` tasks that are not finished, in the order of their ids. */
    async active(afterId: string, limit: number): Promise<ActiveTask[]> {
      const rows = await db
        .prepare(
          `SELECT ${ACTIVE_COLUMNS} FROM tasks INDEXED BY tasks_active
           WHERE finished_at IS NULL AND status IN ${ACTIVE} AND id > ?1 ORDER BY id LIMIT ?2`,
        )
        .bind(afterId, limit)
        .all<ActiveTask>();
      return rows.results;
    },

    /** The vendor is about to be called. From here on the task may be paid. Null when it no longer waits. */
    begin(id: string, now: number): Promise<TaskRow | null> {
      return db
        .prepare(
          `UPDATE tasks SET status = 'submitting', submitted_at = ?2
           WHERE id = ?1 AND (status = 'queued' OR (status = 'submitting' AND submitted_at = ?2)) RETURNING ${COLUMNS}`,
        )
        .bind(id, now)
        .first<TaskRow>();
    },

    /** The vendor accepted this attempt. No effect once it is running or over: an event may have been faster. */
    markRunning({ id, attempt, vendorTaskId, now }: Submission): Promise<boolean> {
      return changed(
        db
          .prepare(
            `UPDATE tasks SET status = 'running', vendor_task_id = ?3, ${entry("?4", "'Accepted by the vendor.'")}
             WHERE id = ?1 AND attempt = ?2 AND status IN ${IN_DOUBT}`,
          )
          .bind(id, attempt, vendorTaskId, now),
      );
    },

    /** No usable answer came: the vendor may be working on it. */
    markUnknown({ id, attempt, now }: { id: string; attempt: number; now: number }): Promise<boolean> {
      return changed(
        db
          .prepare(
            `UPDATE tasks SET status = 'unknown', ${entry("?3", "'The vendor did not answer; asking again.'")}
             WHERE id = ?1 AND attempt = ?2 AND status = 'submitting'`,
          )
          .bind(id, attempt, now),
      );
    },

    /** The vendor refused the task for good; what the client may use again is given back in the same transaction. */
    async markRefused(refusal: Refusal): Promise<boolean> {
      const { id, attempt, failure, now } = refusal;
      const results = await db.batch([
        db
          .prepare(
            `UPDATE tasks SET status = 'failed', error_code = ?3, error_message = ?4, submitted_at = NULL,
                              finished_at = ?5, ${entry("?5", "'Refused by the vendor: ' || ?3")}
             WHERE id = ?1 AND attempt = ?2 AND status IN ${IN_DOUBT}`,
          )
          .bind(id, attempt, failure.code, failure.message, now),
        ...(refusal.giveBackSession ? [db.prepare(GIVE_BACK_SESSION).bind(id)] : []),
        ...(refusal.giveBackIdempotencyKey ? [db.prepare(GIVE_BACK_IDEMPOTENCY_KEY).bind(id)] : []),
      ]);
      return (results[0]?.meta.changes ?? 0) > 0;
    },

    /** The vendor had no room for this attempt and did nothing: the task waits again, as the next attempt. */
    requeue({ id, attempt, now }: { id: string; attempt: number; now: number }): Promise<boolean> {
      return changed(requeueStatement(db, { id, attempt, now }));
    },

    /** Ends a task that still waits; the vendor never heard of it. */
    async endQueued(input: {
      id: string;
      status: "canceled" | "failed";
      failure?: TaskFailure;
      message: string;
      now: number;
    }): Promise<boolean> {
      const { id, status, failure, message, now } = input;
      const results = await db.batch([
        db
          .prepare(
            `UPDATE tasks SET status = ?2, error_code = ?3, error_message = ?4, finished_at = ?5, ${entry("?5", "?6")}
             WHERE id = ?1 AND status = 'queued'`,
          )
          .bind(id, status, failure?.code ?? null, failure?.message ?? null, now, message),
        db.prepare(GIVE_BACK_SESSION).bind(id),
        db.prepare(GIVE_BACK_IDEMPOTENCY_KEY).bind(id),
      ]);
      return (results[0]?.meta.changes ?? 0) > 0;
    },

    /** The vendor no longer knows of the task, and nobody can say what became of it. */
    markExpired({ id, attempt, failure, now }: Pick<Refusal, "id" | "attempt" | "failure" | "now">): Promise<boolean> {
      return changed(
        db
          .prepare(
            `UPDATE tasks SET status = 'expired', error_code = ?3, error_message = ?4, finished_at = ?5,
                              ${entry("?5", "'Expired.'")}
             WHERE id = ?1 AND attempt = ?2 AND status IN ${AT_VENDOR}`,
          )
          .bind(id, attempt, failure.code, failure.message, now),
      );
    },

    /** The vendor aborted the task at our wish. */
    markAborted({ id, attempt, now }: { id: string; attempt: number; now: number }): Promise<boolean> {
      return changed(
        db
          .prepare(
            `UPDATE tasks SET status = 'canceled', finished_at = ?3, ${entry("?3", "'Canceled.'")}
             WHERE id = ?1 AND attempt = ?2 AND status IN ${AT_VENDOR}`,
          )
          .bind(id, attempt, now),
      );
    },

    /** Notes what the first answer to an Idempotency-Key said, for its repetitions. */
    async noteFirstAnswer(owner: string, key: string, taskId: string, queuePosition: number): Promise<void> {
      await db
        .prepare("UPDATE idempotency_keys SET queue_position = ?4 WHERE owner = ?1 AND key = ?2 AND task_id = ?3")
        .bind(owner, key, taskId, queuePosition)
        .run();
    },

    /** The position in the first answer; undefined until it was given. */
    async firstAnswer(owner: string, key: string, taskId: string): Promise<number | undefined> {
      const row = await db
        .prepare("SELECT queue_position FROM idempotency_keys WHERE owner = ?1 AND key = ?2 AND task_id = ?3")
        .bind(owner, key, taskId)
        .first<{ queue_position: number | null }>();
      return row?.queue_position ?? undefined;
    },
  };
}

/** For a transaction of its own or as part of one. */
export function requeueStatement(
  db: D1Database,
  { id, attempt, now }: { id: string; attempt: number; now: number },
): D1PreparedStatement {
  return db
    .prepare(
      `UPDATE tasks SET status = 'queued', attempt = attempt + 1, vendor_task_id = NULL, submitted_at = NULL,
                        ${entry("?3", "'The vendor was at its limit; queued again.'")}
       WHERE id = ?1 AND attempt = ?2 AND status IN ${AT_VENDOR}`,
    )
    .bind(id, attempt, now);
}
