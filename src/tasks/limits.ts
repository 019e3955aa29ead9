/** How long a `session_id` and an Idempotency-Key are remembered; the vendor's own window for SessionId. */
export const CLAIM_LIFETIME_MS = 3 * 24 * 60 * 60 * 1000;

/** Error code of a task that was not started in time; fal's word. */
export const STARTUP_TIMEOUT = "startup_timeout";
