/* OpenAI Videos: every refusal in OpenAI's form, before anything is paid. */
import { beforeEach, describe, it } from "vitest";
import { addKey, emulator, type Json } from "../support/gateway.ts";
import { type ErrorMembers, formOf, startVideos, type Videos } from "./openai-videos-support.ts";

import { MAX_BODY_BYTES } from "../../src/http/body-size.ts";

let videos: Videos;

beforeEach(async () => {
  videos = await startVideos();
});

const errorOf = ({ body }: { body: Json }) => body["error"] as ErrorMembers;
const send = async (body: BodyInit | null, contentType: string, key: string | null = "sk-test") => {
  const headers: Record<string, string> = contentType ? { "content-type": contentType } : {};
  const response = await videos.gateway.request("/v1/videos", { method: "POST", body, headers, key });
  return { status: response.status, body: await response.json<Json>(), headers: response.headers };
};

describe("a create is refused", () => {
  it.for<[string, Json, Partial<ErrorMembers>]>([
    ["without a prompt", {}, { param: "prompt", code: "missing_required_parameter" }],
    ["with an empty prompt", { prompt: "" }, { param: "prompt" }],
    ["with a prompt that is no text", { prompt: 7 }, { param: "prompt" }],
    ["for an unknown model", { prompt: "a", model: "gpt-4o" }, { param: "model", code: "model_not_found" }],
    [
      "for a model of 65 characters",
      { prompt: "a", model: `Next/${"1".repeat(60)}` },
      { param: "model", message: "model: Use at most 64 characters." },
    ],
    [
      "for a model of 0.9 MB",
      { prompt: "a", model: "m".repeat(900_000) },
      { param: "model", message: "model: Use at most 64 characters." },
    ],
    ["for a size of 1.5 MB", { prompt: "a", size: "9".repeat(1_500_000) }, { param: "size" }],
    ["for seconds that are none", { prompt: "a", seconds: "long" }, { param: "seconds" }],
    ["for no seconds", { prompt: "a", seconds: "0" }, { param: "seconds" }],
    ["for a size that is none", { prompt: "a", size: "large" }, { param: "size" }],
    ["with a member of nobody's", { prompt: "a", style: "noir" }, { param: "style", code: "unknown_parameter" }],
    ["for two videos at once", { prompt: "a", n: 2 }, { param: "n" }],
    ["with half a character", { prompt: "a\ud800" }, { param: "prompt" }],
  ])("%s", async ([, body, error], { expect }) => {
    const answer = await videos.post(body);
    expect(answer.status).toBe(400);
    expect(errorOf(answer)).toMatchObject({
      type: "invalid_request_error",
      message: expect.stringMatching(/\w/) as string,
      ...error,
    });
    expect(await emulator.calls()).toEqual({});
  });

  it.for<[string, Record<string, string | Blob>, Partial<ErrorMembers>]>([
    ["without a prompt", { model: "sora-2" }, { param: "prompt", code: "missing_required_parameter" }],
    [
      "for a model of 65 characters",
      { prompt: "a", model: "🎬".repeat(65) },
      { param: "model", message: "model: Use at most 64 characters." },
    ],
    ["with NUL in a text", { prompt: "a\0b" }, { param: "prompt" }],
    ["with a member of nobody's", { prompt: "a", "style[x]": "1" }, { param: "style", code: "unknown_parameter" }],
    ["with a name of great length", { prompt: "a", ["x".repeat(300)]: "1" }, { param: "x".repeat(200) }],
    [
      "with a file that is no image",
      { prompt: "a", input_reference: new File(["GIF89a, or so"], "a.png", { type: "image/png" }) },
      { param: "input_reference" },
    ],
    [
      "with an empty file",
      { prompt: "a", input_reference: new File([], "a.png", { type: "image/png" }) },
      { param: "input_reference" },
    ],
    ["with a file for a prompt", { prompt: new File(["a car"], "a.txt"), size: "x" }, { param: "prompt" }],
  ])("as a form %s", async ([, fields, error], { expect }) => {
    const answer = await videos.postForm(formOf(fields));
    expect([answer.status, errorOf(answer)]).toMatchObject([400, error]);
    expect(await emulator.calls()).toEqual({});
  });

  it("not for a model of 64 characters", async ({ expect }) => {
    const model = `Next/${"1".repeat(59)}`;
    expect(await videos.post({ prompt: "a", model })).toMatchObject({ status: 200, body: { model } });
  });

  it("with what would be possible instead", async ({ expect }) => {
    videos = await startVideos({ env: { MODEL_POLICY: "strict" } });
    const { body } = await videos.post({ prompt: "a", seconds: "7" });
    expect(body["error"]).toMatchObject({
      problems: [{ loc: ["body", "seconds"], type: "impossible", ctx: { allowed: [4, 8, 12], nearest: 8 } }],
    });
  });

  it("with a field that stands twice in a form", async ({ expect }) => {
    const form = formOf({ prompt: "a car" });
    form.append("prompt", "a bus");
    const answer = await videos.postForm(form);
    expect([answer.status, errorOf(answer).param]).toEqual([400, "prompt"]);
  });

  it.for<[string, number, BodyInit | null, string, string]>([
    ["broken JSON", 400, "{", "application/json", "malformed_json"],
    ["JSON that is no object", 400, "[]", "application/json", "validation_error"],
    ["a broken form", 400, "--x\r\nno part", "multipart/form-data; boundary=y", "bad_request"],
    ["a form without its boundary", 400, "prompt=a", "multipart/form-data", "bad_request"],
    ["another type", 415, "prompt: a", "application/yaml", "unsupported_media_type"],
    ["no type, and no JSON", 400, new Uint8Array([1]), "", "malformed_json"],
    ["a huge form", 413, new Uint8Array(MAX_BODY_BYTES + 1), "multipart/form-data; boundary=y", "payload_too_large"],
  ])("for %s: %d", async ([, status, body, type, code], { expect }) => {
    const answer = await send(body, type);
    expect([answer.status, errorOf(answer).code]).toEqual([status, code]);
    expect(await emulator.calls()).toEqual({});
  });

  it("without a key, with a wrong one, and with one that may not", async ({ expect }) => {
    await addKey("sk-reader", "acme", ["read"]);
    const body = JSON.stringify({ prompt: "a car" });
    const answers = [
      await send(body, "application/json", null),
      await send(body, "application/json", "sk-wrong"),
      await send(body, "application/json", "sk-reader"),
    ];
    expect(answers.map((answer) => [answer.status, errorOf(answer).type])).toEqual([
      [401, "authentication_error"],
      [401, "authentication_error"],
      [403, "authentication_error"],
    ]);
  });

  it("by the vendor, in the vendor's words and once", async ({ expect }) => {
    await emulator.fault({ action: "CreateAigcVideoTask", kind: "error", code: "InvalidParameterValue", times: 1 });
    const answer = await videos.post({ prompt: "a car" });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(errorOf(answer)).toMatchObject({ code: "InvalidParameterValue", type: "invalid_request_error" });
    expect(answer.headers.get("x-should-retry")).toBe("false");
  });
});

describe("other paths and verbs", () => {
  it("below the dialect's answer in its form", async ({ expect }) => {
    const unknown = await videos.get("/v1/videos/a/b/c");
    expect([unknown.status, errorOf(unknown).code]).toEqual([404, "not_found"]);
    const response = await videos.gateway.request("/v1/videos", { method: "PUT" });
    expect(response.status).toBe(405);
    expect(errorOf({ body: await response.json<Json>() }).code).toBe("method_not_allowed");
  });
});
