/* What the video generations dialect refuses, and where it says the fault is. */
import { beforeEach, describe, it } from "vitest";
import fromText from "../fixtures/seeds/vidu-text.json";
import { emulator, type Gateway, type Json, startGateway } from "../support/gateway.ts";

const PATH = "/v1/video/generations";
const MODEL =
  "Use viduq3p or viduq3t, then -540p, -720p or -1080p (-mix and -offpeak may be added), a name that GET /v1/models lists, or ModelName/ModelVersion.";
const LONG = (max: number) => `Use at most ${max} characters.`;
const REQUIRED = "This field is required.";
const SECONDS = "Use 1 to 16 seconds.";
const IMAGE = "Use an http or https URL, or a data URL with Base64.";
const SIZE = "Use pixels near a usual size, e.g. 1280x720, a resolution, e.g. 720p, or a ratio, e.g. 16:9.";
const NO_EFFECT = "This field would have no effect: leave it out.";
const TOGETHER = "Use images alone, or image, last_image and reference_image_urls.";
const [A, B, C] = ["https://example.com/a.png", "https://example.com/b.png", "https://example.com/c.png"];

let gateway: Gateway;

beforeEach(async () => {
  await emulator.reset();
  gateway = await startGateway();
});

/** A model nobody has told us about, of which nothing is known to be impossible; the seed's own settings left out. */
const NEXT = { model: "Next/1", resolution: undefined, aspect_ratio: undefined };
const KLING = { model: "kling-2.5" };
const MIX = { model: "viduq3p-mix-720p" };

