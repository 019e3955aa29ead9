/* The translation by itself, case by case. */
import { describe, it } from "vitest";
import { ApiError } from "../../src/http/api-error.ts";
import { createBody, parseBody } from "../../src/routes/openai-videos/schema.ts";
import { sizeText } from "../../src/routes/openai-videos/size-text.ts";
import { locate, toRemixRequest, toVendorRequest } from "../../src/routes/openai-videos/translate.ts";
import type { Json } from "../support/gateway.ts";

const translate = (body: Json) => toVendorRequest(parseBody(createBody, { prompt: "a car", ...body }));
const refusalOf = (body: Json) => {
  try {
    translate(body);
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error("This was to be refused.");
};

describe("model", () => {
  it.for([
    ["sora-2", "OS", "2.0"],
    ["sora-2-pro", "OS", "2.0"],
    ["sora-2-2025-10-06", "OS", "2.0"],
    ["sora-2-pro-2025-10-06", "OS", "2.0"],
    ["os-2.0", "OS", "2.0"],
    ["kling-2.5", "Kling", "2.5"],
    ["vidu-q2-pro", "Vidu", "q2-pro"],
    ["Kling/2.5", "Kling", "2.5"],
    ["", "OS", "2.0"],
    [null, "OS", "2.0"],
  ] as const)("%s is %s %s", ([model, name, version], { expect }) => {
    expect(translate({ model })).toMatchObject({ ModelName: name, ModelVersion: version });
  });

  it.for(["gpt-4o", "sora-1", "sora-2-pro-max"])("%s is none", (model, { expect }) => {
    expect(refusalOf({ model }).options.problems).toMatchObject([{ loc: ["body", "model"], type: "unknown_model" }]);
  });
});

describe("size", () => {
  it.for([
    ["1280x720", "720P", "16:9"],
    ["720x1280", "720P", "9:16"],
    ["1792x1024", "1080P", "16:9"],
    ["1024x1792", "1080P", "9:16"],
    ["1080x1080", "1080P", "1:1"],
    ["3840x2160", "4K", "16:9"],
  ] as const)("%s is %s, %s", ([size, Resolution, AspectRatio], { expect }) => {
    expect(translate({ model: "kling-3.0", size }).OutputConfig).toEqual({
      StorageMode: "Temporary",
      Resolution,
      AspectRatio,
    });
  });

  it.for(["1280", "auto", "1280x", "100x100", "1280x333"])("%s is none", (size, { expect }) => {
    expect(refusalOf({ size }).options.problems).toMatchObject([{ loc: ["body", "size"] }]);
  });

  it.for([
    ["720P", "16:9", "1280x720"],
    ["720P", "9:16", "720x1280"],
    ["1080P", "1:1", "1080x1080"],
    ["1080p", "21:9", "2520x1080"],
    ["768P", "16:9", "1366x768"],
    ["2K", "16:9", "2560x1440"],
    ["4k", "9:16", "2160x3840"],
    ["720P", undefined, null],
    [undefined, "16:9", null],
    ["720P", "auto", null],
    ["HD", "16:9", null],
    ["720P", "16:0", null],
  ] as const)("%s and %s read back as %s", ([resolution, aspectRatio, size], { expect }) => {
    expect(sizeText({ ...(resolution && { resolution }), ...(aspectRatio && { aspectRatio }) })).toBe(size);
  });
});

describe("seconds", () => {
  it.for([
    ["8", 8],
    [12, 12],
    [" 6 ", 6],
    [5.5, 5.5],
    ["", 4],
    [null, 4],
  ] as const)("%j is %d", ([seconds, duration], { expect }) => {
    expect(translate({ seconds }).OutputConfig?.Duration).toBe(duration);
  });

  it.for(["eight", 0, -4, true, [8]])("%j is none", (seconds, { expect }) => {
    expect(refusalOf({ seconds }).options.problems?.[0]?.loc).toEqual(["body", "seconds"]);
  });
});

describe("what else is sent", () => {
  it("by habit is ignored, what would have an effect elsewhere is named", ({ expect }) => {
    const plain = translate({});
    expect(translate({ user: "u1", metadata: { a: "b" }, n: 1 })).toEqual(plain);
    expect(translate({ n: "1" })).toEqual(plain);
    expect(refusalOf({ n: 2 }).options.problems).toMatchObject([{ loc: ["body", "n"] }]);
    expect(refusalOf({ style: "noir", duration: 5 }).options.problems).toMatchObject([
      { loc: ["body", "style"], type: "unknown_parameter" },
      { loc: ["body", "duration"], type: "unknown_parameter" },
    ]);
  });

  it.for<[unknown, string]>([
    ["ftp://files.test/a.png", "URL"],
    ["not a url", "URL"],
    ["data:image/png;base64,!!!!", "Base64"],
    ["data:image/png;base64,", "empty"],
    [`data:video/mp4;base64,${btoa("\0\0\0\x20ftypisom")}`, "JPEG, PNG or WebP"],
    [{}, "either"],
    [{ image_url: "https://a.test/a.png", file_id: "1" }, "either"],
    [{ image_url: "https://a.test/a.png", detail: "high" }, "detail"],
    [["https://a.test/a.png"], "URL"],
    [7, "URL"],
  ])("as a reference image %j is refused", ([reference, word], { expect }) => {
    const [problem] = refusalOf({ input_reference: reference }).options.problems ?? [];
    expect(problem?.loc.slice(0, 2)).toEqual(["body", "input_reference"]);
    expect(problem?.msg).toContain(word);
  });
});

describe("a remix", () => {
  it("changes the prompt and nothing else", ({ expect }) => {
    const source = translate({ model: "kling-2.5", seconds: 10, input_reference: "https://a.test/a.png" });
    expect(toRemixRequest(source, "a bus")).toEqual({ ...source, Prompt: "a bus" });
  });
});

describe("places", () => {
  it.for<[(string | number)[], (string | number)[]]>([
    [
      ["OutputConfig", "Duration"],
      ["body", "seconds"],
    ],
    [
      ["OutputConfig", "Resolution"],
      ["body", "size"],
    ],
    [
      ["OutputConfig", "AspectRatio"],
      ["body", "size"],
    ],
    [["ModelVersion"], ["body", "model"]],
    [
      ["FileInfos", 0, "Usage"],
      ["body", "input_reference"],
    ],
    [["Prompt"], ["body", "prompt"]],
    [["SceneType"], ["body", "scene_type"]],
  ])("%j is at %j", ([path, loc], { expect }) => {
    expect(locate(path)).toEqual(loc);
  });
});
