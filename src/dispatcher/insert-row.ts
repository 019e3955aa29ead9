import type { NewTask } from "../tasks/contract.ts";
import { attemptEntry } from "./claims.ts";
import type { Sql } from "./sql.ts";

const INSERT = `
  INSERT INTO tasks (id, owner, status, attempt, calls, call_ends_at, doubt_from, holds_session, holds_key, session_id,
    idempotency_key, fingerprint, retry_print, retry_attempts, first_position, priority, start_by, created_at, submitted_at,
    request_bytes, request_blob, model_name, model_version, action, dialect, client_model, parent_id, session_context,
    outline, history, request)
  VALUES (?1, ?2, ?3, 1, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?6, ?18, ?19, ?20, ?21, ?22, ?23,
    ?24, ?25, ?26, ?27, ?28, ?29)
  ON CONFLICT DO NOTHING RETURNING id`;

export type Start = { at: number; endsAt: number };

/**
 * Writes a task with its claims, as waiting or as about to be sent.
 * @returns false when its id or one of its names is taken; nothing is changed then
 */
export function insertTask(
  sql: Sql,
  task: NewTask,
  { start, position }: { start: Start | undefined; position: number | null },
): boolean {
  const inline = "inline" in task.request ? task.request.inline : null;
  const blob = "blob" in task.request ? task.request : null;
  const inserted = sql.all(
    INSERT,
    task.id,
    task.owner,
    start ? "submitting" : "queued",
    start ? 1 : 0,
    start?.endsAt ?? null,
    start?.at ?? null,
    task.session_id === null ? 0 : 1,
    task.idempotency_key === null ? 0 : 1,
    task.session_id,
    task.idempotency_key,
    task.fingerprint,
    task.retry?.print ?? null,
    task.retry ? `,${attemptEntry({ attempt: task.retry.attempt, requestId: task.id })}` : null,
    position,
    task.priority,
    task.start_by,
    task.created_at,
    blob?.bytes ?? inline?.length ?? 0,
    blob?.blob ?? null,
    task.model_name,
    task.model_version,
    task.action,
    task.dialect,
    task.client_model,
    task.parent_id,
    task.session_context,
    task.outline,
    JSON.stringify([{ at: task.created_at, message: "Queued." }]),
    inline ?? blob?.shown ?? null,
  );
  return inserted.length > 0;
}

const ADOPT = `
  INSERT INTO tasks (id, owner, status, adopted, attempt, hint, created_at, submitted_at, model_name, model_version, action, dialect)
  VALUES (?1, ?2, 'running', 1, ?3, ?4, ?5, ?5, '', '', '', '') ON CONFLICT DO NOTHING`;

/** Takes up a task that its event speaks of and nobody here remembers. */
export function adoptTask(
  sql: Sql,
  event: { taskId: string; owner: string; attempt: number; vendorTaskId: string },
  now: number,
): void {
  sql.all(ADOPT, event.taskId, event.owner, event.attempt, event.vendorTaskId, now);
}

const DESCRIBE_ADOPTED = `
  UPDATE tasks SET action = ?2, dialect = 'aigc', model_name = ?3, model_version = ?4, created_at = ?5
  WHERE id = ?1 AND adopted = 1`;

export function describeAdopted(
  sql: Sql,
  id: string,
  origin: { action: string; modelName: string; modelVersion: string; createdAt: number },
): void {
  sql.all(DESCRIBE_ADOPTED, id, origin.action, origin.modelName, origin.modelVersion, origin.createdAt);
}

const DROP = "DELETE FROM tasks WHERE id = ?1 AND adopted = 1 AND finished_at IS NULL";

/** Forgets an adopted task again: its event was not the vendor's. */
export function dropAdopted(sql: Sql, id: string): void {
  sql.all(DROP, id);
}
