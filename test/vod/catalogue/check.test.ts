/* Single judgements: what is refused, what is doubted, and what passes. */
import { describe, it } from "vitest";
import { checkRequest, type Finding } from "../../../src/vod/catalogue/index.ts";
import type { CreateAction, VendorRequest } from "../../../src/vod/requests.ts";

const MEGABYTE = 1024 * 1024;
/** Characters, without padding. */
const BASE64_OF_7_MB = Math.floor((7 * MEGABYTE * 4) / 3) + 1;

const first = { Type: "Url", Url: "https://example.com/a.png", Category: "Image", Usage: "FirstFrame" };
const last = { ...first, Usage: "LastFrame" };
const reference = { ...first, Usage: "Reference" };
const clip = { ...reference, Category: "Video" };
const sound = { ...reference, Category: "Audio" };
const bare = { Type: "Url", Url: "https://example.com/a.png" };
const times = <Item>(count: number, item: Item): Item[] => Array.from({ length: count }, () => item);

type Row = [model: string, asked: Partial<VendorRequest>, expected: string[]];

/** `impossible OutputConfig.Duration → 5`: kind, place, and the nearest possible value where there is one. */
const brief = ({ kind, path, nearest }: Finding) =>
  `${kind} ${path.join(".")}${nearest === undefined ? "" : ` → ${nearest}`}`;

function findings(action: CreateAction, model: string, asked: Partial<VendorRequest>): Finding[] {
  const [ModelName = "", ModelVersion = ""] = model.split("/");
  return checkRequest(action, { ModelName, ModelVersion, Prompt: "海上的日出", ...asked });
}

const output = (OutputConfig: VendorRequest["OutputConfig"]) => ({ OutputConfig });

