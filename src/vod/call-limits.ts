/**
 * A create call that takes longer counts as unanswered; the vendor usually answers within a second. It begins with the
 * call itself, not with reading and signing, and holds for a renewed signature's second call too.
 */
export const CREATE_TIMEOUT_MS = 15_000;
/** For a large request: to be opened, read and hashed, and opened again. */
export const REQUEST_READ_TIMEOUT_MS = 10_000;
/** From asking for a task until the outcome is known. */
export const CREATE_CALL_MAX_MS = REQUEST_READ_TIMEOUT_MS + CREATE_TIMEOUT_MS;
