import { requeueStatement } from "./tasks.ts";
import type { TaskFailure } from "./types.ts";

// The fast path for duplicates knows the session_id since the vendor took the task, and cannot be made to forget at once.
const KEEP_SESSION = `
  UPDATE session_claims SET accepted = 1
  WHERE (owner, session_id, task_id) = (SELECT owner, session_id, id FROM tasks WHERE id = ?1)`;

export type Completion = {
  taskId: string;
  attempt: number;
  vendorTaskId: string;
  /** The event that brought it; a re-read of our own has none. */
  eventId?: string | undefined;
  now: number;
  outcome:
    | { status: "succeeded"; result: string }
    | { status: "failed"; result: string; failure: TaskFailure }
    /** The vendor did not do the work for lack of room. */
    | { status: "queued" };
};

/**
 * Ends what is at the vendor and settles the event, in one transaction. The guards on status and attempt make one of
 * any number of copies win and a terminal state final.
 * @returns whether this call moved the task
 */
export async function completeTask(db: D1Database, completion: Completion): Promise<boolean> {
  const { taskId, attempt, eventId, now } = completion;
  const results = await db.batch([
    ...(completion.outcome.status === "queued"
      ? [requeueStatement(db, { id: taskId, attempt, now }), db.prepare(KEEP_SESSION).bind(taskId)]
      : [endStatement(db, completion, completion.outcome)]),
    ...(eventId === undefined
      ? []
      : [
          db
            .prepare(
              "UPDATE events SET state = 'applied', settled_at = ?2, check_at = NULL WHERE id = ?1 AND state = 'waiting'",
            )
            .bind(eventId, now),
        ]),
  ]);
  return (results[0]?.meta.changes ?? 0) > 0;
}

function endStatement(
  db: D1Database,
  { taskId, attempt, vendorTaskId, now }: Completion,
  outcome: Exclude<Completion["outcome"], { status: "queued" }>,
): D1PreparedStatement {
  const failure = outcome.status === "failed" ? outcome.failure : undefined;
  return db
    .prepare(
      `UPDATE tasks SET status = ?3, result = ?4, error_code = ?5, error_message = ?6, vendor_task_id = ?7,
                        submitted_at = coalesce(submitted_at, created_at), finished_at = ?8,
                        history = json_insert(history, '$[#]', json_object('at', ?8, 'message', ?9))
       WHERE id = ?1 AND attempt = ?2 AND status IN ('submitting', 'unknown', 'running')`,
    )
    .bind(
      taskId,
      attempt,
      outcome.status,
      outcome.result,
      failure?.code ?? null,
      failure?.message ?? null,
      vendorTaskId,
      now,
      failure ? `Failed: ${failure.code}` : "Finished.",
    );
}
