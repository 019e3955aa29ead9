/* The video generations dialect: its four bodies at the vendor, its job, and its tasks seen through the AIGC dialect. */
import { beforeEach, describe, type ExpectStatic, it } from "vitest";
import firstLast from "../fixtures/seeds/vidu-first-last.json";
import fromImage from "../fixtures/seeds/vidu-image.json";
import reference from "../fixtures/seeds/vidu-reference.json";
import fromText from "../fixtures/seeds/vidu-text.json";
import {
  CALLBACK,
  CAR,
  completionOf,
  emulator,
  type Gateway,
  type Json,
  startGateway,
  vendorFinishes,
} from "../support/gateway.ts";

const PATH = "/v1/video/generations";
const REQUESTS = "/tencent-vod/v1/requests";
const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const PIXEL = "iVBORw0KGgo=";

let gateway: Gateway;

beforeEach(async () => {
  await emulator.reset();
  gateway = await startGateway();
});

async function submit(body: unknown): Promise<string> {
  const response = await gateway.post(PATH, body);
  if (response.status !== 200) throw new Error(`Refused: ${await response.text()}`);
  return (await response.json<{ id: string }>()).id;
}

async function complete(): Promise<void> {
  for (const task of await vendorFinishes()) {
    const response = await gateway.post(CALLBACK, await completionOf(task), { key: null });
    if (response.status !== 200) throw new Error(`Callback refused: ${await response.text()}`);
  }
}

async function vendorGot(): Promise<Json> {
  const [task, ...others] = await emulator.tasks();
  if (!task || others.length > 0) throw new Error(`The vendor has ${others.length} tasks too many, or none.`);
  const { SubAppId: _app, SessionId: _id, SessionContext: _context, ...request } = task.request;
  return request;
}

const read = async (path: string) => {
  const response = await gateway.get(path);
  return { status: response.status, body: await response.json<Json>() };
};

const nowSeconds = () => Math.floor(Date.now() / 1000);

describe("a submission", () => {
  it.for([
    ["text", fromText],
    ["first frame", fromImage],
    ["first and last frame", firstLast],
    ["reference images", reference],
  ] as const)("of the seed's body with %s is answered key for key", async ([, body], { expect }) => {
    const before = nowSeconds();
    const response = await gateway.post(PATH, body);
    expect(response.status).toBe(200);
    const answer = await response.json<{ id: string; created_at: number }>();
    expect(answer.id).toMatch(UUID_V7);
    expect(answer).toEqual({
      id: answer.id,
      task_id: answer.id,
      object: "video.generation.job",
      model: body.model,
      status: "queued",
      progress: 0,
      created_at: expect.any(Number) as number,
    });
    expect(Number.isInteger(answer.created_at)).toBe(true);
    expect(answer.created_at).toBeGreaterThanOrEqual(before);
    expect(answer.created_at).toBeLessThanOrEqual(nowSeconds());
    expect(await emulator.calls()).toEqual({ CreateAigcVideoTask: { OK: 1 } });
  });
});

const image = (url: string, usage: string) => ({ Type: "Url", Url: url, Category: "Image", Usage: usage });