describe("refuses, and calls nobody", () => {
  it.for<[string, Json, string, string]>([
    ["no model", { model: undefined }, "model", REQUIRED],
    ["a null model", { model: null }, "model", REQUIRED],
    ["another model", { model: "sora-2" }, "model", MODEL],
    ["a model without resolution", { model: "viduq3p" }, "model", MODEL],
    ["a model with two resolutions", { model: "viduq3p-540p-720p" }, "model", MODEL],
    ["a resolution that is not offered", { model: "viduq3p-4k" }, "model", MODEL],
    ["a part nobody knows", { model: "viduq3p-720p-turbo" }, "model", MODEL],
    ["a name that JavaScript knows", { model: "viduconstructor-720p" }, "model", MODEL],
    ["an empty model", { model: "" }, "model", MODEL],
    ["a model of 65 characters", { model: `Kling/${"9".repeat(59)}` }, "model", LONG(64)],
    ["a model of 0.9 MB", { model: `Next/${"9".repeat(900_000)}` }, "model", LONG(64)],
    ["a resolution of 33 characters", { ...NEXT, resolution: "p".repeat(33) }, "resolution", LONG(32)],
    ["a ratio of 33 characters", { ...NEXT, aspect_ratio: "9".repeat(33) }, "aspect_ratio", LONG(32)],
    ["a ratio of 33 emoji", { ...NEXT, aspect_ratio: "🎬".repeat(33) }, "aspect_ratio", LONG(32)],
    [
      "a resolution of 1.5 MB in extra_body",
      { ...NEXT, extra_body: { resolution: "p".repeat(1_500_000) } },
      "extra_body.resolution",
      LONG(32),
    ],
    [
      "a ratio of 1.5 MB in metadata",
      { ...NEXT, metadata: JSON.stringify({ aspect_ratio: "9".repeat(1_500_000) }) },
      "metadata.aspect_ratio",
      LONG(32),
    ],
    ["a size of 1.5 MB", { ...KLING, size: "9".repeat(1_500_000) }, "size", SIZE],
    ["no prompt", { prompt: undefined }, "prompt", REQUIRED],
    ["an empty prompt", { prompt: "" }, "prompt", REQUIRED],
    ["a duration below the range", { duration: 0 }, "duration", SECONDS],
    ["a duration above the range", { duration: 17 }, "duration", SECONDS],
    ["a duration above the range, as text", { duration: "16.5" }, "duration", SECONDS],
    ["seconds above the range", { duration: undefined, seconds: 17 }, "seconds", SECONDS],
    ["a duration in words", { duration: "five" }, "duration", "Use a number."],
    ["no duration at all", { ...KLING, duration: 0 }, "duration", "Use more than 0 seconds."],
    ["two durations", { seconds: 6 }, "seconds", "Says otherwise than duration."],
    ["a last frame alone", { last_image: A }, "last_image", "A last frame needs a first frame: send image too."],
    ["image and other images", { image: A, images: [B] }, "images", TOGETHER],
    ["images and a last frame", { images: [A, B], last_image: C }, "images", TOGETHER],
    ["two first frames", { image: A, input_reference: B }, "input_reference", "Says otherwise than image."],
    ["an image that is no URL", { image: "cat.png" }, "image", IMAGE],
    ["an image of another scheme", { image: "ftp://example.com/a.png" }, "image", IMAGE],
    ["a data URL without Base64", { image: "data:image/png,x" }, "image", IMAGE],
    ["a data URL that is no image", { image: "data:text/html;base64,PGI+" }, "image", IMAGE],
    ["one bad image of three", { ...KLING, images: [A, "b", C] }, "images.1", IMAGE],
    ["an empty reference", { ...MIX, reference_image_urls: [A, ""] }, "reference_image_urls.1", IMAGE],
    ["a size nobody has", { ...KLING, size: "100x100" }, "size", SIZE],
    ["a size in words", { ...KLING, size: "large" }, "size", SIZE],
    ["a size that the model's name excludes", { size: "1920x1080" }, "size", "Says otherwise than model."],
    [
      "a resolution that the model's name excludes",
      { resolution: "1080p" },
      "resolution",
      "Says otherwise than model.",
    ],
    ["a size against the ratio", { size: "720x1280" }, "size", "Says otherwise than aspect_ratio."],
    ["a width alone", { width: 1280 }, "height", "Send width and height together."],
    ["a height alone", { height: 1280 }, "width", "Send width and height together."],
    [
      "peak hours for an off-peak model",
      { model: "viduq3p-720p-offpeak", off_peak: false },
      "off_peak",
      "Says otherwise than model.",
    ],
    ["a fractional seed", { extra_body: { seed: 1.5 } }, "extra_body.seed", "Use a whole number."],
    ["two seeds", { seed: 1 }, "extra_body.seed", "Says otherwise than seed."],
    ["sound in words", { extra_body: { audio: "on" } }, "extra_body.audio", "Use true or false."],
    [
      "a mode",
      { mode: "pro" },
      "mode",
      "The vendor has no modes: say the resolution, e.g. size 1080p, and leave mode out.",
    ],
    ["a member nobody knows", { fps: 24 }, "fps", NO_EFFECT],
    ["metadata that is no object", { metadata: "[]" }, "metadata", "Use a JSON object, or a string that holds one."],
    ["metadata that is no JSON", { metadata: "{" }, "metadata", "Use a JSON object, or a string that holds one."],
    [
      "text in metadata that no store keeps",
      { metadata: '{"negative_prompt":"\\ud800"}' },
      "metadata.negative_prompt",
      "Use well-formed Unicode without NUL characters.",
    ],
    ["two videos at once", { n: 2 }, "n", "One request makes one video: leave n out."],
    [
      "the video within the answer",
      { response_format: "b64_json" },
      "response_format",
      "The answer holds a URL: leave response_format out.",
    ],
  ])("%s", async ([, changes, param, msg], { expect }) => {
    const response = await gateway.post(PATH, { ...fromText, ...changes });
    const message = `${param}: ${msg}`;
    const loc = ["body", ...param.split(".").map((step) => (/^\d+$/.test(step) ? Number(step) : step))];
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({
      error: {
        message,
        type: "invalid_request_error",
        param,
        code: "validation_error",
        problems: [{ loc, msg, type: expect.stringMatching(/^\w+$/) as string }],
      },
      code: "validation_error",
      message,
    });
    expect(await emulator.calls()).toEqual({});
  });

  it("nothing at its limit", async ({ expect }) => {
    for (const changes of [
      { model: `Next/${"9".repeat(59)}` },
      { ...NEXT, resolution: "🎬".repeat(32), aspect_ratio: "9".repeat(32) },
      { ...NEXT, extra_body: { resolution: "p".repeat(32) }, metadata: { aspect_ratio: "9".repeat(32) } },
    ])
      expect((await gateway.post(PATH, { ...fromText, ...changes })).status).toBe(200);
  });

  it("more Base64 than the vendor takes", async ({ expect }) => {
    const half = `data:image/png;base64,${"A".repeat(4.7 * 1024 * 1024)}`;
    const response = await gateway.post(PATH, { ...fromText, image: half, last_image: half });
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({
      code: "payload_too_large",
      message: expect.stringMatching(/^last_image: .*7 MB/) as string,
      error: { param: "last_image" },
    });
    expect(await emulator.calls()).toEqual({});
  });

  it("several things at once, and names each", async ({ expect }) => {
    const response = await gateway.post(PATH, { ...fromText, last_image: A, fps: 24, duration: 99 });
    const body = await response.json<{ message: string; error: { problems: { loc: string[] }[] } }>();
    expect(body.message).toMatch(/ \(and 2 more\)$/);
    expect(new Set(body.error.problems.map(({ loc }) => loc[1]))).toEqual(new Set(["duration", "fps", "last_image"]));
  });
});
