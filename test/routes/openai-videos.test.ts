/* OpenAI Videos: what becomes of a create, as JSON and as a form, at the vendor and in the answer. */
import { beforeEach, describe, it } from "vitest";
import { emulator, type Json } from "../support/gateway.ts";
import { formOf, JPEG_BYTES, PNG_BYTES, startVideos, vendorGot, type Videos } from "./openai-videos-support.ts";

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
/** Before Base64, which makes four characters of three bytes. */
const MAX_FILE_BYTES = 7 * 1024 * 1024;
const MAX_BASE64_CHARACTERS = 4 * Math.ceil(MAX_FILE_BYTES / 3);

const base64 = (bytes: Uint8Array) => btoa(String.fromCharCode(...bytes));
const frame = (content: Json) => ({ ...content, Category: "Image", Usage: "FirstFrame" });
const sora = (more: Json = {}, output: Json = {}) => ({
  ModelName: "OS",
  ModelVersion: "2.0",
  Prompt: "a car",
  ...more,
  OutputConfig: { StorageMode: "Temporary", Duration: 4, Resolution: "720P", AspectRatio: "9:16", ...output },
});

let videos: Videos;

beforeEach(async () => {
  videos = await startVideos();
});

describe("a create", () => {
  it("is answered as OpenAI answers, with its own defaults", async ({ expect }) => {
    const before = Math.floor(Date.now() / 1000);
    const { status, body, headers } = await videos.post({ prompt: "a car" });
    expect([status, body]).toEqual([
      200,
      {
        id: expect.stringMatching(UUID_V7) as string,
        object: "video",
        created_at: expect.any(Number) as number,
        completed_at: null,
        expires_at: null,
        status: "queued",
        model: "sora-2",
        progress: 0,
        prompt: "a car",
        seconds: "4",
        size: "720x1280",
        remixed_from_video_id: null,
        error: null,
      },
    ]);
    expect(Number.isInteger(body["created_at"]) && Number(body["created_at"]) >= before).toBe(true);
    expect(headers.get("openai-poll-after-ms")).toBe("2000");
    expect(await vendorGot()).toEqual([sora()]);
  });

  it("is the same to the vendor as JSON and as a form", async ({ expect }) => {
    const fields = { model: "sora-2-pro", prompt: "a car", seconds: "8", size: "1280x720" };
    const json = await videos.post({ ...fields, seconds: 8 });
    const form = await videos.postForm(formOf(fields));
    const [first, second] = await vendorGot();
    expect(first).toEqual(sora({}, { Duration: 8, AspectRatio: "16:9" }));
    expect(second).toEqual(first);
    expect({ ...form.body, id: "", created_at: 0 }).toEqual({ ...json.body, id: "", created_at: 0 });
    expect(form.body).toMatchObject({ model: "sora-2-pro", seconds: "8", size: "1280x720" });
  });

  it("takes url-encoded forms too", async ({ expect }) => {
    const answer = await videos.gateway.request("/v1/videos", {
      method: "POST",
      body: new URLSearchParams({ prompt: "a car & a bus" }),
    });
    expect(answer.status).toBe(200);
    expect(await vendorGot()).toEqual([sora({ Prompt: "a car & a bus" })]);
  });

  it("of a model of the catalogue has none of Sora's defaults", async ({ expect }) => {
    const { status, body } = await videos.post({ model: "kling-2.5", prompt: "a car" });
    expect([status, body["model"], body["seconds"], body["size"]]).toEqual([200, "kling-2.5", null, null]);
    expect(await vendorGot()).toEqual([
      { ModelName: "Kling", ModelVersion: "2.5", Prompt: "a car", OutputConfig: { StorageMode: "Temporary" } },
    ]);
  });

  it("dry-runs", async ({ expect }) => {
    const { status, body } = await videos.post({ prompt: "a car" }, {}, "/v1/videos?dry_run=1");
    expect([status, body]).toMatchObject([200, { dry_run: true, action: "CreateAigcVideoTask", request: sora() }]);
    expect(await emulator.calls()).toEqual({});
    expect((await videos.get("/v1/videos")).body).toMatchObject({ data: [] });
  });
});

