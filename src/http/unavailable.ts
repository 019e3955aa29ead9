import { ApiError } from "./api-error.ts";

const RETRY_AFTER_SECONDS = 2;
/** The dispatcher has more to do than it can; clients that come back at once keep it so. */
const OVERLOADED_RETRY_AFTER_SECONDS = 10;

/** The record does not answer. */
export function recordUnavailable(): ApiError {
  return unavailable("The database is not answering; try again.", RETRY_AFTER_SECONDS);
}

/**
 * The dispatcher does not answer.
 * @param submitted the id of the task that it may have taken all the same
 */
export function dispatcherUnavailable({
  submitted,
  overloaded = false,
}: { submitted?: string; overloaded?: boolean } = {}): ApiError {
  const seconds = overloaded ? OVERLOADED_RETRY_AFTER_SECONDS : RETRY_AFTER_SECONDS;
  if (submitted === undefined) return unavailable("The queue is not answering; try again.", seconds);
  const taken = `The queue is not answering, and may have taken the task all the same, as ${submitted}; try again.`;
  return unavailable(taken, seconds, submitted);
}

/** Of what was to be removed together, so much is; the rest needs another request. */
export function moreToRemove(remixes: number, requestId: string): ApiError {
  const message = `${remixes} tasks that were made from this one were removed, and there are more: send the request again.`;
  return new ApiError("unavailable", message, { requestId, headers: { "retry-after": "1" } });
}

function unavailable(message: string, seconds: number, requestId?: string): ApiError {
  return new ApiError("unavailable", `${message} With the same session_id or Idempotency-Key nothing is made twice.`, {
    headers: { "retry-after": String(seconds) },
    ...(requestId !== undefined && { requestId }),
  });
}
