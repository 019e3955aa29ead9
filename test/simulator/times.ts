/** Time limits of the shell, and how far the world around it goes beyond them. */
export const CREATE_TIMEOUT_MS = 15_000;
export const READ_TIMEOUT_MS = 3_000;
export const LOOK_TIMEOUT_MS = 60_000;
export const TELL_TIMEOUT_MS = 30_000;
/** The vendor may be at work on a create call for so long after its caller has given up. */
export const VENDOR_WORKS_ON_MS = 30_000;
/** How far the object's clock is from the vendor's, at most, either way. */
export const SKEW_MAX_MS = 60_000;
/** What the gateway takes for the end of the vendor's work: the clock's largest jump, and a margin. */
export const RESEND_AFTER_MS = VENDOR_WORKS_ON_MS + 2 * SKEW_MAX_MS + 30_000;
