/* What each body of the video generations dialect is at the vendor. */
import { describe, it } from "vitest";
import { readGeneration } from "../../src/routes/video-generations/generation.ts";
import { generationBody } from "../../src/routes/video-generations/schema.ts";
import { toVendorRequest } from "../../src/routes/video-generations/translate.ts";
import firstLast from "../fixtures/seeds/vidu-first-last.json";
import fromImage from "../fixtures/seeds/vidu-image.json";
import reference from "../fixtures/seeds/vidu-reference.json";
import fromText from "../fixtures/seeds/vidu-text.json";
import type { Json } from "../support/gateway.ts";

const PIXEL = "iVBORw0KGgo=";
const DATA_URL = `data:image/png;base64,${PIXEL}`;
const [A, B, C] = ["https://example.com/a.png", "https://example.com/b.png", "https://example.com/c.png"];

const translate = (body: Json) => toVendorRequest(readGeneration(generationBody.parse(body)));

const image = (url: string, usage: string) => ({ Type: "Url", Url: url, Category: "Image", Usage: usage });
const inline = (usage: string) => ({ Type: "Base64", Base64: PIXEL, Category: "Image", Usage: usage });

const CAR = { model: "viduq3t-1080p", prompt: "a car" };
const KLING = { model: "kling-2.5", prompt: "a car" };

/** What of the vendor's request `extra` makes beside what model and prompt do. */
function effectOf(extra: Json, base: Json = KLING) {
  const {
    ModelName: _name,
    ModelVersion: _version,
    Prompt: _prompt,
    OutputConfig,
    ...rest
  } = translate({ ...base, ...extra });
  const { StorageMode: _mode, ...output } = OutputConfig ?? {};
  return { ...rest, ...output };
}

describe("a model's name", () => {
  it.for([
    ["viduq3p-540p", "Vidu", "q3-pro", { Resolution: "540P" }],
    ["viduq3p-720p", "Vidu", "q3-pro", { Resolution: "720P" }],
    ["viduq3p-1080p", "Vidu", "q3-pro", { Resolution: "1080P" }],
    ["viduq3t-540p", "Vidu", "q3-turbo", { Resolution: "540P" }],
    ["viduq3t-720p-offpeak", "Vidu", "q3-turbo", { Resolution: "720P", OffPeak: "Enabled" }],
    ["viduq3p-offpeak-720p", "Vidu", "q3-pro", { Resolution: "720P", OffPeak: "Enabled" }],
    ["ViduQ3P-720P", "Vidu", "q3-pro", { Resolution: "720P" }],
    ["kling-2.5", "Kling", "2.5", {}],
    ["Kling/2.5", "Kling", "2.5", {}],
    ["kling-3.0-omni", "Kling", "3.0-Omni", {}],
    ["vidu-q2-pro", "Vidu", "q2-pro", {}],
    ["vidu-q3-mix", "Vidu", "q3-mix", {}],
    ["pixverse-v5.6", "PixVerse", "v5.6", {}],
    ["Tomorrow/1.0", "Tomorrow", "1.0", {}],
    ["kling-9.9", "Kling", "9.9", {}],
  ] as const)("%s is %s %s", ([model, ModelName, ModelVersion, output], { expect }) => {
    expect(translate({ model, prompt: "a car" })).toEqual({
      ModelName,
      ModelVersion,
      Prompt: "a car",
      OutputConfig: { StorageMode: "Temporary", ...output },
    });
  });

  it.for(["viduq3p-mix-720p", "viduq3t-mix-720p", "viduq3p-720p-mix"])("%s is Vidu q3-mix", (model, { expect }) => {
    expect(translate({ model, prompt: "@Image1", reference_image_urls: [A] })).toMatchObject({
      ModelName: "Vidu",
      ModelVersion: "q3-mix",
      Prompt: "@Image1",
    });
  });
});

describe("images", () => {
  it.for<[string, Json, Json]>([
    ["image", { image: A }, { FileInfos: [image(A, "FirstFrame")] }],
    ["image and last_image", { image: A, last_image: B }, { FileInfos: [image(A, "FirstFrame")], LastFrameUrl: B }],
    ["one of images", { images: [A] }, { FileInfos: [image(A, "FirstFrame")] }],
    ["two images", { images: [A, B] }, { FileInfos: [image(A, "FirstFrame")], LastFrameUrl: B }],
    ["three images", { images: [A, B, C] }, { FileInfos: [A, B, C].map((url) => image(url, "Reference")) }],
    ["image, and the same in images", { image: A, images: [A] }, { FileInfos: [image(A, "FirstFrame")] }],
    ["input_reference", { input_reference: A }, { FileInfos: [image(A, "FirstFrame")] }],
    ["the same in both", { image: A, input_reference: A }, { FileInfos: [image(A, "FirstFrame")] }],
    ["reference_image_urls", { reference_image_urls: [A] }, { FileInfos: [image(A, "Reference")] }],
    ["a data URL", { image: DATA_URL }, { FileInfos: [inline("FirstFrame")] }],
    ["bare Base64", { image: PIXEL }, { FileInfos: [inline("FirstFrame")] }],
    [
      "a data URL as the last frame",
      { image: A, last_image: DATA_URL },
      { FileInfos: [image(A, "FirstFrame"), inline("LastFrame")] },
    ],
    ["space around a URL", { image: ` ${A}\n` }, { FileInfos: [image(A, "FirstFrame")] }],
    [
      "no image in many ways",
      { image: "", last_image: null, images: [], reference_image_urls: null, input_reference: " " },
      {},
    ],
  ])("%s", ([, extra, effect], { expect }) => {
    expect(effectOf(extra)).toEqual(effect);
  });

  it.for([[[A]], [[A, B]], [[A, B, C]]])("for a -mix model are references: images %j", ([images], { expect }) => {
    expect(effectOf({ images }, { ...CAR, model: "viduq3p-mix-720p" })).toEqual({
      Resolution: "720P",
      FileInfos: images?.map((url) => image(url, "Reference")),
    });
  });
});

