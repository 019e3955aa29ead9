import { StoreUnavailableError } from "./retry.ts";

/** A request up to this lies in its task's row. A larger one would make every change of the row costly. */
export const REQUEST_INLINE_MAX_BYTES = 16_384;

/** Where larger requests lie. */
export const REQUEST_PREFIX = "requests/";

/** What R2 deletes in one call. */
const DELETE_MAX_KEYS = 1_000;

const encoder = new TextEncoder();

export function requestKey(taskId: string): string {
  return REQUEST_PREFIX + taskId;
}

/** Whatever R2 fails with, the same call may succeed in a moment: its keys and sizes are ours, and within its limits. */
async function answered<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw new StoreUnavailableError(String(error), { cause: error });
  }
}

/**
 * Files, which belong in neither database. Nothing is repeated in here, and every call may be.
 * All of it throws {@link StoreUnavailableError} when R2 does not answer.
 */
export function createBlobs(bucket: R2Bucket) {
  return {
    /** Once this returns the content is durable; what had the key before is replaced. Text is stored as UTF-8. */
    async put(key: string, content: string | Uint8Array): Promise<void> {
      // As bytes, because R2 wants to know the length before the first of them.
      await answered(bucket.put(key, typeof content === "string" ? encoder.encode(content) : content));
    },

    /** Null: there is nothing under this key. */
    text(key: string): Promise<string | null> {
      return answered(bucket.get(key).then((blob) => blob && blob.text()));
    },

    /** The content as it comes in, for who passes it on. Null as above. */
    async open(key: string): Promise<{ size: number; body: ReadableStream<Uint8Array> } | null> {
      const blob = await answered(bucket.get(key));
      return blob && { size: blob.size, body: blob.body };
    },

    /** Keys without content do not matter. */
    async delete(keys: string[]): Promise<void> {
      for (let start = 0; start < keys.length; start += DELETE_MAX_KEYS) {
        await answered(bucket.delete(keys.slice(start, start + DELETE_MAX_KEYS)));
      }
    },

    /** Up to `limit` of what lies under a prefix, in the order of the keys; `cursor` is there while there is more. */
    async list(
      prefix: string,
      { cursor, limit }: { cursor?: string | undefined; limit: number },
    ): Promise<{ blobs: { key: string; uploadedAt: number }[]; cursor?: string }> {
      const page = await answered(bucket.list({ prefix, limit, ...(cursor !== undefined && { cursor }) }));
      const blobs = page.objects.map(({ key, uploaded }) => ({ key, uploadedAt: uploaded.getTime() }));
      return page.truncated ? { blobs, cursor: page.cursor } : { blobs };
    },
  };
}
