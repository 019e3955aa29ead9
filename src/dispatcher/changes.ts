import type { Start } from "./insert-row.ts";
import type { Sql } from "./sql.ts";

/*
 * Every statement that changes a task's state. Each names the states it may leave: terminal ones are never among them, so
 * what is over stays as it is, whoever comes late.
 */

const UNFINISHED = "('queued', 'submitting', 'unknown', 'running')";

/** A history shows how a task began and how it stands; of a thousand requeues in between it keeps the latest. */
const HISTORY_MAX_ENTRIES = 50;
const HISTORY_KEPT_FIRST = 10;

/** Appends to the history within the update that makes it true. */
const entry = (at: string, message: string) => `history = json_insert(
  iif(json_array_length(history) >= ${HISTORY_MAX_ENTRIES}, json_remove(history, '$[${HISTORY_KEPT_FIRST}]'), history),
  '$[#]', json_object('at', ${at}, 'message', ${message}))`;

/** What a create call needs of its row. */
export type Sendable = {
  owner: string;
  attempt: number;
  calls: number;
  action: string;
  model_name: string;
  model_version: string;
  request: string | null;
  request_blob: string | null;
  request_bytes: number;
};
const SENDABLE_COLUMNS =
  "owner, attempt, calls, action, model_name, model_version, request, request_blob, request_bytes";

const BEGIN = `
  UPDATE tasks SET status = 'submitting', calls = 1, submitted_at = ?2, doubt_from = ?2, call_ends_at = ?3
  WHERE id = ?1 AND status = 'queued' RETURNING ${SENDABLE_COLUMNS}`;

/** The vendor is about to be called for the first time in this attempt. From here on the task may be paid. */
export function beginTask(sql: Sql, id: string, start: Start): Sendable | undefined {
  return sql.all<Sendable>(BEGIN, id, start.at, start.endsAt)[0];
}

const RESEND = `
  UPDATE tasks SET calls = calls + 1, doubt_from = ?2, call_ends_at = ?3, ${entry("?2", "'Not found at the vendor; sent again.'")}
  WHERE id = ?1 AND status IN ('submitting', 'unknown') AND vendor_task_id IS NULL RETURNING ${SENDABLE_COLUMNS}`;

/** The same attempt is about to be sent again, after it was proved that the calls before made nothing. */
export function resendTask(sql: Sql, id: string, start: Start): Sendable | undefined {
  return sql.all<Sendable>(RESEND, id, start.at, start.endsAt)[0];
}

const ACCEPT = `
  UPDATE tasks SET status = 'running', vendor_task_id = ?2, attempt = max(attempt, ?3), reached = 1, hint = NULL,
    submitted_at = coalesce(submitted_at, ?4), first_position = coalesce(first_position, 0),
    ${entry("?4", "'Accepted by the vendor.'")}
  WHERE id = ?1 AND status IN ${UNFINISHED} AND vendor_task_id IS NULL RETURNING id`;

/** The vendor has it, whoever says so: a yes is recorded in any state short of over, and never overruled. */
export function acceptTask(sql: Sql, id: string, yes: { vendorTaskId: string; attempt: number; now: number }): boolean {
  return sql.all(ACCEPT, id, yes.vendorTaskId, yes.attempt, yes.now).length > 0;
}

const DOUBT = `
  UPDATE tasks SET status = 'unknown', first_position = coalesce(first_position, 0),
    ${entry("?3", "'The vendor did not answer; asking again.'")}
  WHERE id = ?1 AND attempt = ?2 AND status = 'submitting'`;

/** No usable answer came: the vendor may be working on it. */
export function doubtTask(sql: Sql, id: string, attempt: number, now: number): void {
  sql.all(DOUBT, id, attempt, now);
}

const DOUBT_LEFT = `
  UPDATE tasks SET status = 'unknown', first_position = coalesce(first_position, 0),
    ${entry("?2", "'The gateway was restarted; asking the vendor.'")}
  WHERE id IN (SELECT value FROM json_each(?1)) AND status = 'submitting'`;

/** The calls that were in the air when the last life of the object ended are unanswered. */
export function doubtLeftOver(sql: Sql, ids: string[], now: number): void {
  if (ids.length > 0) sql.all(DOUBT_LEFT, JSON.stringify(ids), now);
}

const REQUEUE = `
  UPDATE tasks SET status = 'queued', attempt = attempt + ?3, calls = 0, spent = coalesce(vendor_task_id, spent),
    vendor_task_id = NULL, hint = NULL,
    submitted_at = NULL, doubt_from = NULL, call_ends_at = NULL, reached = max(reached, ?4),
    first_position = coalesce(first_position, 0), ${entry("?5", "?6")}
  WHERE id = ?1 AND attempt = ?2 AND status IN ('submitting', 'unknown', 'running') RETURNING id`;

/**
 * It waits again. The vendor did nothing in this attempt.
 * @param change.steps by how much the attempt rises; the vendor has seen no SessionId of the one that is next
 * @param change.reached the vendor took the attempt before it said that it had no room
 */
export function requeueTask(
  sql: Sql,
  id: string,
  change: { attempt: number; steps: number; reached: boolean; message: string; now: number },
): boolean {
  const { attempt, steps, reached, message, now } = change;
  return sql.all(REQUEUE, id, attempt, steps, reached ? 1 : 0, now, message).length > 0;
}

const HINT = `UPDATE tasks SET hint = ?2 WHERE id = ?1 AND status IN ${UNFINISHED}`;

/** Keeps, or drops, what an event says until the vendor has been asked. */
export function setHint(sql: Sql, id: string, hint: string | null): void {
  sql.all(HINT, id, hint);
}

// No column of an index is touched: each would be a row written more.
const END = `
  UPDATE tasks SET status = ?2, error_code = ?3, error_message = ?4, result = ?5, finished_at = ?6, rev = rev + 1,
    hint = NULL, submitted_at = iif(?7, submitted_at, NULL), ${entry("?6", "?8")}
  WHERE id = ?1 AND status IN ${UNFINISHED} RETURNING id`;

export type End = {
  status: "succeeded" | "failed" | "canceled" | "expired";
  failure?: { code: string; message: string };
  result?: string;
  /** False: the vendor never took it, or nothing was ever sent. */
  submitted: boolean;
  message: string;
};

/** An error text of the vendor's that is longer is cut: a column has a bound. */
const ERROR_MESSAGE_MAX_CHARACTERS = 2_000;
const ERROR_CODE_MAX_CHARACTERS = 200;

/** The end. From here on it is for the record. */
export function endTask(sql: Sql, id: string, end: End, now: number): boolean {
  const ended = sql.all(
    END,
    id,
    end.status,
    end.failure?.code.slice(0, ERROR_CODE_MAX_CHARACTERS) ?? null,
    end.failure?.message.slice(0, ERROR_MESSAGE_MAX_CHARACTERS) ?? null,
    end.result ?? null,
    now,
    end.submitted ? 1 : 0,
    end.message.slice(0, ERROR_CODE_MAX_CHARACTERS),
  );
  return ended.length > 0;
}
