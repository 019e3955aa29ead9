/* Clients of seed 003 as they are found in the wild, each with its own idea of where things are. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { paidFor } from "../e2e/support/aigc.ts";
import { bootStack, COMPLETION_TIMEOUT_MS, type TestStack } from "../e2e/support/stack.ts";
import { type CuttingProxy, startCuttingProxy } from "./support/cutting-proxy.ts";
import { type Client, createClient, READERS, Refused } from "./support/video-generations.ts";

const TASK_SECONDS = 0.3;
const SLOW_SECONDS = 1.5;
const MODEL = "viduq3t-540p";
const NOBODYS_ID = "00000000-0000-7000-8000-000000000000";
/** What the client repeats at most. */
const LOST_ANSWERS = 3;

let stack: TestStack;
let line: CuttingProxy;

beforeAll(async () => {
  stack = await bootStack();
  line = await startCuttingProxy(stack.gatewayUrl);
});

beforeEach(async () => {
  await stack.vendor.configure({ task_seconds: TASK_SECONDS, outcome: "success" });
});

afterAll(async () => {
  await line?.close();
  await stack?.stop();
});

const refusal = async (call: Promise<unknown>): Promise<Refused> => {
  const error = await call.catch((thrown: unknown) => thrown);
  if (error instanceof Refused) return error;
  throw new Error("The call was to be refused.", { cause: error });
};

describe.each(Object.entries(READERS))("a client that reads %s", (how, read) => {
  let client: Client;

  beforeAll(() => {
    client = createClient({ url: stack.gatewayUrl, apiKey: stack.apiKey, read });
  });

  it("submits, waits, and has a video that can be fetched", async () => {
    const prompt = `a car, read by ${how}`;
    await stack.vendor.configure({ task_seconds: SLOW_SECONDS });
    const id = await client.submit({ model: MODEL, prompt, duration: 5, extra_body: { seed: 42 } });
    expect(await client.look(id)).toEqual({ done: false });
    const result = await client.wait(id, COMPLETION_TIMEOUT_MS);
    expect(result).toEqual({ done: true, url: expect.stringMatching(/^http.+\.mp4$/) });
    const file = await fetch((result as { url: string }).url);
    expect([file.status, file.headers.get("content-type")]).toEqual([200, "video/mp4"]);
    expect(await paidFor(stack, prompt)).toHaveLength(1);
  });

  it("learns why a job failed", async () => {
    const failure = "task failed: the picture shows a person";
    await stack.vendor.configure({
      outcome: { ErrCode: 70000, ErrCodeExt: "ContentModerationFailed", Message: failure },
    });
    const id = await client.submit({ model: MODEL, prompt: `doomed, read by ${how}` });
    expect(await client.wait(id, COMPLETION_TIMEOUT_MS)).toEqual({ done: true, failure });
  });

  it("does not take an unknown job for one that goes on", async () => {
    const error = await refusal(client.look(NOBODYS_ID));
    expect([error.status, error.message]).toEqual([404, "There is no task with this id."]);
  });
});

describe("a client of any kind", () => {
  let client: Client;

  beforeAll(() => {
    const read = READERS["new-api's envelope"];
    if (!read) throw new Error("This reader is gone.");
    client = createClient({ url: line.url, apiKey: stack.apiKey, read });
  });

  it.each([
    ["duration", { duration: 17 }],
    ["last_image", { last_image: "https://example.com/tail.png" }],
    ["model", { model: "viduq3p" }],
    ["prompt", { prompt: "" }],
    ["duration", { duration: 99 }],
  ])("is told that %s is wrong, before anything is paid", async (param, changes) => {
    const before = (await stack.vendor.tasks()).length;
    const error = await refusal(client.submit({ model: MODEL, prompt: "never made", ...changes }));
    expect(error.status).toBe(400);
    expect(error.message).toMatch(new RegExp(`^${param}: `));
    expect(error.body).toMatchObject({
      code: "validation_error",
      message: error.message,
      error: { type: "invalid_request_error", param, code: "validation_error" },
    });
    expect(await stack.vendor.tasks()).toHaveLength(before);
  });

  it("with a key that is none is refused", async () => {
    const stranger = createClient({ url: stack.gatewayUrl, apiKey: "sk-nobody", read: () => ({ done: false }) });
    const error = await refusal(stranger.submit({ model: MODEL, prompt: "unpaid" }));
    expect([error.status, error.body["code"]]).toEqual([401, "unauthorized"]);
  });

  it(`pays once, though ${LOST_ANSWERS} answers to its submission are lost`, async () => {
    const prompt = "lost thrice on the way";
    line.passed.length = 0;
    line.cut(LOST_ANSWERS);
    const id = await client.submit({ model: MODEL, prompt });
    expect(line.passed.map(({ method, status }) => `${method} ${status}`)).toEqual(
      Array(LOST_ANSWERS + 1).fill("POST 200"),
    );
    expect(await client.wait(id, COMPLETION_TIMEOUT_MS)).toHaveProperty("url");
    expect(await paidFor(stack, prompt)).toHaveLength(1);
  });

  it("of new-api, with its own names for things, gets the same video", async () => {
    const prompt = "in the words of new-api";
    const images = ["https://example.com/a.png", "https://example.com/b.png"];
    const id = await client.submit({
      model: "vidu-q3-pro",
      prompt,
      images,
      seconds: "5",
      size: "720p",
      metadata: { seed: 7 },
    });
    expect(await client.wait(id, COMPLETION_TIMEOUT_MS)).toHaveProperty("url");
    const [paid] = await paidFor(stack, prompt);
    expect(paid?.request).toMatchObject({
      ModelName: "Vidu",
      ModelVersion: "q3-pro",
      Seed: 7,
      FileInfos: [{ Url: images[0], Usage: "FirstFrame" }],
      LastFrameUrl: images[1],
      OutputConfig: { Resolution: "720P", Duration: 5 },
    });
  });
});