describe("translation", () => {
  it.for([
    [
      "text",
      fromText,
      {
        ModelName: "Vidu",
        ModelVersion: "q3-pro",
        Prompt: fromText.prompt,
        Seed: 42,
        OutputConfig: {
          StorageMode: "Temporary",
          Resolution: "720P",
          Duration: 5,
          AspectRatio: "16:9",
          AudioGeneration: "Disabled",
          EnableBGM: "Disabled",
        },
      },
    ],
    [
      "a first frame",
      fromImage,
      {
        ModelName: "Vidu",
        ModelVersion: "q3-turbo",
        Prompt: fromImage.prompt,
        FileInfos: [image("https://example.com/source.png", "FirstFrame")],
        Seed: 42,
        OutputConfig: { StorageMode: "Temporary", Resolution: "540P", Duration: 5 },
      },
    ],
    [
      "first and last frame, off peak",
      firstLast,
      {
        ModelName: "Vidu",
        ModelVersion: "q3-pro",
        Prompt: firstLast.prompt,
        FileInfos: [image("https://example.com/head.png", "FirstFrame")],
        LastFrameUrl: "https://example.com/tail.png",
        OutputConfig: { StorageMode: "Temporary", Resolution: "1080P", Duration: 6, OffPeak: "Enabled" },
      },
    ],
    [
      "reference images",
      reference,
      {
        ModelName: "Vidu",
        ModelVersion: "q3-mix",
        Prompt: reference.prompt,
        FileInfos: [
          image("https://example.com/ref-1.png", "Reference"),
          image("https://example.com/ref-2.png", "Reference"),
        ],
        Seed: 42,
        OutputConfig: {
          StorageMode: "Temporary",
          Resolution: "720P",
          Duration: 5,
          AspectRatio: "16:9",
          AudioGeneration: "Disabled",
        },
      },
    ],
  ] as const)("of the seed's body with %s", async ([, body, request], { expect }) => {
    await submit(body);
    expect(await vendorGot()).toEqual(request);
  });

  it('null and "" are absent, numbers may be strings, false is not absent', async ({ expect }) => {
    await submit({
      ...fromText,
      image: "",
      last_image: null,
      reference_image_urls: null,
      aspect_ratio: "",
      duration: "16",
      extra_body: { audio: true, bgm: null, seed: "0" },
    });
    expect(await vendorGot()).toEqual({
      ModelName: "Vidu",
      ModelVersion: "q3-pro",
      Prompt: fromText.prompt,
      Seed: 0,
      OutputConfig: { StorageMode: "Temporary", Resolution: "720P", Duration: 16, AudioGeneration: "Enabled" },
    });
  });

  it("model and prompt alone are enough", async ({ expect }) => {
    await submit({ model: "viduq3t-1080p", prompt: "a car", extra_body: null });
    expect(await vendorGot()).toEqual({
      ModelName: "Vidu",
      ModelVersion: "q3-turbo",
      Prompt: "a car",
      OutputConfig: { StorageMode: "Temporary", Resolution: "1080P" },
    });
  });

  it("images in data URLs are sent as Base64 without the prefix", async ({ expect }) => {
    const url = `data:image/png;base64,${PIXEL}`;
    await submit({ ...fromImage, image: url, last_image: url });
    expect((await vendorGot()).FileInfos).toEqual([
      { Type: "Base64", Base64: PIXEL, Category: "Image", Usage: "FirstFrame" },
      { Type: "Base64", Base64: PIXEL, Category: "Image", Usage: "LastFrame" },
    ]);
  });

  it.for([
    ["viduq3p-540p", "q3-pro", "540P", undefined],
    ["viduq3p-720p", "q3-pro", "720P", undefined],
    ["viduq3p-1080p", "q3-pro", "1080P", undefined],
    ["viduq3t-540p", "q3-turbo", "540P", undefined],
    ["viduq3t-720p", "q3-turbo", "720P", undefined],
    ["viduq3t-1080p", "q3-turbo", "1080P", undefined],
    ["viduq3t-720p-offpeak", "q3-turbo", "720P", "Enabled"],
    ["viduq3p-offpeak-720p", "q3-pro", "720P", "Enabled"],
    ["ViduQ3P-720P", "q3-pro", "720P", undefined],
  ] as const)("%s is version %s at %s", async ([model, version, resolution, offPeak], { expect }) => {
    await submit({ model, prompt: "a car" });
    const { ModelVersion, OutputConfig } = await vendorGot();
    expect({ ModelVersion, OutputConfig }).toEqual({
      ModelVersion: version,
      OutputConfig: { StorageMode: "Temporary", Resolution: resolution, ...(offPeak && { OffPeak: offPeak }) },
    });
  });
});

describe("validation", () => {
  const MODEL = "Use viduq3p or viduq3t, then -540p, -720p or -1080p; -mix and -offpeak may be added.";
  const REQUIRED = "This field is required.";
  const SECONDS = "Use 1 to 16 seconds.";

  it.for<[string, Json, string, string]>([
    ["no model", { model: undefined }, "model", REQUIRED],
    ["a null model", { model: null }, "model", REQUIRED],
    ["another model", { model: "sora-2" }, "model", MODEL],
    ["a model without resolution", { model: "viduq3p" }, "model", MODEL],
    ["a model with two resolutions", { model: "viduq3p-540p-720p" }, "model", MODEL],
    ["a resolution that is not offered", { model: "viduq3p-4k" }, "model", MODEL],
    ["a part nobody knows", { model: "viduq3p-720p-turbo" }, "model", MODEL],
    ["a name that JavaScript knows", { model: "viduconstructor-720p" }, "model", MODEL],
    ["no prompt", { prompt: undefined }, "prompt", REQUIRED],
    ["an empty prompt", { prompt: "" }, "prompt", REQUIRED],
    ["a duration below the range", { duration: 0 }, "duration", SECONDS],
    ["a duration above the range", { duration: 17 }, "duration", SECONDS],
    ["a duration above the range, as a string", { duration: "16.5" }, "duration", SECONDS],
    ["a duration in words", { duration: "five" }, "duration", "Use a number."],
    ["a last frame alone", { last_image: "u" }, "last_image", "A last frame needs a first frame: send image too."],
    [
      "references without a mix model",
      { reference_image_urls: ["u"] },
      "reference_image_urls",
      "Reference images need a -mix model, e.g. viduq3p-mix-720p.",
    ],
    [
      "a mix model without references",
      { model: "viduq3p-mix-720p", reference_image_urls: [] },
      "reference_image_urls",
      "A -mix model works from reference images only.",
    ],
    [
      "references and a first frame",
      { model: "viduq3p-mix-720p", reference_image_urls: ["u"], image: "u" },
      "image",
      "Use either image or reference_image_urls.",
    ],
    ["a fractional seed", { extra_body: { seed: 1.5 } }, "extra_body.seed", "Use a whole number."],
  ])("refuses %s, and calls nobody", async ([, changes, param, msg], { expect }) => {
    const response = await gateway.post(PATH, { ...fromText, ...changes });
    const message = `${param}: ${msg}`;
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({
      error: { message, type: "invalid_request_error", param, code: "validation_error" },
      code: "validation_error",
      message,
    });
    expect(await emulator.calls()).toEqual({});
  });

  it("says how many more problems there are", async ({ expect }) => {
    const response = await gateway.post(PATH, {});
    expect(await response.json()).toMatchObject({
      message: "model: This field is required. (and 1 more)",
      error: { param: "model" },
    });
  });
});

