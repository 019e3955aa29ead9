/* fal's own client, as it is published, in place of any client written for this gateway. */
import { randomUUID } from "node:crypto";
import { type FalClient, ValidationError } from "@fal-ai/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { paidFor, videoRequest } from "../e2e/support/aigc.ts";
import { bootStack, type TestStack } from "../e2e/support/stack.ts";
import {
  byMiddleware,
  ENDPOINT,
  FILE,
  HISTORY,
  occupySlot,
  POLL_INTERVAL_MS,
  reached,
  recorder,
  refusal,
  STATUSES,
  watch,
  WAYS,
} from "./support/fal.ts";

const QUICK_SECONDS = 0.5;
const SLOW_SECONDS = 2;

let stack: TestStack;
let fal: FalClient;

beforeAll(async () => {
  stack = await bootStack({ environment: { VOD_CONCURRENCY: "1" } });
  await stack.vendor.configure({ task_seconds: QUICK_SECONDS });
  fal = byMiddleware({ url: stack.gatewayUrl, apiKey: stack.apiKey });
});

afterAll(() => stack?.stop());

const submit = async (prompt: string): Promise<string> =>
  (await fal.queue.submit(ENDPOINT, { input: videoRequest(prompt) })).request_id;

function expectFalling(positions: number[]): void {
  expect(positions).toEqual(positions.toSorted((a, b) => b - a));
}

describe.each(Object.entries(WAYS))("pointed here by %s", (way, connect) => {
  let client: FalClient;

  beforeAll(() => {
    client = connect({ url: stack.gatewayUrl, apiKey: stack.apiKey });
  });

  it("submits, asks, watches and fetches", async () => {
    const prompt = `step by step by ${way}`;
    const submitted = await client.queue.submit(ENDPOINT, { input: videoRequest(prompt) });
    const { request_id: requestId } = submitted;
    const url = `${stack.gatewayUrl}/tencent-vod/v1/requests/${requestId}`;
    const urls = { response_url: url, status_url: `${url}/status`, cancel_url: `${url}/cancel` };
    expect(submitted).toMatchObject({ status: "IN_QUEUE", queue_position: expect.any(Number), ...urls });
    const asked = await client.queue.status(ENDPOINT, { requestId });
    expect(STATUSES).toContain(asked.status);
    expect(asked).toMatchObject({ request_id: requestId, ...urls });
    const { seen, last } = await watch(client, requestId, false);
    expect(last).toMatchObject({ status: "COMPLETED", request_id: requestId });
    for (const status of seen.statuses) expect(STATUSES).toContain(status);
    expect(await client.queue.result(ENDPOINT, { requestId })).toEqual({
      requestId,
      data: expect.objectContaining({ request_id: requestId, video: expect.objectContaining(FILE) }),
    });
    expect(await paidFor(stack, prompt)).toHaveLength(1);
  });

  it.each(["polling", "streaming"] as const)("subscribes by %s", async (mode) => {
    const { seen, note } = recorder();
    let enqueued = "";
    const result = await client.subscribe(ENDPOINT, {
      input: videoRequest(`subscribed by ${mode} and ${way}`),
      mode,
      ...(mode === "polling" && { pollInterval: POLL_INTERVAL_MS }),
      logs: true,
      onEnqueue: (requestId) => {
        enqueued = requestId;
      },
      onQueueUpdate: note,
    });
    expect(result.requestId).toBe(enqueued);
    expect(result.data).toMatchObject({ request_id: enqueued, video: FILE });
    expect(seen.statuses.at(-1)).toBe("COMPLETED");
    for (const status of seen.statuses) expect(STATUSES).toContain(status);
    expect(seen.messages).toEqual(HISTORY);
  });

  it("cancels, and learns why not", async () => {
    const blocker = await occupySlot(stack, client, SLOW_SECONDS, QUICK_SECONDS);
    const { request_id: requestId } = await client.queue.submit(ENDPOINT, { input: videoRequest(`dropped by ${way}`) });
    await client.queue.cancel(ENDPOINT, { requestId });
    const again = await refusal(client.queue.cancel(ENDPOINT, { requestId }));
    expect([again.status, again.body["status"]]).toEqual([400, "ALREADY_COMPLETED"]);
    await reached(client, blocker, "COMPLETED");
    expect(await paidFor(stack, `dropped by ${way}`)).toHaveLength(0);
  });
});

