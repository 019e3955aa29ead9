/* Every field and value that the five seeds name, by a dry run: docs/seeds.md refers to its rows by their names. */
import { beforeEach, describe, it } from "vitest";
import { emulator, type Gateway, type Json } from "../support/gateway.ts";
import { call, startTencentGateway, VIDEO } from "./support/tencent-api.ts";

let gateway: Gateway;

beforeEach(async () => {
  await emulator.reset();
  gateway = await startTencentGateway();
});

async function sent(path: string, body: Json): Promise<Json> {
  const response = await gateway.post(`${path}?dry_run=1`, body);
  const answer = await response.json<{ request?: Json }>();
  if (!answer.request) throw new Error(`HTTP ${response.status}: ${JSON.stringify(answer)}`);
  return answer.request;
}

const each = <Value>(values: readonly Value[], row: (value: Value) => readonly [string, Json, Json]) => values.map(row);

const SWITCH = ["Enabled", "Disabled"] as const;

const names = (model_name: string, model_version: string) => ({ model_name, model_version });

/** A member of `output_config`, as the client writes it and as the vendor gets it. */
const output = (name: string, member: string, values: readonly string[]) =>
  each(values, (value) => [
    `${name} ${value}`,
    { output_config: { [name]: value } },
    { OutputConfig: { [member]: value } },
  ]);

const top = (name: string, member: string, values: readonly unknown[]) =>
  each(values, (value) => [`${name} ${JSON.stringify(value)}`, { [name]: value }, { [member]: value }]);

const model = (name: string, versions: readonly string[]) =>
  each(versions, (version) => [
    `model ${name} ${version}`,
    { model_name: name, model_version: version },
    { ModelName: name, ModelVersion: version },
  ]);

const file = (given: Json, member: Json) =>
  [`file_infos ${JSON.stringify(given)}`, { file_infos: [given] }, { FileInfos: [member] }] as const;

const priorities = (values: readonly string[]) =>
  each(values, (value) => [
    `tasks_priority as text ${value}`,
    { tasks_priority: value },
    { TasksPriority: Number(value) },
  ]);

const SHARED = [
  ...top("prompt", "Prompt", ["一辆汽车"]),
  ...top("negative_prompt", "NegativePrompt", ["red"]),
  ...top("enhance_prompt", "EnhancePrompt", SWITCH),
  ...output("storage_mode", "StorageMode", ["Permanent", "Temporary"]),
  ...output("person_generation", "PersonGeneration", ["AllowAdult", "Disallowed"]),
  ...output("input_compliance_check", "InputComplianceCheck", SWITCH),
  ...output("output_compliance_check", "OutputComplianceCheck", SWITCH),
  ...priorities(["10", "-10", "0"]),
  file({ type: "File", file_id: "3704211" }, { Type: "File", FileId: "3704211" }),
  file({ type: "Url", url: "https://test.com/1.png" }, { Type: "Url", Url: "https://test.com/1.png" }),
  file({ type: "File", file_id: "3", text: "(图1)" }, { Type: "File", FileId: "3", Text: "(图1)" }),
] as const;

const AIGC_VIDEO = [
  ...SHARED,
  ...output("aspect_ratio", "AspectRatio", ["16:9", "9:16", "1:1"]),
  ...output("audio_generation", "AudioGeneration", SWITCH),
  ...output("resolution", "Resolution", ["720P", "1080P"]),
  ...each(["5", "8.0", "10"], (text) => [
    `duration as text ${text}`,
    { output_config: { duration: text } },
    { OutputConfig: { Duration: Number(text) } },
  ]),
  ["ext_info as text", { ext_info: "myextinfo" }, { ExtInfo: "myextinfo" }],
  file(
    { type: "Url", url: "https://test.com/1.png", category: "Image" },
    {
      Type: "Url",
      Url: "https://test.com/1.png",
      Category: "Image",
    },
  ),
  file(
    { type: "Url", url: "https://test.com/1.mp4", category: "Video" },
    {
      Type: "Url",
      Url: "https://test.com/1.mp4",
      Category: "Video",
    },
  ),
  [
    "last_frame_url",
    {
      file_infos: [{ url: "https://test.com/0.png" }],
      last_frame_url: "https://test.com/1.png",
      output_config: { resolution: "1080P" },
    },
    { FileInfos: [{ Url: "https://test.com/0.png" }], LastFrameUrl: "https://test.com/1.png" },
  ],
  ...top("scene_type", "SceneType", ["motion_control", "avatar_i2v", "lip_sync"]),
  ...model("Hailuo", ["02", "2.3"]),
  [
    "model Hailuo 2.3-fast, which takes no plain text",
    { model_name: "Hailuo", model_version: "2.3-fast", file_infos: [{ url: "https://test.com/0.png" }] },
    { ModelName: "Hailuo", ModelVersion: "2.3-fast" },
  ],
  ...model("Kling", ["1.6", "2.0", "2.1", "2.5", "O1", "3.0", "3.0-Omni"]),
  ...model("Vidu", ["q2", "q2-pro", "q2-turbo", "q3-pro", "q3-turbo"]),
  ...model("GV", ["3.1"]),
] as const;

