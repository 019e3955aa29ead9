import { hex, utf8 } from "../signing/encoding.ts";
import type { Unsent } from "./transport.ts";

/** A request that is not at hand as text. */
export type LargeRequest = {
  /** Bytes. */
  size: number;
  /** Null: it is gone. Throws when it cannot be read now. Each call gives a stream of its own. */
  open: () => Promise<ReadableStream<Uint8Array> | null>;
};

const CLOSING_BRACE = 0x7d;
const READ_BYTES = 64 * 1024;

/** The request could not be read to its end. */
export class UnreadableRequestError extends Error {
  override readonly name = "UnreadableRequestError";
  /** It will never be readable. */
  readonly gone: boolean;
  constructor(message: string, gone: boolean, options?: ErrorOptions) {
    super(message, options);
    this.gone = gone;
  }
  get unsent(): Unsent {
    return { kind: "unsent", gone: this.gone };
  }
}

/** SHA-256 of a payload, in lower-case hex. @throws {UnreadableRequestError} */
export async function hashOf(request: LargeRequest, tail: string, limit: AbortSignal): Promise<string> {
  const reader = await openRequest(request, limit);
  const stop = () => void reader.cancel().catch(() => {});
  limit.addEventListener("abort", stop);
  const digest = new crypto.DigestStream("SHA-256");
  const writer = digest.getWriter();
  try {
    for await (const bytes of payload(reader, request.size, tail)) await writer.write(bytes);
    await writer.close();
    return hex(await digest.digest);
  } catch (error) {
    stop();
    // A cut-off stream looks like one that has ended.
    throw limit.aborted ? new UnreadableRequestError("too slow", false, { cause: error }) : error;
  } finally {
    limit.removeEventListener("abort", stop);
  }
}

export type Upload = {
  body: ReadableStream<Uint8Array>;
  /**
   * What the body waits for: the request's next part, or the vendor taking one. Short of `sent` the vendor has not had
   * the whole, and cannot take a part for it: the signature covers all of it.
   */
  state: () => "reading" | "writing" | "sent" | "unreadable";
  /** Lets go of both ends. */
  stop: () => void;
};

/** A payload as the body of one call; what is read is handed on before more is read. @throws {UnreadableRequestError} */
export async function uploadOf(request: LargeRequest, tail: string, limit: AbortSignal): Promise<Upload> {
  const reader = await openRequest(request, limit);
  const { readable, writable } = new FixedLengthStream(request.size - 1 + utf8(tail).byteLength);
  const writer = writable.getWriter();
  let state: ReturnType<Upload["state"]> = "reading";

  async function pump(): Promise<void> {
    for await (const bytes of payload(reader, request.size, tail)) {
      state = "writing";
      await writer.write(bytes);
      state = "reading";
    }
    state = "sent";
    await writer.close();
  }
  const stop = (): void => {
    void reader.cancel().catch(() => {});
    void writer.abort().catch(() => {});
  };
  void pump().catch(() => {
    if (state === "reading") state = "unreadable";
    stop();
  });
  return { body: readable, state: () => state, stop };
}

async function openRequest(request: LargeRequest, limit: AbortSignal): Promise<Source> {
  const stream = await opened(request, limit).catch((error: unknown) => {
    throw new UnreadableRequestError("cannot be opened", false, { cause: error });
  });
  if (!stream) throw new UnreadableRequestError("gone", true);
  return sourceOf(stream);
}

type Source = Pick<ReadableStreamDefaultReader<Uint8Array>, "read" | "cancel">;

/** Object storage gives byte streams, in chunks of 4 KB unless more is asked for. */
function sourceOf(stream: ReadableStream<Uint8Array>): Source {
  try {
    const reader = stream.getReader({ mode: "byob" });
    return {
      read: () => reader.readAtLeast(READ_BYTES, new Uint8Array(READ_BYTES)),
      cancel: () => reader.cancel(),
    };
  } catch {
    return stream.getReader();
  }
}

/** Waits no longer than the limit; a stream that comes later is closed. */
function opened(request: LargeRequest, limit: AbortSignal): Promise<ReadableStream<Uint8Array> | null> {
  return new Promise((resolve, reject) => {
    const late = () => reject(new Error("too slow", { cause: limit.reason }));
    if (limit.aborted) return late();
    limit.addEventListener("abort", late);
    request
      .open()
      .then((stream) => (limit.aborted ? stream?.cancel() : resolve(stream)))
      .catch(reject)
      .finally(() => limit.removeEventListener("abort", late));
  });
}

/**
 * The stored text without its closing brace, then the tail.
 * @throws {UnreadableRequestError} `gone` when it ends, and is not what was stored
 */
async function* payload(reader: Source, size: number, tail: string): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  let last: number | undefined;
  for (;;) {
    const { done, value } = await reader.read().catch((error: unknown) => {
      throw new UnreadableRequestError("broke off", false, { cause: error });
    });
    if (done) break;
    const room = size - 1 - bytes;
    bytes += value.byteLength;
    if (bytes > size) break;
    last = value.at(-1) ?? last;
    if (room > 0 && value.byteLength > 0) yield value.subarray(0, room);
  }
  if (bytes !== size || last !== CLOSING_BRACE) throw new UnreadableRequestError("not what was stored", true);
  yield utf8(tail);
}
