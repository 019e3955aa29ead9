import type { Services } from "../services.ts";
import { sha256Hex } from "../signing/encoding.ts";
import { lowestIdAt, newTaskId } from "./task-id.ts";

/** As long as SDKs wait for an answer by default: a lost one is asked for again within it. */
const RETRY_WINDOW_MS = 10 * 60 * 1000;

/** An attempt at a create, as the client's SDK numbers them. */
export type RetryMark = {
  /** 0 for the first. */
  attempt: number;
  /** Whose attempts these are: nobody else's can belong to the same create. */
  client: string;
};

/**
 * The Idempotency-Key that a client would have sent, had it thought of one: the same for all attempts at one create, and
 * another for every first attempt, however equal the requests (docs/decisions/0019-retries-without-a-key.md).
 */
export async function keyOfRetry(
  { store, deps }: Services,
  create: { owner: string; fingerprint: string; retry: RetryMark; now: number },
): Promise<string> {
  const { owner, retry, now } = create;
  const group = await store.tasks.joinRecentCreates({
    owner,
    fingerprint: await sha256Hex(JSON.stringify([create.fingerprint, retry.client])),
    requestId: newTaskId(deps, now),
    attempt: retry.attempt,
    afterRequestId: lowestIdAt(now - RETRY_WINDOW_MS),
    expiresAt: now + RETRY_WINDOW_MS,
  });
  return `retry:${group}`;
}
