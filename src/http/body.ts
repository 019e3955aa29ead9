import { bodyLimit } from "hono/body-limit";
import { ApiError } from "./api-error.ts";

/** The vendor takes 10 MB a request. */
export const MAX_BODY_BYTES = 10 * 1024 * 1024;
/** No request has a reason to nest deeper; it bounds every walk over a body. */
export const MAX_JSON_DEPTH = 32;

/** Refuses a longer body before it is read to its end. */
export const limitBody = bodyLimit({
  maxSize: MAX_BODY_BYTES,
  onError: async (c) => {
    await swallow(c.req.raw);
    throw new ApiError("payload_too_large", `A request body has at most ${MAX_BODY_BYTES} bytes (10 MB).`);
  },
});

/** Many clients see the answer only once they have sent everything; a longer body than this is cut off. */
const MAX_SWALLOWED_BYTES = 64 * 1024 * 1024;

/** Reads a body that is refused and keeps nothing of it. */
async function swallow(request: Request): Promise<void> {
  if (!request.body || request.body.locked) return;
  let bytes = 0;
  for await (const chunk of request.body) {
    bytes += chunk.byteLength;
    if (bytes > MAX_SWALLOWED_BYTES) return;
  }
}

/** Whether a JSON value nests at most `depth` levels. */
export function isShallow(value: unknown, depth: number = MAX_JSON_DEPTH): boolean {
  if (value === null || typeof value !== "object") return true;
  return depth > 0 && Object.values(value).every((member) => isShallow(member, depth - 1));
}
