import { bodyLimit } from "hono/body-limit";
import { ApiError } from "./api-error.ts";

/** The vendor takes 10 MB a request. */
export const MAX_BODY_BYTES = 10 * 1024 * 1024;
/** No request has a reason to nest deeper; it bounds every walk over a body. */
export const MAX_JSON_DEPTH = 32;

/** Refuses a longer body before it is read to its end. */
export const limitBody = bodyLimit({
  maxSize: MAX_BODY_BYTES,
  onError: () => {
    throw new ApiError("payload_too_large", `A request body has at most ${MAX_BODY_BYTES} bytes (10 MB).`);
  },
});

/** Whether a JSON value nests at most `depth` levels. */
export function isShallow(value: unknown, depth: number = MAX_JSON_DEPTH): boolean {
  if (value === null || typeof value !== "object") return true;
  return depth > 0 && Object.values(value).every((member) => isShallow(member, depth - 1));
}
