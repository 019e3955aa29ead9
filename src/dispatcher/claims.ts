import type { Sql } from "./sql.ts";

/* What a name stands for is a column of the task that holds it. */

const RELEASE_SESSION = "UPDATE tasks SET holds_session = 0 WHERE id = ?1 AND holds_session = 1";
const RELEASE_KEY = `
  UPDATE tasks SET holds_key = 0, retry_print = NULL, retry_attempts = NULL
  WHERE id = ?1 AND (holds_key = 1 OR retry_print IS NOT NULL)`;

/** Gives the session_id back: another task may have it. */
export function releaseSession(sql: Sql, id: string): void {
  sql.all(RELEASE_SESSION, id);
}

/** Gives the Idempotency-Key back: the same request may succeed under it. */
export function releaseKey(sql: Sql, id: string): void {
  sql.all(RELEASE_KEY, id);
}

const NOTE_ATTEMPT = "UPDATE tasks SET retry_attempts = retry_attempts || ?2 WHERE id = ?1";

/** An attempt, and the request that it came in: the same one told again is no other attempt. */
export const attemptEntry = ({ attempt, requestId }: { attempt: number; requestId: string }) =>
  `${attempt}:${requestId},`;

/** One more attempt at a create whose SDK numbers them. */
export function noteAttempt(sql: Sql, id: string, noted: { attempt: number; requestId: string }): void {
  sql.all(NOTE_ATTEMPT, id, attemptEntry(noted));
}