describe("a reference image", () => {
  it.for([
    ["a PNG file", new File([PNG_BYTES], "a.png", { type: "image/png" }), base64(PNG_BYTES)],
    ["a JPEG file with a wrong type", new File([JPEG_BYTES], "a.bin", { type: "text/plain" }), base64(JPEG_BYTES)],
  ] as const)("in a form: %s", async ([, file, text], { expect }) => {
    const { status } = await videos.postForm(formOf({ prompt: "a car", input_reference: file }));
    expect(status).toBe(200);
    const { AspectRatio: _none, Resolution: _neither, ...OutputConfig } = sora().OutputConfig;
    // The image has a shape of its own: Sora's default size is not put upon it.
    expect(await vendorGot()).toEqual([
      { ...sora({ FileInfos: [frame({ Type: "Base64", Base64: text })] }), OutputConfig },
    ]);
  });

  const url = "https://files.test/a.png";
  const dataUrl = `data:image/png;base64,${base64(PNG_BYTES)}`;
  it.for<[string, Json | FormData, Json]>([
    ["a URL", { input_reference: url }, { Type: "Url", Url: url }],
    ["a data URL", { input_reference: dataUrl }, { Type: "Base64", Base64: base64(PNG_BYTES) }],
    ["the client's object", { input_reference: { image_url: url } }, { Type: "Url", Url: url }],
    [
      "an object with a data URL",
      { input_reference: { image_url: dataUrl } },
      { Type: "Base64", Base64: base64(PNG_BYTES) },
    ],
    [
      "a file of the vendor's",
      { input_reference: { file_id: "3270835013523274131" } },
      { Type: "File", FileId: "3270835013523274131" },
    ],
    ["the object in a form", formOf({ prompt: "a car", "input_reference[image_url]": url }), { Type: "Url", Url: url }],
  ])("as %s", async ([, body, file], { expect }) => {
    const answer =
      body instanceof FormData ? await videos.postForm(body) : await videos.post({ prompt: "a car", ...body });
    expect([answer.status, answer.body["error"]]).toEqual([200, null]);
    expect((await vendorGot())[0]?.["FileInfos"]).toEqual([frame(file)]);
  });

  it("may be as large as the vendor takes it, and not a byte more", async ({ expect }) => {
    const largest = new Uint8Array(MAX_FILE_BYTES);
    largest.set(PNG_BYTES);
    const fits = await videos.postForm(formOf({ prompt: "large", input_reference: new File([largest], "a.png") }));
    expect(fits.status).toBe(200);
    expect(await vendorGot()).toMatchObject([{ FileInfos: [{ Base64: `(${MAX_BASE64_CHARACTERS} characters)` }] }]);
    const over = new File([largest, PNG_BYTES], "a.png");
    const refused = await videos.postForm(formOf({ prompt: "too large", input_reference: over }));
    expect([refused.status, refused.body["error"]]).toMatchObject([
      413,
      { code: "payload_too_large", param: "input_reference", type: "invalid_request_error" },
    ]);
    expect((await vendorGot()).length).toBe(1);
  });

  it("does not weigh on reading the video", async ({ expect }) => {
    const bytes = new Uint8Array(1_500_000);
    bytes.set(PNG_BYTES);
    const { body } = await videos.postForm(formOf({ prompt: "a car", input_reference: new File([bytes], "a.png") }));
    const read = await videos.get(`/v1/videos/${String(body["id"])}`);
    expect(read.body).toMatchObject({ prompt: "a car", seconds: "4", size: null });
    expect(JSON.stringify(read.body).length).toBeLessThan(1_000);
  });
});
