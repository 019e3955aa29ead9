import type { Context, Next } from "hono";
import { ApiError } from "./api-error.ts";

/**
 * Above the vendor's own limits, so that whoever meets those is told which field it is: an image of 10 MB, which the vendor
 * takes by URL, has 13.4 MB as Base64.
 */
export const MAX_BODY_BYTES = 14 * 1024 * 1024;
/** Many clients see the answer only once they have sent everything; a longer body than this is cut off. */
const MAX_SWALLOWED_BYTES = 64 * 1024 * 1024;
/** How much of a body is read at a time, however small the pieces are in which it comes. */
const READ_BYTES = 64 * 1024;

/**
 * Refuses a body that is too long: before it is kept, where its length is told. One without a length is gathered here by
 * the runtime, because to turn to each piece takes longer than the piece, and a client may send pieces of one byte.
 * @throws {ApiError} `payload_too_large`
 */
export async function limitSize(c: Context, next: Next): Promise<void> {
  const { raw } = c.req;
  if (raw.body) {
    const length = raw.headers.has("transfer-encoding") ? null : raw.headers.get("content-length");
    if (length === null) {
      const pieces = await read(raw.body, MAX_BODY_BYTES);
      if (!pieces) throw tooLarge();
      c.req.raw = new Request(raw, { method: raw.method, body: new Blob(pieces) });
    } else if (!(Number(length) <= MAX_BODY_BYTES)) {
      await read(raw.body, 0);
      throw tooLarge();
    }
  }
  await next();
}

/** Reads a body, if it has an end. Undefined when it is longer than what may be kept; nothing is kept of it then. */
async function read(body: ReadableStream, maxKeptBytes: number): Promise<Uint8Array[] | undefined> {
  // Whoever made the stream: one of the runtime's own can be read so.
  const reader = body.pipeThrough(new IdentityTransformStream()).getReader({ mode: "byob" });
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for (;;) {
    const { value, done } = await reader.readAtLeast(READ_BYTES, new Uint8Array(READ_BYTES));
    if (done) break;
    bytes += value.byteLength;
    if (bytes <= maxKeptBytes) pieces.push(value);
    else pieces.length = 0;
    if (bytes > MAX_SWALLOWED_BYTES) {
      await reader.cancel();
      break;
    }
  }
  return bytes <= maxKeptBytes ? pieces : undefined;
}

function tooLarge(): ApiError {
  return new ApiError("payload_too_large", `A request body has at most ${MAX_BODY_BYTES} bytes (14 MB).`);
}