/** Within 50 s: the exponent of ten that `closeTo` takes. */
const CLOCK_DIGITS = -2;

const frame = (expect: ExpectStatic, id: string) => ({
  id,
  task_id: id,
  object: "video.generation.job",
  model: fromText.model,
  created_at: expect.closeTo(nowSeconds(), CLOCK_DIGITS) as number,
});

describe("a job", () => {
  it("is in progress until it is done", async ({ expect }) => {
    await emulator.reset({ task_seconds: 60 });
    const id = await submit(fromText);
    const { status, body } = await read(`${PATH}/${id}`);
    expect(status).toBe(200);
    expect(body).toEqual({
      ...frame(expect, id),
      status: "in_progress",
      progress: 0,
      completed_at: null,
      url: null,
      error: null,
    });
  });

  it("has the video's URL when it is completed", async ({ expect }) => {
    const id = await submit(fromText);
    await complete();
    expect((await read(`${PATH}/${id}`)).body).toEqual({
      ...frame(expect, id),
      status: "completed",
      progress: 100,
      completed_at: expect.closeTo(nowSeconds(), CLOCK_DIGITS) as number,
      url: expect.stringMatching(/^http.+\.mp4$/) as string,
      error: null,
    });
  });

  it("has the vendor's code and message when it failed", async ({ expect }) => {
    await emulator.reset({ outcome: { ErrCode: 70000, ErrCodeExt: "ContentModerationFailed", Message: "画面违规" } });
    const id = await submit(fromText);
    await complete();
    expect((await read(`${PATH}/${id}`)).body).toEqual({
      ...frame(expect, id),
      status: "failed",
      progress: 100,
      completed_at: expect.closeTo(nowSeconds(), CLOCK_DIGITS) as number,
      url: null,
      error: { code: "ContentModerationFailed", message: "画面违规" },
    });
  });
});

describe("one task in two dialects", () => {
  it("a generation is an AIGC request by the same id", async ({ expect }) => {
    const id = await submit(fromText);
    expect((await read(`${REQUESTS}/${id}/status`)).body).toMatchObject({ status: "IN_PROGRESS", request_id: id });
    expect((await read(`${REQUESTS}/${id}`)).body).toEqual({ detail: "Request is still in progress" });
    await complete();
    const { status, body } = await read(`${REQUESTS}/${id}`);
    expect(status).toBe(200);
    const { url } = (await read(`${PATH}/${id}`)).body;
    expect(body).toMatchObject({ request_id: id, video: { url }, seed: 42, session_id: "" });
    expect((await read(`/tencent-vod/v1/query/${id}`)).body).toMatchObject({
      Response: { TaskType: "AigcVideoTask", AigcVideoTask: { TaskId: id, Input: { ModelVersion: "q3-pro" } } },
    });
    expect((await read(`${REQUESTS}?model_name=Vidu`)).body).toMatchObject({ requests: [{ request_id: id }] });
  });

  it("an AIGC request is a generation by the same id, under the vendor's model name", async ({ expect }) => {
    const answer = await (await gateway.post("/tencent-vod/v1/aigc-video", CAR)).json<{ request_id: string }>();
    const id = answer.request_id;
    await complete();
    const { status, body } = await read(`${PATH}/${id}`);
    expect(status).toBe(200);
    const { video } = (await read(`${REQUESTS}/${id}`)).body as { video: { url: string } };
    expect(body).toMatchObject({ id, model: "Kling", status: "completed", url: video.url });
  });
});
