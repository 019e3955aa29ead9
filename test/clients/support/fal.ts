import { ApiError, createFalClient, type FalClient, type QueueStatus, type RequestMiddleware } from "@fal-ai/client";
import { expect } from "vitest";
import { until } from "../../../scripts/lib/until.ts";
import { COMPLETION_TIMEOUT_MS, type TestStack } from "../../e2e/support/stack.ts";

/** What a user of fal's client passes as the endpoint: the path of the seed's submission. */
export const ENDPOINT = "tencent-vod/v1/aigc-video";

/** The client knows no other statuses: it polls on for ever at any fourth one. */
export const STATUSES: readonly string[] = ["IN_QUEUE", "IN_PROGRESS", "COMPLETED"] satisfies QueueStatus["status"][];

/** A finished task's events, each to be told once. */
export const HISTORY = ["Queued.", "Accepted by the vendor.", "Finished."];

/** The emulator's video in a result. */
export const FILE = {
  url: expect.stringMatching(/\.mp4$/) as string,
  content_type: "video/mp4",
  width: 160,
  height: 90,
};

export const POLL_INTERVAL_MS = 60;

type Target = { url: string; apiKey: string };

/** The client writes every URL for fal's own hosts. */
const atGateway = (url: string, gatewayUrl: string) => url.replace(/^https:\/\/(queue\.)?fal\.run/, gatewayUrl);

/**
 * The URLs rewritten before each request.
 * @param onRequest called for each, those the client repeats included
 */
export function byMiddleware({ url: gatewayUrl, apiKey }: Target, onRequest?: () => void): FalClient {
  return createFalClient({
    credentials: apiKey,
    requestMiddleware: async (request) => {
      onRequest?.();
      return { ...request, url: atGateway(request.url, gatewayUrl) };
    },
  });
}

/** The URLs rewritten in the client's `fetch`. */
export function byFetch({ url: gatewayUrl, apiKey }: Target): FalClient {
  return createFalClient({
    credentials: apiKey,
    fetch: async (input, init) =>
      fetch(atGateway(input instanceof Request ? input.url : String(input), gatewayUrl), init),
  });
}

/** Everything sent to the gateway's proxy, which is told the URL in a header. */
export function byProxy({ url, apiKey }: Target): FalClient {
  return createFalClient({ credentials: apiKey, proxyUrl: { url: `${url}/fal/proxy`, when: "always" } });
}

export const WAYS = {
  requestMiddleware: (target: Target) => byMiddleware(target),
  "fetch override": byFetch,
  proxyUrl: byProxy,
};

/** How a page without `credentials` passes its key: the client runs this before its own proxying. */
export function withKey(apiKey: string): RequestMiddleware {
  return async (request) => ({ ...request, headers: { ...request.headers, authorization: `Key ${apiKey}` } });
}

/** The error a call must end with. */
export async function refusal(call: Promise<unknown>): Promise<ApiError<Record<string, unknown>>> {
  try {
    await call;
  } catch (error) {
    if (error instanceof ApiError) return error as ApiError<Record<string, unknown>>;
    throw error;
  }
  throw new Error("The call was to be refused, and succeeded.");
}

/** Waits until the task's status has this word. */
export async function reached(fal: FalClient, requestId: string, word: QueueStatus["status"]): Promise<QueueStatus> {
  return until(`${requestId} to be ${word}`, COMPLETION_TIMEOUT_MS, async () => {
    const status = await fal.queue.status(ENDPOINT, { requestId });
    return status.status === word && status;
  });
}

/** Every state a client was shown, in order. */
export type Seen = { statuses: string[]; positions: number[]; messages: string[]; last: QueueStatus | undefined };

/** A listener for `onQueueUpdate` or a stream, and what it has heard. `messages` is of the last state that had any. */
export function recorder(): { seen: Seen; note: (status: QueueStatus) => void } {
  const seen: Seen = { statuses: [], positions: [], messages: [], last: undefined };
  return {
    seen,
    note: (status) => {
      seen.statuses.push(status.status);
      if (status.status === "IN_QUEUE") seen.positions.push(status.queue_position);
      if ("logs" in status && status.logs) seen.messages = status.logs.map(({ message }) => message);
      seen.last = status;
    },
  };
}

/** Reads a status stream to its end. `increments` is every message it brought, repetitions included. */
export async function watch(client: FalClient, requestId: string, logs: boolean) {
  const increments: string[] = [];
  const { seen, note } = recorder();
  const stream = await client.queue.streamStatus(ENDPOINT, { requestId, logs });
  stream.on("data", (status) => {
    note(status);
    increments.push(...(("logs" in status && status.logs) || []).map(({ message }: { message: string }) => message));
  });
  const last = await stream.done();
  return { seen, increments, last };
}

/** A task that keeps the vendor's only slot for `seconds`; those after it start as quickly as before. */
export async function occupySlot(stack: TestStack, fal: FalClient, seconds: number, quick: number): Promise<string> {
  await stack.vendor.configure({ task_seconds: seconds });
  const { request_id: requestId } = await fal.queue.submit(ENDPOINT, {
    input: { model_name: "Kling", model_version: "1.6", prompt: `for ${seconds} seconds` },
  });
  await stack.vendor.configure({ task_seconds: quick });
  return requestId;
}