const AIGC_IMAGE = [
  ...SHARED,
  ...output("aspect_ratio", "AspectRatio", "1:1 3:2 2:3 3:4 4:3 4:5 5:4 9:16 16:9 21:9".split(" ")),
  ...output(
    "resolution",
    "Resolution",
    (
      "720P 1080P 2K 4K 1024x1024 2048x2048 2304x1728 2496x1664 2560x1440 3024x1296 4096x4096 4694x3520 4992x3328 " +
      "5404x3040 6198x2656"
    ).split(" "),
  ),
  ["ext_info as an object", { ext_info: { a: 1 } }, { ExtInfo: '{"a":1}' }],
  ...model("GEM", ["2.5", "3.0"]),
  ...model("Qwen", ["0925"]),
  ...model("Hunyuan", ["3.0"]),
] as const;

describe.for([
  [
    "000 and 001",
    "/tencent-vod/v1/aigc-video",
    { model_name: "Kling", model_version: "2.1", prompt: "a car" },
    AIGC_VIDEO,
  ],
  ["002", "/tencent-vod/v1/aigc-image", { model_name: "GEM", model_version: "3.0", prompt: "a cat" }, AIGC_IMAGE],
] as const)("seed %s", ([, path, base, rows]) => {
  it.for(rows.map((row) => [...row] as const))("takes %s", async ([, changes, members], { expect }) => {
    expect(await sent(path, { ...base, ...changes })).toMatchObject(members);
  });

  it.for(["model_name", "model_version", "prompt"])("requires %s", async (name, { expect }) => {
    const response = await gateway.post(`${path}?dry_run=1`, { ...base, [name]: undefined });
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ detail: [{ loc: ["body", name], type: "missing" }] });
  });

  it.for([
    ["session_id", "s".repeat(51)],
    ["session_context", "c".repeat(1_001)],
    ["tasks_priority", "11"],
    ["tasks_priority", "-11"],
    ["enhance_prompt", "On"],
  ])("refuses %s %s", async ([name = "", value], { expect }) => {
    const response = await gateway.post(`${path}?dry_run=1`, { ...base, [name]: value });
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ detail: [{ loc: ["body", name] }] });
  });

  it("takes a key as a bearer token, and nothing without one", async ({ expect }) => {
    expect((await gateway.post(`${path}?dry_run=1`, base)).status).toBe(200);
    expect((await gateway.post(`${path}?dry_run=1`, base, { key: null })).status).toBe(401);
  });
});

const A = "https://example.com/ref-1.png";
const B = "https://example.com/ref-2.png";
const image = (url: string, usage: string) => ({ Type: "Url", Url: url, Category: "Image", Usage: usage });
const sold = (name: string, version: string, members: Json = {}) =>
  [
    `model ${name}`,
    { model: name, ...(name.includes("mix") && { reference_image_urls: [A] }) },
    { ModelName: "Vidu", ModelVersion: version, OutputConfig: members },
  ] as const;

const GENERATIONS = [
  ...["540p", "720p", "1080p"].flatMap((size) => [
    sold(`viduq3p-${size}`, "q3-pro", { Resolution: size.toUpperCase() }),
    sold(`viduq3t-${size}`, "q3-turbo", { Resolution: size.toUpperCase() }),
  ]),
  sold("viduq3p-1080p-offpeak", "q3-pro", { Resolution: "1080P", OffPeak: "Enabled" }),
  sold("viduq3p-mix-720p", "q3-mix", { Resolution: "720P" }),
  ["image", { image: A }, { FileInfos: [image(A, "FirstFrame")] }],
  ["image and last_image", { image: A, last_image: B }, { FileInfos: [image(A, "FirstFrame")], LastFrameUrl: B }],
  [
    "reference_image_urls in mix mode",
    { model: "viduq3p-mix-720p", reference_image_urls: [A, B] },
    { FileInfos: [image(A, "Reference"), image(B, "Reference")] },
  ],
  ["aspect_ratio", { aspect_ratio: "16:9" }, { OutputConfig: { AspectRatio: "16:9" } }],
  ["aspect_ratio with an image", { image: A, aspect_ratio: "9:16" }, { OutputConfig: { AspectRatio: "9:16" } }],
  ...each([1, 5, "5", 16, "16"], (duration) => [
    `duration ${JSON.stringify(duration)}`,
    { duration },
    { OutputConfig: { Duration: Number(duration) } },
  ]),
  ["extra_body.audio", { extra_body: { audio: false } }, { OutputConfig: { AudioGeneration: "Disabled" } }],
  ["extra_body.bgm", { extra_body: { bgm: false } }, { OutputConfig: { EnableBGM: "Disabled" } }],
  ["extra_body.seed", { extra_body: { seed: 42 } }, { Seed: 42 }],
] as const;