describe("settings", () => {
  it.for<[string, Json, Json]>([
    ["duration", { duration: 5 }, { Duration: 5 }],
    ["duration as text", { duration: "5" }, { Duration: 5 }],
    ["seconds", { seconds: "8" }, { Duration: 8 }],
    ["both, if they agree", { duration: 8, seconds: "8" }, { Duration: 8 }],
    ["size in pixels", { size: "1280x720" }, { Resolution: "720P", AspectRatio: "16:9" }],
    ["size as a resolution", { size: "720p" }, { Resolution: "720P" }],
    ["size as a word", { size: "2k" }, { Resolution: "2K" }],
    ["size as a ratio", { size: "9:16" }, { AspectRatio: "9:16" }],
    ["width and height", { width: 1920, height: "1080" }, { Resolution: "1080P", AspectRatio: "16:9" }],
    ["resolution", { resolution: "1080p" }, { Resolution: "1080P" }],
    ["aspect_ratio", { aspect_ratio: "1:1" }, { AspectRatio: "1:1" }],
    [
      "size and what it says",
      { size: "1280x720", resolution: "720P", aspect_ratio: "16:9" },
      { Resolution: "720P", AspectRatio: "16:9" },
    ],
    ["negative_prompt", { negative_prompt: "blur" }, { NegativePrompt: "blur" }],
    ["seed 0", { extra_body: { seed: "0" } }, { Seed: 0 }],
    [
      "sound, and no music",
      { extra_body: { audio: true, bgm: false } },
      { AudioGeneration: "Enabled", EnableBGM: "Disabled" },
    ],
    [
      "extra_body as OpenAI's client sends it",
      { audio: false, seed: 7, bgm: true },
      { AudioGeneration: "Disabled", Seed: 7, EnableBGM: "Enabled" },
    ],
    ["off_peak", { off_peak: true }, { OffPeak: "Enabled" }],
    [
      "metadata",
      { metadata: { seed: 7, aspect_ratio: "1:1", resolution: "720p" } },
      { Seed: 7, AspectRatio: "1:1", Resolution: "720P" },
    ],
    [
      "metadata as text",
      { metadata: '{"seed": 7, "negative_prompt": "\\ud83c\\udfac"}' },
      { Seed: 7, NegativePrompt: "🎬" },
    ],
    [
      "nothing in many ways",
      { duration: "", size: null, seed: null, metadata: "", extra_body: null, aspect_ratio: "" },
      {},
    ],
    ["what happens anyway", { n: 1, response_format: "url", user: "somebody" }, {}],
  ])("%s", ([, extra, effect], { expect }) => {
    expect(effectOf(extra)).toEqual(effect);
  });

  it("of seed 003's names may be said again", ({ expect }) => {
    const model = "viduq3p-720p-offpeak";
    expect(effectOf({ size: "1280x720", off_peak: true }, { ...CAR, model })).toEqual({
      Resolution: "720P",
      AspectRatio: "16:9",
      OffPeak: "Enabled",
    });
  });

  it.for([1, 1.5, 16, "16"])("of seed 003's models, a duration of %s", (duration, { expect }) => {
    expect(effectOf({ duration }, CAR)).toEqual({ Resolution: "1080P", Duration: Number(duration) });
  });
});

describe("the seed's body", () => {
  it.for([
    [
      "with text",
      fromText,
      {
        Seed: 42,
        Duration: 5,
        AspectRatio: "16:9",
        AudioGeneration: "Disabled",
        EnableBGM: "Disabled",
        Resolution: "720P",
      },
    ],
    [
      "with an image",
      fromImage,
      { FileInfos: [image("https://example.com/source.png", "FirstFrame")], Seed: 42, Duration: 5, Resolution: "540P" },
    ],
    [
      "with two frames",
      firstLast,
      {
        FileInfos: [image("https://example.com/head.png", "FirstFrame")],
        LastFrameUrl: "https://example.com/tail.png",
        Duration: 6,
        OffPeak: "Enabled",
        Resolution: "1080P",
      },
    ],
    [
      "with references",
      reference,
      {
        FileInfos: [
          image("https://example.com/ref-1.png", "Reference"),
          image("https://example.com/ref-2.png", "Reference"),
        ],
        Seed: 42,
        Duration: 5,
        AspectRatio: "16:9",
        AudioGeneration: "Disabled",
        Resolution: "720P",
      },
    ],
  ] as const)("%s", ([, body, effect], { expect }) => {
    expect(effectOf({}, body)).toEqual(effect);
  });
});