const VIDEO: Row[] = [
  // Durations
  ["Kling/2.6", output({ Duration: 10 }), []],
  ["Kling/2.6", output({ Duration: 8 }), ["doubtful OutputConfig.Duration → 10"]],
  ["Kling/2.6", output({ Duration: 2 }), ["impossible OutputConfig.Duration → 5"]],
  ["Kling/1.6", output({ Duration: 8 }), ["doubtful OutputConfig.Duration → 10"]],
  ["Kling/3.0", output({ Duration: 16 }), ["impossible OutputConfig.Duration → 15"]],
  ["Kling/scene", output({ Duration: 16 }), ["impossible OutputConfig.Duration → 15"]],
  ["Vidu/q3-pro", output({ Duration: 16 }), ["doubtful OutputConfig.Duration → 10"]],
  ["Vidu/q3-turbo", output({ Duration: 16 }), []],
  ["Vidu/q3-turbo", output({ Duration: 17 }), ["impossible OutputConfig.Duration → 16"]],
  ["Hailuo/H3", output({ Duration: 4.5 }), ["doubtful OutputConfig.Duration → 5"]],
  ["Hailuo/H3", output({ Duration: 16 }), ["impossible OutputConfig.Duration → 15"]],
  ["Hailuo/H3-Max", output({ Duration: 16 }), ["doubtful OutputConfig.Duration → 15"]],
  ["GV/3.1", output({ Duration: 5 }), ["impossible OutputConfig.Duration → 8"]],
  ["GV/omni", output({ Duration: 5 }), []],
  ["OS/2.0", output({ Duration: 6 }), ["impossible OutputConfig.Duration → 4"]],
  ["Hunyuan/1.5", output({ Duration: 99 }), []],
  ["Wan/3.0", output({ Duration: 31 }), ["doubtful OutputConfig.Duration → 30"]],
  // Resolutions: the vendor enlarges, unless told not to.
  ["PixVerse/v6", output({ Resolution: "720p" }), []],
  ["Kling/2.5", output({ Resolution: "540P" }), ["impossible OutputConfig.Resolution → 720P"]],
  ["Kling/2.5", output({ Resolution: "4K" }), ["doubtful OutputConfig.Resolution → 1080P"]],
  [
    "Kling/2.5",
    output({ Resolution: "4K", EnhanceSwitch: "Disabled" }),
    ["impossible OutputConfig.Resolution → 1080P"],
  ],
  ["Kling/3.0-Omni", output({ Resolution: "4k" }), []],
  ["Vidu/q3-pro", output({ Resolution: "540P" }), ["doubtful OutputConfig.Resolution → 720P"]],
  ["Hailuo/02", output({ Resolution: "720P" }), ["impossible OutputConfig.Resolution → 768P"]],
  ["Kling/2.5", output({ Resolution: "" }), []],
  // Aspect ratios, by the way of asking
  ["Kling/2.5", output({ AspectRatio: "4:3" }), ["impossible OutputConfig.AspectRatio → 16:9"]],
  ["Kling/2.5", { FileInfos: [first], ...output({ AspectRatio: "4:3" }) }, []],
  ["Vidu/q2", output({ AspectRatio: "4:3" }), []],
  ["Vidu/q2-pro", output({ AspectRatio: "4:3" }), ["impossible OutputConfig.AspectRatio → 16:9"]],
  ["Hailuo/2.3", output({ AspectRatio: "16:9" }), ["impossible OutputConfig.AspectRatio"]],
  ["Hailuo/H3", output({ AspectRatio: "21:9" }), []],
  // Text
  ["Hailuo/2.3-fast", {}, ["impossible FileInfos"]],
  ["Hailuo/2.3-fast", { FileInfos: [first] }, []],
  ["Vidu/q3-mix", {}, ["impossible FileInfos"]],
  ["Hailuo/H3_regen", {}, ["doubtful FileInfos"]],
  ["Hailuo/H3_regen", { ExtInfo: "{}" }, []],
  // Frames
  ["Kling/2.1", { FileInfos: [first, last], ...output({ Resolution: "1080P" }) }, []],
  ["Kling/2.1", { FileInfos: [first, last] }, ["impossible OutputConfig.Resolution → 1080P"]],
  ["Kling/2.5", { FileInfos: [bare], LastFrameUrl: "https://example.com/b.png" }, ["impossible LastFrameUrl"]],
  ["Kling/2.5", { FileInfos: [first, last] }, ["impossible FileInfos.1.Usage"]],
  ["Kling/3.0", { LastFrameFileId: "1" }, ["impossible LastFrameFileId"]],
  ["Hailuo/H3", { FileInfos: [last] }, []],
  ["Hailuo/02", { FileInfos: [first, last] }, ["doubtful FileInfos.1.Usage"]],
  ["Vidu/q3-mix", { FileInfos: [first] }, ["impossible FileInfos.0.Usage → Reference"]],
  ["GV/3.1", { FileInfos: [bare, bare], LastFrameUrl: "https://example.com/b.png" }, ["impossible LastFrameUrl"]],
  ["Kling/3.0-Omni", { FileInfos: [...times(3, reference), first, last] }, ["impossible FileInfos.4.Usage"]],
  // References
  ["Vidu/q3-pro", { FileInfos: [reference] }, ["impossible FileInfos.0.Usage → FirstFrame"]],
  ["Kling/1.6", { FileInfos: [reference] }, ["doubtful FileInfos.0.Usage → FirstFrame"]],
  ["Vidu/q2", { FileInfos: times(7, reference) }, []],
  ["Vidu/q2", { FileInfos: times(8, reference) }, ["impossible FileInfos → 7"]],
  ["Kling/1.6", { FileInfos: times(3, bare) }, ["doubtful FileInfos → 1"]],
  ["Kling/1.6", { FileInfos: times(4, bare) }, ["impossible FileInfos → 1"]],
  ["Hailuo/02", { FileInfos: times(4, bare) }, ["doubtful FileInfos → 3"]],
  ["Kling/3.0-Omni", { FileInfos: [...times(5, reference), clip] }, ["doubtful FileInfos"]],
  ["PixVerse/v6", { FileInfos: [reference, clip] }, ["doubtful FileInfos → 0"]],
  ["Hailuo/H3", { FileInfos: [sound] }, ["doubtful FileInfos"]],
  ["Hailuo/H3", { FileInfos: [...times(9, reference), ...times(3, clip), sound] }, ["doubtful FileInfos"]],
  [
    "GV/3.1",
    { FileInfos: [{ ...reference, ReferenceType: "face" }] },
    ["impossible FileInfos.0.ReferenceType → asset"],
  ],
  // Sound
  ["Kling/1.6", output({ AudioGeneration: "Enabled" }), []],
  ["Hailuo/2.3", output({ AudioGeneration: "Enabled" }), ["doubtful OutputConfig.AudioGeneration → Disabled"]],
  ["Hailuo/2.3", output({ AudioGeneration: "Disabled" }), []],
  [
    "Kling/2.6",
    { FileInfos: [first, last], ...output({ AudioGeneration: "Enabled" }) },
    ["impossible OutputConfig.AudioGeneration → Disabled"],
  ],
  [
    "Kling/2.6",
    output({ AudioGeneration: "Enabled", Resolution: "720p" }),
    ["impossible OutputConfig.Resolution → 1080P"],
  ],
  // Together
  ["PixVerse/v5.6", output({ Duration: 10, Resolution: "1080p" }), ["impossible OutputConfig.Duration → 8"]],
  ["PixVerse/v6", output({ Duration: 10, Resolution: "1080p" }), ["doubtful OutputConfig.Duration → 8"]],
  // Scenes and subjects
  ["Kling/2.6", { SceneType: "lip_sync" }, []],
  ["Hailuo/02", { SceneType: "lip_sync" }, ["impossible SceneType"]],
  ["Vidu/q2", { SceneType: "template-effect" }, ["impossible SceneType → template_effect"]],
  ["Hunyuan/3d_2.0", { SceneType: "3d_scene" }, []],
  ["Kling/3.0", { SubjectInfos: [{ Name: "cat" }] }, ["impossible SubjectInfos.0.Id"]],
  ["Vidu/q2", { SubjectInfos: [{ Name: "cat", ImageUrls: times(3, "https://example.com/a.png") }] }, []],
  [
    "Vidu/q2",
    { SubjectInfos: [{ Id: "1", ImageUrls: times(4, "https://example.com/a.png") }] },
    ["impossible SubjectInfos.0.Name", "impossible SubjectInfos.0.ImageUrls → 3"],
  ],
  [
    "Vidu/q2",
    { SubjectInfos: [{ Name: "cat", VideoUrls: ["https://example.com/a.mp4"] }] },
    ["impossible SubjectInfos.0.VideoUrls"],
  ],
  ["Vidu/q2-pro", { SubjectInfos: [{ Name: "cat", VideoUrls: ["https://example.com/a.mp4"] }] }, []],
  ["Vidu/q3-mix", { SubjectInfos: [{ Name: "cat", Id: "1" }] }, ["doubtful SubjectInfos.0.Id"]],
  // Every model
  ["Vidu/q2", { Prompt: "日".repeat(5_001) }, ["impossible Prompt → 5000"]],
  ["Kling/3.0", output({ MediaName: "日".repeat(64) }), []],
  ["Nobody/1", output({ MediaName: "日".repeat(65) }), ["unknown_model ModelName", "limit OutputConfig.MediaName"]],
  ["Kling/3.0", { FileInfos: [{ ...first, Base64: "A".repeat(BASE64_OF_7_MB) }] }, []],
  [
    "Kling/3.0-Omni",
    { FileInfos: times(2, { ...reference, Base64: "A".repeat(BASE64_OF_7_MB / 2 + 2) }) },
    ["limit FileInfos"],
  ],
  ["Kling/3.0", { FileInfos: [{ ...first, Base64: "data:image/png;base64,AA" }] }, ["limit FileInfos.0.Base64"]],
];