describe("submit", () => {
  it("an Idempotency-Key among its headers gives the first task again", async () => {
    const prompt = "with a key of its own";
    const options = { input: videoRequest(prompt), headers: { "Idempotency-Key": randomUUID() } };
    const first = await fal.queue.submit(ENDPOINT, options);
    expect(await fal.queue.submit(ENDPOINT, options)).toEqual(first);
    await reached(fal, first.request_id, "COMPLETED");
    expect(await paidFor(stack, prompt)).toHaveLength(1);
  });

  it("its priority, which it always sends, does not stand above tasks_priority; its hint does no harm", async () => {
    const input = videoRequest("with a priority", { tasks_priority: "5" });
    const { request_id: id } = await fal.queue.submit(ENDPOINT, {
      input,
      priority: "low",
      hint: "warm",
      startTimeout: 60,
    });
    const { body } = await stack.get("/tencent-vod/v1/requests?limit=1");
    expect(body).toMatchObject({ requests: [{ request_id: id, tasks_priority: 5 }] });
    await reached(fal, id, "COMPLETED");
  });

  it("refused input is a ValidationError that names the fields; nothing is paid", async () => {
    const before = (await stack.vendor.tasks()).length;
    const error = await refusal(
      fal.queue.submit(ENDPOINT, { input: { model_name: "Kling", session_id: "s".repeat(51) } }),
    );
    expect(error).toBeInstanceOf(ValidationError);
    const { fieldErrors } = error as unknown as ValidationError;
    expect(fieldErrors.map(({ loc }) => loc)).toEqual(
      expect.arrayContaining([
        ["body", "prompt"],
        ["body", "model_version"],
        ["body", "session_id"],
      ]),
    );
    expect((error as unknown as ValidationError).getFieldErrors("session_id")).toMatchObject([
      { msg: "Use at most 50 characters.", type: "value_error" },
    ]);
    expect(error.message).toMatch(/^\w+: .+ \(and 2 more\)$/);
    expect(await stack.vendor.tasks()).toHaveLength(before);
  });

  it("a key nobody knows is an ApiError", async () => {
    const stranger = byMiddleware({ url: stack.gatewayUrl, apiKey: "sk-nobody" });
    const error = await refusal(stranger.queue.submit(ENDPOINT, { input: videoRequest("unpaid") }));
    expect([error.status, error.body["code"]]).toEqual([401, "unauthorized"]);
  });
});

describe("a queue of three", () => {
  it("status, with and without logs, and both ways to subscribe to it", async () => {
    await occupySlot(stack, fal, SLOW_SECONDS, QUICK_SECONDS);
    const [second, third] = [await submit("second of three"), await submit("third of three")];
    expect(await fal.queue.status(ENDPOINT, { requestId: third })).toMatchObject({
      status: "IN_QUEUE",
      queue_position: 1,
      logs: null,
    });
    expect(await fal.queue.status(ENDPOINT, { requestId: second, logs: true })).toMatchObject({
      status: "IN_QUEUE",
      queue_position: 0,
      logs: [{ message: "Queued.", level: "INFO", source: "USER", timestamp: expect.stringMatching(/^\d{4}-.*Z$/) }],
    });
    const unfinished = await refusal(fal.queue.result(ENDPOINT, { requestId: third }));
    expect([unfinished.status, unfinished.body]).toEqual([400, { detail: "Request is still in progress" }]);

    const [polled, streamed] = [recorder(), recorder()];
    const options = { requestId: third, logs: true };
    const [stream, ...ends] = await Promise.all([
      watch(fal, third, true),
      fal.queue.subscribeToStatus(ENDPOINT, { ...options, pollInterval: POLL_INTERVAL_MS, onQueueUpdate: polled.note }),
      fal.queue.subscribeToStatus(ENDPOINT, { ...options, mode: "streaming", onQueueUpdate: streamed.note }),
    ]);
    for (const end of ends) expect(end).toMatchObject({ status: "COMPLETED", request_id: third });
    for (const { seen } of [polled, streamed, stream]) {
      expect([...new Set(seen.statuses)]).toEqual(STATUSES);
      expect(seen.positions[0]).toBe(1);
      expect(seen.positions.at(-1)).toBe(0);
      expectFalling(seen.positions);
    }
    // The client itself joins what a stream brings, so each entry must come once.
    expect(stream.increments).toEqual(HISTORY);
    expect(streamed.seen.messages).toEqual(HISTORY);
    expect(polled.seen.messages).toEqual(HISTORY);
    const { data } = await fal.queue.result(ENDPOINT, { requestId: third });
    expect(data).toMatchObject({ video: FILE });
  });

  it("a stream of a task that is over already brings everything at once", async () => {
    const requestId = await submit("watched too late");
    await reached(fal, requestId, "COMPLETED");
    const { seen, increments } = await watch(fal, requestId, true);
    expect(seen.statuses).toEqual(["COMPLETED"]);
    expect(increments).toEqual(HISTORY);
    expect(seen.last).toMatchObject({ metrics: { inference_time: expect.any(Number) } });
  });
});
