import * as z from "zod";
import { type Answer, call } from "../../scripts/lib/http.ts";

export type Target = { gatewayUrl: string; apiKey: string };

export type Submitted = { id: string; position: number };

export type Status = { done: boolean; failed: boolean; position: number | undefined };

/** Below the time after which a call is given up. */
const LONG_POLL_SECONDS = 15;

const submitted = z.looseObject({ request_id: z.string(), queue_position: z.number() });
const status = z.looseObject({
  status: z.string(),
  queue_position: z.number().optional(),
  error: z.string().optional(),
});

/** Submits the smallest request that passes. @throws when it is not accepted. */
export async function submit({ gatewayUrl, apiKey }: Target, more: Record<string, unknown> = {}): Promise<Submitted> {
  const json = { model_name: "Kling", model_version: "1.6", prompt: "A paper boat", ...more };
  const answer = await call(`${gatewayUrl}/tencent-vod/v1/aigc-video`, { json, apiKey });
  const { request_id: id, queue_position: position } = submitted.parse(bodyOf(answer, [200]));
  return { id, position };
}

/** Submits `count` tasks at once. */
export function submitAtOnce(
  target: Target,
  count: number,
  more: (index: number) => Record<string, unknown> = () => ({}),
): Promise<Submitted[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => submit(target, more(index))));
}

export async function readStatus({ gatewayUrl, apiKey }: Target, id: string, waitSeconds = 0): Promise<Status> {
  const wait = waitSeconds > 0 ? `?wait=${waitSeconds}` : "";
  const answer = await call(`${gatewayUrl}/tencent-vod/v1/requests/${id}/status${wait}`, { apiKey });
  const body = status.parse(bodyOf(answer, [200, 202]));
  return {
    done: answer.status === 200,
    failed: body.error !== undefined,
    position: body.status === "IN_QUEUE" ? body.queue_position : undefined,
  };
}

/**
 * Waits until every task is done.
 * @returns how many succeeded
 * @throws after `timeoutMs`
 */
export async function succeededOf(target: Target, ids: readonly string[], timeoutMs: number): Promise<number> {
  const deadline = Date.now() + timeoutMs;
  let succeeded = 0;
  for (const id of ids) {
    let now = await readStatus(target, id, LONG_POLL_SECONDS);
    while (!now.done) {
      if (Date.now() > deadline) throw new Error(`Waited ${timeoutMs / 1000} s in vain for task ${id}`);
      now = await readStatus(target, id, LONG_POLL_SECONDS);
    }
    if (!now.failed) succeeded += 1;
  }
  return succeeded;
}

function bodyOf(answer: Answer, expected: readonly number[]): unknown {
  if (expected.includes(answer.status)) return answer.body;
  throw new Error(`HTTP ${answer.status}: ${JSON.stringify(answer.body)}`);
}
