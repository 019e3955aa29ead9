/* OpenAI's own client, as it is published, with nothing changed but its base URL and key. */
import type OpenAI from "openai";
import { AuthenticationError, BadRequestError, NotFoundError, toFile } from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PNG } from "../../emulator/media-files.ts";
import { paidFor } from "../e2e/support/aigc.ts";
import { bootStack, type TestStack } from "../e2e/support/stack.ts";
import { ended, openAiAt, refusal } from "./support/openai.ts";

const TASK_SECONDS = 0.3;
const MAX_REFERENCE_BYTES = 7 * 1024 * 1024;

let stack: TestStack;
let client: OpenAI;

beforeAll(async () => {
  stack = await bootStack();
  await stack.vendor.configure({ task_seconds: TASK_SECONDS });
  client = openAiAt({ url: stack.gatewayUrl, apiKey: stack.apiKey });
});

afterAll(() => stack?.stop());

const bytesOf = async (response: Response) => new Uint8Array(await response.arrayBuffer());

describe("the client", () => {
  it("creates, asks and downloads", async () => {
    const prompt = "from nothing to a file";
    const created = await client.videos.create({ prompt, model: "sora-2", seconds: "8", size: "1280x720" });
    expect(created).toMatchObject({ object: "video", status: "queued", prompt, seconds: "8", size: "1280x720" });
    const video = await ended(client, created.id);
    expect(video).toMatchObject({ id: created.id, status: "completed", progress: 100, model: "sora-2", error: null });
    const bytes = await bytesOf(await client.videos.downloadContent(created.id));
    const result = await stack.get(`/tencent-vod/v1/requests/${created.id}`);
    const { video: file } = result.body as { video: { url: string } };
    expect(bytes).toEqual(await bytesOf(await fetch(file.url)));
    expect(await bytesOf(await client.videos.downloadContent(created.id, { variant: "video" }))).toEqual(bytes);
    const [paid, ...others] = await paidFor(stack, prompt);
    expect(others).toEqual([]);
    expect(paid?.request).toMatchObject({
      ModelName: "OS",
      ModelVersion: "2.0",
      OutputConfig: { Duration: 8, Resolution: "720P", AspectRatio: "16:9" },
    });
  });

  it("sends a file, a URL in its object, and a model of the catalogue", async () => {
    const file = await toFile(PNG.bytes, "first.png", { type: "image/png" });
    await client.videos.create({ prompt: "from a file", input_reference: file });
    const url = "https://files.test/first.png";
    const input = { prompt: "from a URL", input_reference: { image_url: url }, model: "kling-2.5" };
    const { id } = await client.videos.create(input);
    await ended(client, id);
    const frames = async (prompt: string) => (await paidFor(stack, prompt)).map(({ request }) => request["FileInfos"]);
    const frame = { Category: "Image", Usage: "FirstFrame" };
    expect(await frames("from a file")).toMatchObject([[{ Type: "Base64", ...frame }]]);
    expect(await frames("from a URL")).toEqual([[{ Type: "Url", Url: url, ...frame }]]);
  });

  it("lists page by page, deletes, and finds no more", async () => {
    const made: string[] = [];
    for (const number of [1, 2, 3]) made.push((await client.videos.create({ prompt: `listed ${number}` })).id);
    const listed: string[] = [];
    for await (const video of client.videos.list({ limit: 2, order: "asc" })) listed.push(video.id);
    expect(listed.slice(-3)).toEqual(made);
    expect(new Set(listed).size).toBe(listed.length);
    const [first = ""] = made;
    await ended(client, first);
    expect(await client.videos.delete(first)).toEqual({ id: first, deleted: true, object: "video.deleted" });
    const error = await refusal(client.videos.retrieve(first));
    expect(error).toBeInstanceOf(NotFoundError);
    const left: string[] = [];
    for await (const video of client.videos.list()) left.push(video.id);
    expect(left).toEqual(listed.filter((id) => id !== first).toReversed());
  });

  it("remixes", async () => {
    const source = await client.videos.create({ prompt: "the first", seconds: "12" });
    const remixed = await client.videos.remix(source.id, { prompt: "the second" });
    expect(remixed).toMatchObject({ prompt: "the second", seconds: "12", remixed_from_video_id: source.id });
    expect(await ended(client, remixed.id)).toMatchObject({
      status: "completed",
      remixed_from_video_id: source.id,
    });
  });

  it("is told when to ask again", async () => {
    const { response } = await client.videos.create({ prompt: "when" }).withResponse();
    expect(Number(response.headers.get("openai-poll-after-ms"))).toBeGreaterThanOrEqual(1_000);
  });
});