const pictures = (count: number) => Array.from({ length: count }, () => ({ url: "https://test.com/0.png" }));

/** What these documents, or newer ones, exclude for a model: it is sent all the same, as it was asked for. */
const EXCLUDED = [
  ["aspect_ratio of Hailuo", { ...names("Hailuo", "02"), output_config: { aspect_ratio: "16:9" } }],
  ["aspect_ratio 4:3 of another Vidu than q2", { ...names("Vidu", "q3-pro"), output_config: { aspect_ratio: "4:3" } }],
  ["audio_generation of Hailuo", { ...names("Hailuo", "02"), output_config: { audio_generation: "Enabled" } }],
  ["a duration of Kling", { ...names("Kling", "1.6"), output_config: { duration: "8" } }],
  ["a duration of Hailuo", { ...names("Hailuo", "02"), output_config: { duration: "8" } }],
  ["a duration of Vidu", { ...names("Vidu", "q2"), output_config: { duration: "12" } }],
  ["a resolution of Kling", { ...names("Kling", "1.6"), output_config: { resolution: "4K" } }],
  ["a resolution of Hailuo", { ...names("Hailuo", "02"), output_config: { resolution: "720P" } }],
  ["more than three images", { ...names("Kling", "2.1"), file_infos: pictures(4) }],
  [
    "several images and a last frame of GV",
    {
      ...names("GV", "3.1"),
      file_infos: pictures(2),
      last_frame_url: "https://test.com/1.png",
    },
  ],
  [
    "last_frame_url of another model",
    {
      ...names("Kling", "1.6"),
      file_infos: [{ url: "https://test.com/0.png" }],
      last_frame_url: "https://test.com/1.png",
    },
  ],
  ["scene_type of another model", { ...names("Hailuo", "02"), scene_type: "lip_sync" }],
  ["a model that nobody has named", names("Novel", "1.0")],
] as const;

const EXCLUDED_IMAGES = [
  ["aspect_ratio of Qwen", { ...names("Qwen", "0925"), output_config: { aspect_ratio: "1:1" } }],
  ["a model that nobody has named", names("Novel", "1.0")],
] as const;

describe.for([
  ["/tencent-vod/v1/aigc-video", EXCLUDED],
  ["/tencent-vod/v1/aigc-image", EXCLUDED_IMAGES],
] as const)("what a text excludes for a model: POST %s", ([path, excluded]) => {
  it.for(excluded.map((row) => [...row] as const))("takes %s, with a warning", async ([, body], { expect }) => {
    const response = await gateway.post(`${path}?dry_run=1`, { prompt: "a car", ...body });
    const { warnings } = await response.json<{ warnings?: Json[] }>();
    expect([response.status, (warnings?.length ?? 0) > 0]).toEqual([200, true]);
  });
});

describe("seed 003", () => {
  const base = { model: "viduq3p-720p", prompt: "a shore at dawn" };
  const path = "/v1/video/generations";

  it.for(GENERATIONS)("takes %s", async ([, changes, members], { expect }) => {
    expect(await sent(path, { ...base, ...changes })).toMatchObject(members);
  });

  it("leaves the sound to the vendor's default", async ({ expect }) => {
    expect((await sent(path, base))["OutputConfig"]).not.toHaveProperty("AudioGeneration");
  });

  it.for([
    ["model", { model: undefined }],
    ["prompt", { prompt: undefined }],
    ["last_image", { last_image: A }],
    ["duration", { duration: 17 }],
  ] as const)("refuses %s %j", async ([param, changes], { expect }) => {
    const response = await gateway.post(`${path}?dry_run=1`, { ...base, ...changes });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { param } });
  });
});