const IMAGE: Row[] = [
  ["GEM/3.0", output({ Resolution: "1080P" }), ["doubtful OutputConfig.Resolution → 1K"]],
  ["GG/3.0", output({ Resolution: "1080P" }), ["doubtful OutputConfig.Resolution → 1K"]],
  ["GG/3.1", output({ Resolution: "1080P" }), ["impossible OutputConfig.Resolution → 1K"]],
  ["GG/3.1", output({ Resolution: "1k", AspectRatio: "1:8" }), []],
  ["GG/3.0", output({ AspectRatio: "1:8" }), ["impossible OutputConfig.AspectRatio → 9:16"]],
  ["Kling/2.1", output({ Resolution: "1K" }), []],
  ["Kling/2.1", output({ Resolution: "4K" }), ["impossible OutputConfig.Resolution → 2K"]],
  ["Kling/O1", output({ AspectRatio: "auto" }), []],
  ["Kling/2.1", { SceneType: "image_expand" }, ["impossible ModelVersion → scene"]],
  ["Kling/scene", { SceneType: "image_expand" }, []],
  ["Kling/3.0", output({ OutputImageCount: 10 }), ["impossible OutputConfig.OutputImageCount → 9"]],
  ["GG/3.0", output({ OutputImageCount: 2 }), ["doubtful OutputConfig.OutputImageCount → 1"]],
  ["OG/image2_low", output({ OutputFormat: "webp" }), ["impossible OutputConfig.OutputFormat → jpeg"]],
  ["GG/2.5", { FileInfos: times(3, bare) }, []],
  ["GG/2.5", { FileInfos: times(4, bare) }, ["impossible FileInfos → 3"]],
  ["OG/image2_low", { FileInfos: times(17, bare) }, ["doubtful FileInfos → 16"]],
  ["GG/2.5", { FileInfos: [first] }, ["doubtful FileInfos.0.Category", "doubtful FileInfos.0.Usage"]],
  ["Hunyuan/3.0", output({ Resolution: "1024x1024" }), ["doubtful OutputConfig.Resolution"]],
  ["Hunyuan/3.0", output({ Resolution: "3K" }), ["impossible OutputConfig.Resolution"]],
  ["Qwen/0925", output({ AspectRatio: "1:1" }), ["impossible OutputConfig.AspectRatio"]],
  ["Jimeng/4.0", output({ AspectRatio: "1:1" }), ["doubtful OutputConfig.AspectRatio"]],
  ["MJ/v8.2", output({ Resolution: "9K", AspectRatio: "5:1", OutputImageCount: 4 }), []],
];

