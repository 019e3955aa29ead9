/*
 * fal's client repeats a submission whose answer it never got, up to three times, and names it by nothing of its own:
 * whoever minds paying twice gives it a name. Behind the lost answers lies a gateway that has taken the task.
 */
import { randomUUID } from "node:crypto";
import type { FalClient } from "@fal-ai/client";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { paidFor, videoRequest } from "../e2e/support/aigc.ts";
import { bootStack, type TestStack } from "../e2e/support/stack.ts";
import { type CuttingProxy, startCuttingProxy } from "./support/cutting-proxy.ts";
import { byMiddleware, byProxy, ENDPOINT, FILE, reached, refusal } from "./support/fal.ts";

const TASK_SECONDS = 0.3;
/** As often as the client repeats a submission. */
const CLIENT_RETRIES = 3;

let stack: TestStack;
let line: CuttingProxy;
let fal: FalClient;

beforeAll(async () => {
  stack = await bootStack();
  await stack.vendor.configure({ task_seconds: TASK_SECONDS });
  line = await startCuttingProxy(stack.gatewayUrl);
  fal = byMiddleware({ url: line.url, apiKey: stack.apiKey });
});

beforeEach(() => {
  line.passed.length = 0;
});

afterAll(async () => {
  await line?.close();
  await stack?.stop();
});

const submissions = () => line.passed.filter(({ method }) => method === "POST");

describe("the answer to a submission is lost", () => {
  it(`${CLIENT_RETRIES} times, with an Idempotency-Key: each repetition gets the first answer, one task is paid`, async () => {
    const prompt = "lost thrice, with a key";
    line.cut(CLIENT_RETRIES);
    const headers = { "Idempotency-Key": randomUUID() };
    const { request_id: requestId } = await fal.queue.submit(ENDPOINT, { input: videoRequest(prompt), headers });
    expect(submissions()).toHaveLength(CLIENT_RETRIES + 1);
    expect(submissions().map(({ status }) => status)).toEqual(Array(CLIENT_RETRIES + 1).fill(200));
    expect(submissions().map(({ answer }) => answer.get("x-fal-request-id"))).toEqual(
      Array(CLIENT_RETRIES + 1).fill(requestId),
    );
    expect(submissions().map(({ answer }) => answer.get("idempotent-replayed"))).toEqual([
      null,
      ...Array<string>(CLIENT_RETRIES).fill("true"),
    ]);
    await reached(fal, requestId, "COMPLETED");
    expect((await fal.queue.result(ENDPOINT, { requestId })).data).toMatchObject({ video: FILE });
    expect(await paidFor(stack, prompt)).toHaveLength(1);
  });

  it("once, with a session_id: the repetition is refused with the first task's id, one task is paid", async () => {
    const prompt = "lost once, with a session";
    line.cut(1);
    const input = videoRequest(prompt, { session_id: randomUUID() });
    const error = await refusal(fal.queue.submit(ENDPOINT, { input }));
    expect(submissions().map(({ status }) => status)).toEqual([200, 409]);
    expect([error.status, error.body["code"]]).toEqual([409, "duplicate_session_id"]);
    const requestId = String(error.body["request_id"]);
    expect(submissions()[0]?.answer.get("x-fal-request-id")).toBe(requestId);
    await reached(fal, requestId, "COMPLETED");
    expect((await fal.queue.result(ENDPOINT, { requestId })).data).toMatchObject({ video: FILE });
    expect(await paidFor(stack, prompt)).toHaveLength(1);
  });

  it("once, with both: the key counts, and subscribe never notices", async () => {
    const prompt = "lost once, with both";
    line.cut(1);
    const { data, requestId } = await fal.subscribe(ENDPOINT, {
      input: videoRequest(prompt, { session_id: randomUUID() }),
      headers: { "Idempotency-Key": randomUUID() },
      mode: "streaming",
    });
    expect(submissions().map(({ status }) => status)).toEqual([200, 200]);
    expect(data).toMatchObject({ request_id: requestId, video: FILE });
    expect(await paidFor(stack, prompt)).toHaveLength(1);
  });

  it("once, in proxy mode with an Idempotency-Key: one task is paid", async () => {
    const prompt = "lost once, through the proxy";
    line.cut(1);
    const proxied = byProxy({ url: line.url, apiKey: stack.apiKey });
    const headers = { "Idempotency-Key": randomUUID() };
    const { request_id: requestId } = await proxied.queue.submit(ENDPOINT, { input: videoRequest(prompt), headers });
    expect(submissions().map(({ path, status }) => `${path} ${status}`)).toEqual(Array(2).fill("/fal/proxy 200"));
    await reached(proxied, requestId, "COMPLETED");
    expect(await paidFor(stack, prompt)).toHaveLength(1);
  });
});
