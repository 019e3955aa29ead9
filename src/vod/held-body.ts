import type { Deps } from "../deps.ts";

/** A host that sends less than this while it is waited for is as good as silent. */
const MIN_BYTES_PER_MS = 16;
/** While bytes go on, whoever gets them is asked about this often. */
const RECHECK_MS = 10_000;

export type BodyLimits = {
  maxBytes: number;
  /** How long the next bytes may take. Time in which the reader does not read does not count. */
  idleMs: number;
  /** Throws once whoever reads may do so no more. */
  recheck?: (() => Promise<void>) | undefined;
};

export type CutReason = "too_large" | "stalled" | "broken" | "not_allowed";

class Cut extends Error {
  readonly reason: CutReason;
  constructor(reason: CutReason) {
    super(reason);
    this.reason = reason;
  }
}

/**
 * A body that ends, whatever its host does. One that is cut off errors, so that nobody takes it for whole.
 * @param length how many bytes it is to have, if that is known; fewer, or more, are an error
 * @param onCut is told why it was cut off; not when its reader went away
 */
export function heldBody(
  { now }: Pick<Deps, "now">,
  body: ReadableStream<Uint8Array>,
  { length, limits, onCut }: { length: number | undefined; limits: BodyLimits; onCut: (reason: CutReason) => void },
): ReadableStream<Uint8Array> {
  const { readable, writable } = length === undefined ? new IdentityTransformStream() : new FixedLengthStream(length);
  const reader = body.getReader();
  const writer = writable.getWriter();

  async function pass(): Promise<void> {
    let bytes = 0;
    let waitedMs = 0;
    let checkedAt = now();
    for (;;) {
      const askedAt = now();
      const { done, value } = await nextOf(reader, limits.idleMs);
      if (done) break;
      waitedMs += now() - askedAt;
      bytes += value.byteLength;
      if (bytes > limits.maxBytes) throw new Cut("too_large");
      if (waitedMs > limits.idleMs + bytes / MIN_BYTES_PER_MS) throw new Cut("stalled");
      if (limits.recheck && now() - checkedAt >= RECHECK_MS) {
        checkedAt = now();
        await limits.recheck().catch(() => Promise.reject(new Cut("not_allowed")));
      }
      // Rejects when the reader has gone.
      await writer.write(value);
    }
    await writer.close();
  }

  void pass().catch(async (error: unknown) => {
    if (error instanceof Cut) onCut(error.reason);
    await Promise.allSettled([reader.cancel(error), writer.abort(error)]);
  });
  return readable;
}

async function nextOf(reader: ReadableStreamDefaultReader<Uint8Array>, idleMs: number) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Cut("stalled")), idleMs);
  });
  try {
    return await Promise.race([reader.read().catch(() => Promise.reject(new Cut("broken"))), late]);
  } finally {
    clearTimeout(timer ?? null);
  }
}
