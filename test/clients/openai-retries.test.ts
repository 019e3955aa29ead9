/*
 * OpenAI's client repeats a create whose answer it never got, twice, and names it by nothing: its option `idempotencyKey`
 * is not sent. It numbers its attempts, and that is enough to pay once.
 */
import { randomUUID } from "node:crypto";
import type OpenAI from "openai";
import { toFile } from "openai";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { PNG } from "../../emulator/media-files.ts";
import { paidFor } from "../e2e/support/aigc.ts";
import { bootStack, type TestStack } from "../e2e/support/stack.ts";
import { type CuttingProxy, startCuttingProxy } from "./support/cutting-proxy.ts";
import { ended, openAiAt, refusal } from "./support/openai.ts";

const TASK_SECONDS = 0.3;
/** As often as the client repeats a call by default. */
const CLIENT_RETRIES = 2;
const SLOW_MS = 1_500;

let stack: TestStack;
let line: CuttingProxy;
let client: OpenAI;

beforeAll(async () => {
  stack = await bootStack({ environment: { VOD_CONCURRENCY: "5" } });
  await stack.vendor.configure({ task_seconds: TASK_SECONDS });
  line = await startCuttingProxy(stack.gatewayUrl);
  client = openAiAt({ url: line.url, apiKey: stack.apiKey });
});

beforeEach(() => {
  line.passed.length = 0;
});

afterAll(async () => {
  await line?.close();
  await stack?.stop();
});

const posts = () => line.passed.filter(({ method }) => method === "POST");
const replayed = () => posts().map(({ answer }) => answer.get("idempotent-replayed"));

describe("the answer to a create is lost", () => {
  it(`${CLIENT_RETRIES} times: ${CLIENT_RETRIES + 1} POSTs, one paid task, whose id the client gets`, async () => {
    const prompt = "lost twice";
    line.cut(CLIENT_RETRIES);
    const video = await client.videos.create({ prompt, seconds: "8" });
    expect(posts().map(({ status, headers }) => [status, headers["x-stainless-retry-count"]])).toEqual([
      [200, "0"],
      [200, "1"],
      [200, "2"],
    ]);
    expect(replayed()).toEqual([null, "true", "true"]);
    expect(await ended(client, video.id)).toMatchObject({ status: "completed", prompt });
    expect(await paidFor(stack, prompt)).toHaveLength(1);
  });

  it("with a file, in a form whose boundary is another each time: one paid task", async () => {
    const prompt = "lost with a file";
    line.cut(CLIENT_RETRIES);
    const input_reference = await toFile(PNG.bytes, "first.png", { type: "image/png" });
    await client.videos.create({ prompt, input_reference });
    expect(new Set(posts().map(({ headers }) => headers["content-type"])).size).toBe(CLIENT_RETRIES + 1);
    expect(replayed()).toEqual([null, "true", "true"]);
    expect(await paidFor(stack, prompt)).toHaveLength(1);
  });

  it("to a remix: one paid task", async () => {
    const source = await client.videos.create({ prompt: "to be remixed" });
    line.passed.length = 0;
    line.cut(1);
    const remixed = await client.videos.remix(source.id, { prompt: "lost remix" });
    expect(remixed.remixed_from_video_id).toBe(source.id);
    expect(posts()).toHaveLength(2);
    expect(await paidFor(stack, "lost remix")).toHaveLength(1);
  });

  it("of three equal ones at once: three paid tasks, three ids", async () => {
    const prompt = "lost in company";
    line.cut(3);
    const videos = await Promise.all([1, 2, 3].map(() => client.videos.create({ prompt })));
    expect(posts()).toHaveLength(6);
    expect(new Set(videos.map(({ id }) => id)).size).toBe(3);
    for (const { id } of videos) await ended(client, id);
    expect(await paidFor(stack, prompt)).toHaveLength(3);
  });

  it("with an Idempotency-Key among the headers: one paid task", async () => {
    const prompt = "lost with a key";
    line.cut(CLIENT_RETRIES);
    const headers = { "Idempotency-Key": randomUUID() };
    const { id } = await client.videos.create({ prompt }, { headers });
    expect((await client.videos.create({ prompt }, { headers })).id).toBe(id);
    expect(await paidFor(stack, prompt)).toHaveLength(1);
  });

  it("for good: the client's error, one paid task, and the next create is another", async () => {
    const prompt = "lost for good";
    line.cut(CLIENT_RETRIES + 1);
    await refusal(client.videos.create({ prompt }));
    expect(await paidFor(stack, prompt)).toHaveLength(1);
    const { id } = await client.videos.create({ prompt });
    await ended(client, id);
    expect(await paidFor(stack, prompt)).toHaveLength(2);
  });
});

describe("nothing is lost", () => {
  it("and two equal creates are two paid tasks", async () => {
    const prompt = "twice on purpose";
    const [first, second] = [await client.videos.create({ prompt }), await client.videos.create({ prompt })];
    expect(second.id).not.toBe(first.id);
    expect(replayed()).toEqual([null, null]);
    await ended(client, second.id);
    expect(await paidFor(stack, prompt)).toHaveLength(2);
  });

  it("but the client loses patience while the vendor is slow: one paid task", async () => {
    const prompt = "impatient";
    await stack.vendor.addFault({ action: "CreateAigcVideoTask", kind: "slow", delay_ms: SLOW_MS, times: 1 });
    const impatient = openAiAt({ url: stack.gatewayUrl, apiKey: stack.apiKey }).withOptions({
      timeout: SLOW_MS / 2,
      maxRetries: 5,
    });
    const { id } = await impatient.videos.create({ prompt });
    expect(await ended(client, id)).toMatchObject({ status: "completed" });
    expect(await paidFor(stack, prompt)).toHaveLength(1);
  });
});
