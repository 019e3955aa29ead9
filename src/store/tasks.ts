import type { TaskFailure, TaskRow } from "./types.ts";

/** Terminal states are sticky: every update below names the states it may leave, and none of these is among them. */
const NOT_TERMINAL = "('queued', 'submitting', 'unknown', 'running')";
const NOT_SUBMITTED = "('queued', 'submitting', 'unknown')";

const GIVE_BACK_SESSION = `
  DELETE FROM session_claims
  WHERE (owner, session_id, task_id) = (SELECT owner, session_id, id FROM tasks WHERE id = ?1 AND status = 'failed')`;

const GIVE_BACK_IDEMPOTENCY_KEY = `
  DELETE FROM idempotency_keys
  WHERE (owner, key, task_id) = (SELECT owner, idempotency_key, id FROM tasks WHERE id = ?1 AND status = 'failed')`;

export type Submission = { id: string; vendorTaskId: string; now: number };

export type Refusal = {
  id: string;
  failure: TaskFailure;
  now: number;
  /** The task never reached the vendor: the client may use its `session_id` again. */
  giveBackSession: boolean;
  /** The same request may succeed later: the client's Idempotency-Key is free for it. */
  giveBackIdempotencyKey: boolean;
};

export function createTaskStore(db: D1Database) {
  return {
    /** The task, if it is this owner's. */
    find(owner: string, id: string): Promise<TaskRow | null> {
      return db.prepare("SELECT * FROM tasks WHERE id = ?1 AND owner = ?2").bind(id, owner).first<TaskRow>();
    },

    /** The task, whoever owns it. Only for the vendor's side: callbacks and the sweep. */
    findById(id: string): Promise<TaskRow | null> {
      return db.prepare("SELECT * FROM tasks WHERE id = ?1").bind(id).first<TaskRow>();
    },

    /** JSON of the vendor request as it was stored. */
    async request(id: string): Promise<string> {
      const parts = await db
        .prepare("SELECT body FROM task_requests WHERE task_id = ?1 ORDER BY part")
        .bind(id)
        .all<{ body: string }>();
      return parts.results.map((part) => part.body).join("");
    },

    /** The vendor accepted the task. No effect once it is running or terminal: an event may have been faster. */
    async markRunning({ id, vendorTaskId, now }: Submission): Promise<void> {
      await db
        .prepare(
          `UPDATE tasks SET status = 'running', vendor_task_id = ?2, submitted_at = coalesce(submitted_at, ?3), check_at = NULL
           WHERE id = ?1 AND status IN ${NOT_SUBMITTED}`,
        )
        .bind(id, vendorTaskId, now)
        .run();
    },

    /** No usable answer came: the vendor may be working on it. The sweep asks again at `checkAt`. */
    async markUnknown({ id, checkAt }: { id: string; checkAt: number }): Promise<void> {
      await db
        .prepare(`UPDATE tasks SET status = 'unknown', check_at = ?2 WHERE id = ?1 AND status IN ${NOT_SUBMITTED}`)
        .bind(id, checkAt)
        .run();
    },

    /** The vendor refused the task for good; what the client may use again is given back in the same transaction. */
    async markRefused(refusal: Refusal): Promise<void> {
      const { id, failure, now } = refusal;
      await db.batch([
        db
          .prepare(
            `UPDATE tasks SET status = 'failed', error_code = ?2, error_message = ?3, finished_at = ?4, check_at = NULL
             WHERE id = ?1 AND status IN ${NOT_SUBMITTED}`,
          )
          .bind(id, failure.code, failure.message, now),
        ...(refusal.giveBackSession ? [db.prepare(GIVE_BACK_SESSION).bind(id)] : []),
        ...(refusal.giveBackIdempotencyKey ? [db.prepare(GIVE_BACK_IDEMPOTENCY_KEY).bind(id)] : []),
      ]);
    },

    /** Tasks whose submission was left half done (a crash, an unanswered call), the longest waiting first. */
    async due(now: number, limit: number): Promise<TaskRow[]> {
      const rows = await db
        .prepare(`SELECT * FROM tasks WHERE check_at <= ?1 AND status IN ${NOT_SUBMITTED} ORDER BY check_at LIMIT ?2`)
        .bind(now, limit)
        .all<TaskRow>();
      return rows.results;
    },

    /**
     * Takes a due task for one sweep, so that two sweeps do not both resend it.
     * @returns false when another one was faster, or the task moved on.
     */
    async lease({ id, checkAt, until }: { id: string; checkAt: number; until: number }): Promise<boolean> {
      const done = await db
        .prepare(
          `UPDATE tasks SET status = 'unknown', check_at = ?3
           WHERE id = ?1 AND check_at = ?2 AND status IN ${NOT_SUBMITTED}`,
        )
        .bind(id, checkAt, until)
        .run();
      return done.meta.changes > 0;
    },

    /** When the sweep has something to do next; null when nothing waits. */
    async nextCheck(): Promise<number | null> {
      const row = await db
        .prepare(
          `SELECT min(at) AS at FROM (
             SELECT min(check_at) AS at FROM tasks WHERE check_at IS NOT NULL
             UNION ALL SELECT min(check_at) FROM events WHERE check_at IS NOT NULL)`,
        )
        .first<{ at: number | null }>();
      return row?.at ?? null;
    },
  };
}

export type Completion = {
  eventId: string;
  taskId: string;
  vendorTaskId: string;
  now: number;
  outcome: { status: "succeeded"; result: string } | { status: "failed"; result: string; failure: TaskFailure };
};

/**
 * Settles an event and moves its task to a terminal state in one transaction. The guard on the event makes one of any
 * number of copies win, the guard on the task makes a terminal state final.
 */
export async function completeTask(db: D1Database, completion: Completion): Promise<{ applied: boolean }> {
  const { eventId, taskId, vendorTaskId, now, outcome } = completion;
  const failure = outcome.status === "failed" ? outcome.failure : undefined;
  const results = await db.batch([
    db
      .prepare(
        `UPDATE tasks SET status = ?2, result = ?3, error_code = ?4, error_message = ?5, vendor_task_id = ?6,
                          submitted_at = coalesce(submitted_at, created_at), finished_at = ?7, check_at = NULL
         WHERE id = ?1 AND status IN ${NOT_TERMINAL}
           AND EXISTS (SELECT 1 FROM events WHERE id = ?8 AND state = 'waiting')`,
      )
      .bind(
        taskId,
        outcome.status,
        outcome.result,
        failure?.code ?? null,
        failure?.message ?? null,
        vendorTaskId,
        now,
        eventId,
      ),
    db
      .prepare(
        "UPDATE events SET state = 'applied', settled_at = ?2, check_at = NULL WHERE id = ?1 AND state = 'waiting'",
      )
      .bind(eventId, now),
  ]);
  return { applied: (results[0]?.meta.changes ?? 0) > 0 };
}
