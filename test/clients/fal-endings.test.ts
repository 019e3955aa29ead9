/* How a task can end, as fal's own client sees it. */
import type { FalClient } from "@fal-ai/client";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { paidFor, videoRequest } from "../e2e/support/aigc.ts";
import { bootStack, type TestStack } from "../e2e/support/stack.ts";
import {
  byMiddleware,
  ENDPOINT,
  FILE,
  occupySlot,
  reached,
  recorder,
  refusal,
  STATUSES,
  watch,
} from "./support/fal.ts";

const QUICK_SECONDS = 0.3;
const SLOW_SECONDS = 2;
/** fal's client takes none of 1 s or less. */
const START_TIMEOUT_SECONDS = 1.1;
const NOBODYS_ID = "00000000-0000-7000-8000-000000000000";

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

describe("cancel", () => {
  it("of a waiting task ends it: completed with an error, no result, nothing paid", async () => {
    const blocker = await occupySlot(stack, fal, SLOW_SECONDS, QUICK_SECONDS);
    const requestId = await submit("canceled in time");
    const watching = watch(fal, requestId, true);
    await fal.queue.cancel(ENDPOINT, { requestId });
    const { last, increments } = await watching;
    expect(last).toMatchObject({ status: "COMPLETED", error_type: "canceled" });
    expect(increments).toEqual(["Queued.", "Canceled."]);
    const error = await refusal(fal.queue.result(ENDPOINT, { requestId }));
    expect(error.body).toMatchObject({ code: "canceled", request_id: requestId });
    expect(error.requestId).toBe(requestId);
    await reached(fal, blocker, "COMPLETED");
    expect(await paidFor(stack, "canceled in time")).toHaveLength(0);
  });

  it("of a running task is refused, and the task goes on", async () => {
    const requestId = await occupySlot(stack, fal, SLOW_SECONDS, QUICK_SECONDS);
    await reached(fal, requestId, "IN_PROGRESS");
    const error = await refusal(fal.queue.cancel(ENDPOINT, { requestId }));
    expect([error.status, error.body["status"]]).toEqual([400, "IN_PROGRESS"]);
    expect(error.message).toMatch(/cannot stop/);
    await reached(fal, requestId, "COMPLETED");
    expect((await fal.queue.result(ENDPOINT, { requestId })).data).toMatchObject({ video: FILE });
  });

  it("of a finished task is refused", async () => {
    const requestId = await submit("canceled too late");
    await reached(fal, requestId, "COMPLETED");
    const error = await refusal(fal.queue.cancel(ENDPOINT, { requestId }));
    expect([error.status, error.body["status"]]).toEqual([400, "ALREADY_COMPLETED"]);
  });
});

describe("a task that fails", () => {
  afterEach(() => stack.vendor.configure({ outcome: "success" }));

  it.each([
    ["InvalidParameter.VoilationContent", 422],
    ["InternalError", 500],
  ])("at the vendor with %s: subscribe ends with HTTP %d and the vendor's words", async (code, status) => {
    const message = `The vendor says ${code}.`;
    await stack.vendor.configure({ outcome: { ErrCode: 70_000, ErrCodeExt: code, Message: message } });
    for (const mode of ["polling", "streaming"] as const) {
      const { seen, note } = recorder();
      const error = await refusal(
        fal.subscribe(ENDPOINT, { input: videoRequest(`fails by ${mode}`), mode, onQueueUpdate: note }),
      );
      expect([error.status, error.message]).toEqual([status, message]);
      expect(error.body).toMatchObject({ code, message, detail: message });
      expect(error.body["request_id"]).toBe(error.requestId);
      expect(seen.last).toMatchObject({ status: "COMPLETED", error: message, error_type: code });
      for (const word of seen.statuses) expect(STATUSES).toContain(word);
    }
  });

  it("by not starting in time: startup_timeout, HTTP 504, fetched once", async () => {
    let fetched = 0;
    const counted = byMiddleware({ url: stack.gatewayUrl, apiKey: stack.apiKey }, () => {
      fetched += 1;
    });
    const blocker = await occupySlot(stack, fal, SLOW_SECONDS + START_TIMEOUT_SECONDS, QUICK_SECONDS);
    const prompt = "starts at once or never";
    const { request_id: requestId } = await fal.queue.submit(ENDPOINT, {
      input: videoRequest(prompt),
      startTimeout: START_TIMEOUT_SECONDS,
    });
    const { last } = await watch(fal, requestId, false);
    expect(last).toMatchObject({ status: "COMPLETED", error_type: "startup_timeout" });
    const error = await refusal(counted.queue.result(ENDPOINT, { requestId }));
    expect([error.status, error.timeoutType, error.isUserTimeout]).toEqual([504, "user", true]);
    expect(error.body).toMatchObject({ code: "startup_timeout" });
    expect(fetched).toBe(1);
    await reached(fal, blocker, "COMPLETED");
    expect(await paidFor(stack, prompt)).toHaveLength(0);
  });
});

describe("an id that nobody has", () => {
  const requestId = NOBODYS_ID;

  it("is 404 to every call", async () => {
    const calls = [
      fal.queue.status(ENDPOINT, { requestId }),
      fal.queue.result(ENDPOINT, { requestId }),
      fal.queue.streamStatus(ENDPOINT, { requestId }).then((stream) => stream.done()),
      fal.queue.subscribeToStatus(ENDPOINT, { requestId }),
      fal.queue.subscribeToStatus(ENDPOINT, { requestId, mode: "streaming" }),
    ];
    for (const error of await Promise.all(calls.map(refusal))) {
      expect([error.status, error.body]).toMatchObject([404, { code: "not_found" }]);
    }
    const canceled = await refusal(fal.queue.cancel(ENDPOINT, { requestId }));
    expect([canceled.status, canceled.body]).toMatchObject([404, { status: "NOT_FOUND" }]);
  });
});