describe("the client is told", () => {
  it("why a video failed", async () => {
    const outcome = { ErrCode: 70000, ErrCodeExt: "InvalidParameter.VoilationContent", Message: "not this" };
    await stack.vendor.configure({ outcome });
    const { id } = await client.videos.create({ prompt: "to fail" });
    const video = await ended(client, id);
    await stack.vendor.configure({ outcome: "success" });
    expect(video).toMatchObject({ status: "failed", error: { code: outcome.ErrCodeExt, message: outcome.Message } });
    expect((await refusal(client.videos.downloadContent(id))).code).toBe(outcome.ErrCodeExt);
  });

  it.each([
    ["an unknown model", { prompt: "a", model: "gpt-4o" }, { code: "model_not_found", param: "model" }],
    ["no prompt", {}, { code: "missing_required_parameter", param: "prompt" }],
    ["an impossible length", { prompt: "a", seconds: "0" }, { param: "seconds" }],
    ["an impossible size", { prompt: "a", size: "7x7" }, { param: "size" }],
    ["an unknown parameter", { prompt: "a", style: "noir" }, { code: "unknown_parameter", param: "style" }],
  ])("%s", async (_, body, members) => {
    const error = await refusal(client.videos.create(body as OpenAI.VideoCreateParams));
    expect(error).toBeInstanceOf(BadRequestError);
    expect(error).toMatchObject({ status: 400, type: "invalid_request_error", ...members });
  });

  it("that a file is too large, once", async () => {
    const file = await toFile(new Uint8Array(MAX_REFERENCE_BYTES + 3), "large.png", { type: "image/png" });
    const error = await refusal(client.videos.create({ prompt: "too large", input_reference: file }));
    expect([error.status, error.param]).toEqual([413, "input_reference"]);
    expect(await paidFor(stack, "too large")).toEqual([]);
  });

  it("that its key is wrong", async () => {
    const stranger = openAiAt({ url: stack.gatewayUrl, apiKey: "sk-wrong" });
    expect(await refusal(stranger.videos.create({ prompt: "a" }))).toBeInstanceOf(AuthenticationError);
    expect(await refusal(stranger.videos.retrieve("a"))).toBeInstanceOf(AuthenticationError);
  });

  it("at once that there is nothing to download yet, nor another variant", async () => {
    await stack.vendor.configure({ task_seconds: 2 });
    const { id } = await client.videos.create({ prompt: "slow" });
    await stack.vendor.configure({ task_seconds: TASK_SECONDS });
    const early = await refusal(client.videos.downloadContent(id));
    expect([early.status, early.code]).toEqual([400, "video_not_finished"]);
    expect((await refusal(client.videos.delete(id))).code).toBe("video_not_finished");
    await ended(client, id);
    expect((await refusal(client.videos.downloadContent(id, { variant: "thumbnail" }))).status).toBe(404);
  });

  it("that edits and extensions are not served", async () => {
    expect((await refusal(client.videos.edit({ prompt: "a", video: { id: "b" } }))).status).toBe(405);
    expect((await refusal(client.videos.extend({ prompt: "a", seconds: "4", video: { id: "b" } }))).status).toBe(405);
  });
});