const UNKNOWN: [CreateAction, string, string[]][] = [
  ["CreateAigcVideoTask", "kling/2.5", ["unknown_model ModelName → Kling"]],
  ["CreateAigcVideoTask", "Hailou/02", ["unknown_model ModelName → Hailuo"]],
  ["CreateAigcVideoTask", "Sora/2", ["unknown_model ModelName"]],
  ["CreateAigcVideoTask", "GEM/3.0", ["unknown_model ModelName"]],
  ["CreateAigcVideoTask", "Kling/2.7", ["unknown_version ModelVersion → 2.6"]],
  ["CreateAigcVideoTask", "Kling/3.0-omni", ["unknown_version ModelVersion → 3.0-Omni"]],
  ["CreateAigcVideoTask", "Vidu/q2pro", ["unknown_version ModelVersion → q2-pro"]],
  ["CreateAigcImageTask", "Kling/1.6", ["unknown_version ModelVersion → 2.1"]],
  ["CreateAigcImageTask", `Kling/${"3".repeat(65)}`, ["unknown_version ModelVersion"]],
];

describe("a video request", () => {
  it.for(VIDEO)("%s %o", ([model, asked, expected], { expect }) => {
    expect(findings("CreateAigcVideoTask", model, asked).map(brief)).toEqual(expected);
  });
});

describe("an image request", () => {
  it.for(IMAGE)("%s %o", ([model, asked, expected], { expect }) => {
    expect(findings("CreateAigcImageTask", model, asked).map(brief)).toEqual(expected);
  });
});

describe("an unknown model", () => {
  it.for(UNKNOWN)("%s %s", ([action, model, expected], { expect }) => {
    expect(findings(action, model, output({ Duration: 99 })).map(brief)).toEqual(expected);
  });
});

describe("a finding", () => {
  it("says what is possible, what was asked and who says so", ({ expect }) => {
    expect(findings("CreateAigcVideoTask", "Kling/2.6", output({ Duration: 8 }))).toEqual([
      {
        kind: "doubtful",
        path: ["OutputConfig", "Duration"],
        message: "Kling 2.6 makes videos of 5 or 10 seconds, not 8.",
        allowed: [5, 10],
        nearest: 10,
        sources: [{ name: "VOD AIGC access guide, third-party copy", date: "2026-09-10" }],
      },
    ]);
  });

  it.for([
    ["Hailuo/H3", { Duration: 2 }, "Hailuo H3 makes videos of 4 to 15 whole seconds, not 2."],
    ["Kling/2.5", { Resolution: "360P" }, "Kling 2.5 makes videos with a Resolution of 720P or 1080P, not 360P."],
    ["Hailuo/02", { AspectRatio: "1:1" }, "Hailuo 02 takes no AspectRatio."],
    ["OS/2.0", { Duration: 1e9 }, "OS 2.0 makes videos of 4, 8 or 12 seconds, not 1000000000."],
  ] as const)("%s %o", ([model, config, message], { expect }) => {
    expect(findings("CreateAigcVideoTask", model, output(config))[0]?.message).toBe(message);
  });

  it("shows a long value cut off and on one line", ({ expect }) => {
    const [finding] = findings("CreateAigcVideoTask", "Kling/2.5", output({ Resolution: `7\n20P${"界".repeat(100)}` }));
    expect(finding?.message).toBe(
      `Kling 2.5 makes videos with a Resolution of 720P or 1080P, not 7 20P${"界".repeat(35)}….`,
    );
  });

  it("stays small, however large the request", ({ expect }) => {
    const many = times(5_000, { ...first, ReferenceType: "face", Base64: "data:", Url: "" });
    const huge = findings("CreateAigcVideoTask", "GV/3.1", {
      FileInfos: many,
      OutputConfig: { Resolution: "界".repeat(MEGABYTE), AspectRatio: "9".repeat(MEGABYTE) },
    });
    expect(huge.map(brief)).toContain("impossible FileInfos → 3");
    expect(JSON.stringify(huge).length).toBeLessThan(MEGABYTE / 10);
  });
});