const FILE = { FileId: "3704211" };
const GV = { ModelName: "GV", ModelVersion: "3.1-fast" };

const TENCENT = [
  ["SubAppId", { SubAppId: "251007502" }, { SubAppId: 251007502 }],
  ["ModelName and ModelVersion", GV, GV],
  ["FileInfos", { FileInfos: [{ ...FILE, Usage: "FirstFrame" }] }, { FileInfos: [{ ...FILE, Usage: "FirstFrame" }] }],
  [
    "SubjectInfos",
    { ModelName: "Vidu", ModelVersion: "q2", SubjectInfos: [{ Name: "a", ImageUrls: [A] }] },
    { SubjectInfos: [{ Name: "a", ImageUrls: [A] }] },
  ],
  ["LastFrameFileId", { ...GV, FileInfos: [FILE], LastFrameFileId: "1" }, { LastFrameFileId: "1" }],
  ["LastFrameUrl", { ...GV, FileInfos: [FILE], LastFrameUrl: B }, { LastFrameUrl: B }],
  ["Prompt", { Prompt: "generate a car" }, { Prompt: "generate a car" }],
  ["NegativePrompt", { NegativePrompt: "red" }, { NegativePrompt: "red" }],
  ["EnhancePrompt", { EnhancePrompt: "Enabled" }, { EnhancePrompt: "Enabled" }],
  ["OutputConfig", { OutputConfig: { StorageMode: "Temporary" } }, { OutputConfig: { StorageMode: "Temporary" } }],
  ["InputRegion", { InputRegion: "Oversea" }, { InputRegion: "Oversea" }],
  ["SceneType", { SceneType: "lip_sync" }, { SceneType: "lip_sync" }],
  ["Seed", { Seed: 7 }, { Seed: 7 }],
  ["TasksPriority as text", { TasksPriority: "10" }, { TasksPriority: 10 }],
  ["ExtInfo", { ExtInfo: "myextinfo" }, { ExtInfo: "myextinfo" }],
] as const;

describe("seed 004", () => {
  it.for(TENCENT)("takes %s", async ([, changes, members], { expect }) => {
    const answer = await call(gateway, "CreateAigcVideoTask", { ...VIDEO, ...changes }, { query: "dry_run=1" });
    expect(answer["request"]).toMatchObject(members);
  });

  it("answers with a TaskId and a RequestId, and with nothing else", async ({ expect }) => {
    const answer = await call(gateway, "CreateAigcVideoTask", { ...VIDEO, SessionId: "s", SessionContext: "c" });
    expect(Object.keys(answer).toSorted()).toEqual(["RequestId", "TaskId"]);
  });

  it.for(["x-tc-region", "x-tc-token", "x-tc-language"])(
    "takes the header %s and does nothing with it",
    async (name, { expect }) => {
      expect(await call(gateway, "CreateAigcVideoTask", VIDEO, { sent: { [name]: "x" } })).toHaveProperty("TaskId");
    },
  );

  it.for(["FailedOperation", "InternalError"])(
    "looks for what may be behind the vendor's %s, and is told the TaskId",
    async (code, { expect }) => {
      await emulator.fault({ action: "CreateAigcVideoTask", kind: "error", code, times: 1 });
      const answer = await call(gateway, "CreateAigcVideoTask", VIDEO);
      expect(answer).toHaveProperty("TaskId");
      expect(answer).not.toHaveProperty("Error");
    },
  );

  it.for([
    ["MissingParameter", { ModelName: undefined }],
    ["InvalidParameter", { Prompt: 7 }],
    ["InvalidParameterValue.SubAppId", { SubAppId: 1 }],
    ["InvalidParameterValue.SessionIdTooLong", { SessionId: "s".repeat(51) }],
    ["InvalidParameterValue.SessionContextTooLong", { SessionContext: "c".repeat(1_001) }],
  ] as const)("has the error %s of its own for %j", async ([code, changes], { expect }) => {
    const answer = await call(gateway, "CreateAigcVideoTask", { ...VIDEO, ...changes });
    expect(answer.Error?.Code).toBe(code);
    expect(await emulator.tasks()).toEqual([]);
  });

  it.for([
    "InvalidParameter",
    "InvalidParameterValue.FileId",
    "FailedOperation.InvalidVodUser",
    "UnauthorizedOperation",
  ])("passes on the vendor's error %s", async (code, { expect }) => {
    await emulator.fault({ action: "CreateAigcVideoTask", kind: "error", code });
    expect((await call(gateway, "CreateAigcVideoTask", VIDEO)).Error?.Code).toBe(code);
  });
});
