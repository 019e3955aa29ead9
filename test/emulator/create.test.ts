import { beforeEach, describe, it } from "vitest";
import {
  call,
  codeOf,
  control,
  createdTask,
  finishedTask,
  freshEmulator,
  image,
  SUB_APP_ID,
  video,
} from "./support.ts";

const THREE_DAYS_SECONDS = 3 * 24 * 3600;

beforeEach(() => freshEmulator());

/** Seed 004's own example, with its priority in quotes. */
const documentedExample = {
  SubAppId: 251007502,
  ModelName: "GV",
  ModelVersion: "3.1-fast",
  FileInfos: [{ FileId: "3704211***509819" }],
  LastFrameFileId: "3704211***509911",
  Prompt: "generate a car",
  NegativePrompt: "red",
  EnhancePrompt: "Enabled",
  OutputConfig: {
    StorageMode: "Temporary",
    AspectRatio: "9:16",
    AudioGeneration: "Enabled",
    PersonGeneration: "AllowAdult",
    InputComplianceCheck: "Enabled",
    OutputComplianceCheck: "Enabled",
  },
  SessionId: "mysession2",
  SessionContext: "mysessionContext",
  TasksPriority: "10",
  ExtInfo: "myextinfo",
};

describe("a video request", () => {
  it.for<[string, object]>([
    ["the documented example", documentedExample],
    ["an unknown model", { ...video, ModelName: "Nova", ModelVersion: "9" }],
    ["numbers in quotes", { ...video, SubAppId: "251007502", Seed: "7", OutputConfig: { Duration: "5.5" } }],
    ["a scene instead of a prompt", { ...video, Prompt: undefined, SceneType: "lip_sync" }],
    ["files instead of a prompt", { ...video, Prompt: "", FileInfos: [{ Type: "Url", Url: "http://a.test/1.png" }] }],
    ["the longest session id and context", { ...video, SessionId: "s".repeat(50), SessionContext: "界".repeat(1000) }],
    [
      "every member",
      {
        ...video,
        FileInfos: [
          {
            Type: "Base64",
            Category: "Image",
            FileId: "1",
            Url: "u",
            Base64: "AAAA",
            ReferenceType: "asset",
            ObjectId: "o",
            VoiceId: "v",
            KeepOriginalSound: "Enabled",
            Usage: "Reference",
            Text: "t",
          },
        ],
        SubjectInfos: [{ Id: "1", Name: "n", VoiceId: "v", ImageUrls: ["a"], VideoUrls: ["b"] }],
        LastFrameUrl: "u",
        InputRegion: "Oversea",
        Procedure: "p",
        OutputConfig: {
          MediaName: "m",
          ClassId: 1,
          ExpireTime: "2030-01-01T00:00:00Z",
          Resolution: "720P",
          EnhanceSwitch: "Disabled",
          OffPeak: "Disabled",
          FrameInterpolate: "Disabled",
          LogoAdd: "Disabled",
          EnableBGM: "Disabled",
        },
      },
    ],
  ])("passes with %s", async ([, body], { expect }) => {
    expect(await call("CreateAigcVideoTask", body)).toEqual({
      TaskId: expect.stringMatching(/^251007502-AigcVideoTask-[0-9a-f]{32}t$/),
      RequestId: expect.any(String),
    });
  });

  it.for<[string, string, object]>([
    ["UnknownParameter", "CallbackUrl", { CallbackUrl: "x" }],
    ["UnknownParameter", "OutputConfig.Fps", { OutputConfig: { Fps: 24 } }],
    ["UnknownParameter", "OutputConfig.OutputImageCount", { OutputConfig: { OutputImageCount: 1 } }],
    ["UnknownParameter", "FileInfos.1.url", { FileInfos: [{ FileId: "1" }, { url: "x" }] }],
    ["UnknownParameter", "SubjectInfos.0.Age", { SubjectInfos: [{ Age: 1 }] }],
    ["MissingParameter", "SubAppId", { SubAppId: undefined }],
    ["MissingParameter", "ModelName", { ModelName: undefined }],
    ["MissingParameter", "ModelVersion", { ModelVersion: undefined }],
    ["InvalidParameter", "ModelName", { ModelName: 3 }],
    ["InvalidParameter", "Prompt", { Prompt: null }],
    ["InvalidParameter", "ExtInfo", { ExtInfo: { AdditionalParameters: "{}" } }],
    ["InvalidParameter", "FileInfos", { FileInfos: { FileId: "1" } }],
    ["InvalidParameter", "Seed", { Seed: 1.5 }],
    ["InvalidParameter", "TasksPriority", { TasksPriority: "high" }],
    ["InvalidParameter", "OutputConfig.Duration", { OutputConfig: { Duration: "5s" } }],
    ["InvalidParameter", "OutputConfig.StorageMode", { OutputConfig: { StorageMode: 1 } }],
    ["InvalidParameter", "Prompt", { Prompt: undefined, FileInfos: [] }],
    ["InvalidParameterValue", "TasksPriority", { TasksPriority: 11 }],
    ["InvalidParameterValue", "TasksPriority", { TasksPriority: "-11" }],
    ["InvalidParameterValue", "EnhancePrompt", { EnhancePrompt: "enabled" }],
    ["InvalidParameterValue", "OutputConfig.StorageMode", { OutputConfig: { StorageMode: "temporary" } }],
    ["InvalidParameterValue", "OutputConfig.PersonGeneration", { OutputConfig: { PersonGeneration: "AllowAll" } }],
    ["InvalidParameterValue", "OutputConfig.EnableBGM", { OutputConfig: { EnableBGM: "Yes" } }],
    ["InvalidParameterValue", "FileInfos.0.Type", { FileInfos: [{ Type: "file", FileId: "1" }] }],
    ["InvalidParameterValue.SessionIdTooLong", "SessionId", { SessionId: "s".repeat(51) }],
    ["InvalidParameterValue.SessionContextTooLong", "SessionContext", { SessionContext: "c".repeat(1001) }],
    ["InvalidParameterValue.SubAppId", "application id", { SubAppId: 1 }],
  ])("is refused with %s for %s", async ([code, named, change], { expect }) => {
    const { Error: error } = await call("CreateAigcVideoTask", { ...video, ...change });
    expect(error?.Code).toBe(code);
    expect(error?.Message).toContain(named);
    expect(await control("GET", "tasks")).toEqual([]);
  });
});

it("is told of unknown members first, then of missing ones, then of types, then of values", async ({ expect }) => {
  const wrongValue = { ...video, TasksPriority: 99 };
  const wrongType = { ...wrongValue, Seed: "x" };
  const missing = { ...wrongType, ModelVersion: undefined };
  const unknown = { ...missing, OutputConfig: { Fps: 24 } };
  const codes = [];
  for (const body of [unknown, missing, wrongType, wrongValue]) codes.push(await codeOf("CreateAigcVideoTask", body));
  expect(codes).toEqual(["UnknownParameter", "MissingParameter", "InvalidParameter", "InvalidParameterValue"]);
});

describe("an image request", () => {
  it("passes with members of its own", async ({ expect }) => {
    const body = {
      ...image,
      FileInfos: [{ Type: "File", FileId: "1", ReferenceType: "mask", Text: "t" }],
      OutputConfig: { OutputImageCount: "2", OutputFormat: "png", LogoAdd: "Disabled" },
    };
    expect((await call("CreateAigcImageTask", body)).TaskId).toMatch(/-AigcImageTask-/);
  });

  it.for<[string, object]>([
    ["SubjectInfos", { SubjectInfos: [] }],
    ["LastFrameUrl", { LastFrameUrl: "x" }],
    ["LastFrameFileId", { LastFrameFileId: "x" }],
    ["Procedure", { Procedure: "x" }],
    ["FileInfos.0.Usage", { FileInfos: [{ Usage: "Reference" }] }],
    ["FileInfos.0.Category", { FileInfos: [{ Category: "Image" }] }],
    ["OutputConfig.Duration", { OutputConfig: { Duration: 5 } }],
  ])("has no %s", async ([named, change], { expect }) => {
    const { Error: error } = await call("CreateAigcImageTask", { ...image, ...change });
    expect(error).toMatchObject({ Code: "UnknownParameter", Message: expect.stringContaining(`\`${named}\``) });
  });
});

describe("a session id", () => {
  const DUPLICATE = "InvalidParameterValue.SessionId";

  it("is taken once by fifty calls at the same time, over both actions", async ({ expect }) => {
    const codes = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        index % 2 === 0
          ? codeOf("CreateAigcVideoTask", { ...video, SessionId: "one" })
          : codeOf("CreateAigcImageTask", { ...image, SessionId: "one" }),
      ),
    );
    expect(codes.filter((code) => code === "OK")).toHaveLength(1);
    expect(codes.filter((code) => code === DUPLICATE)).toHaveLength(49);
    expect(await control("GET", "tasks")).toHaveLength(1);
  });

  it("is not looked at when it is empty", async ({ expect }) => {
    for (let i = 0; i < 2; i++) expect(await codeOf("CreateAigcVideoTask", { ...video, SessionId: "" })).toBe("OK");
  });

  it("is no hindrance where the configuration says so: each call is a paid task", async ({ expect }) => {
    const request = { ...video, SessionId: "same" };
    await createdTask("CreateAigcVideoTask", request);
    await control("PUT", "config", { dedupe: false });
    const second = await createdTask("CreateAigcVideoTask", request);
    await control("PUT", "config", { dedupe: true });
    expect(await codeOf("CreateAigcVideoTask", request)).toBe(DUPLICATE);
    expect(await control("GET", "tasks")).toMatchObject([{ SessionId: "same" }, { SessionId: "same", TaskId: second }]);
  });

  it("is not used up by a refused request", async ({ expect }) => {
    expect(await codeOf("CreateAigcVideoTask", { ...video, SessionId: "again", TasksPriority: 99 })).not.toBe("OK");
    expect(await codeOf("CreateAigcVideoTask", { ...video, SessionId: "again" })).toBe("OK");
  });

  it("is free again after three days", async ({ expect }) => {
    await createdTask("CreateAigcVideoTask", { ...video, SessionId: "old" });
    await control("POST", "clock", { advance_seconds: THREE_DAYS_SECONDS - 5 });
    expect(await codeOf("CreateAigcVideoTask", { ...video, SessionId: "old" })).toBe(DUPLICATE);
    await control("POST", "clock", { advance_seconds: 6 });
    expect(await codeOf("CreateAigcVideoTask", { ...video, SessionId: "old" })).toBe("OK");
    expect(await codeOf("CreateAigcVideoTask", { ...video, SessionId: "old" })).toBe(DUPLICATE);
  });
});

describe("the limits", () => {
  it("let so many create calls pass in a second", async ({ expect }) => {
    await freshEmulator({ requests_per_second: 3 });
    const codes = await Promise.all(Array.from({ length: 8 }, () => codeOf("CreateAigcVideoTask", video)));
    expect(codes.filter((code) => code === "OK")).toHaveLength(3);
    expect(codes.filter((code) => code === "RequestLimitExceeded")).toHaveLength(5);
    expect(await codeOf("DescribeTasks", { SubAppId: SUB_APP_ID })).toBe("OK");
    await scheduler.wait(1100);
    expect(await codeOf("CreateAigcVideoTask", video)).toBe("OK");
  });

  it("end a task without a slot at once, the others as planned", async ({ expect }) => {
    await freshEmulator({ concurrency: 2 });
    const taskIds = [];
    for (let i = 0; i < 3; i++) taskIds.push(await createdTask("CreateAigcVideoTask", video));
    await scheduler.wait(100);
    expect(await finishedTask(taskIds[2] ?? "")).toMatchObject({
      Status: "FINISH",
      AigcVideoTask: {
        ErrCode: 70_000,
        ErrCodeExt: "RequestLimitExceeded",
        Message: expect.stringMatching(/./),
        Output: { FileInfos: [] },
      },
    });
    const statuses = (await control<{ Status: string }[]>("GET", "tasks")).map((task) => task.Status);
    expect(statuses).toEqual(["PROCESSING", "PROCESSING", "FINISH"]);

    await control("POST", "clock", { advance_seconds: 60 });
    await createdTask("CreateAigcVideoTask", video);
    expect((await control<{ Status: string }[]>("GET", "tasks")).map((task) => task.Status)).toEqual([
      "FINISH",
      "FINISH",
      "FINISH",
      "PROCESSING",
    ]);
  });
});

it("takes a request of seven megabytes", async ({ expect }) => {
  const media = "A".repeat(7_000_000);
  const taskId = await createdTask("CreateAigcVideoTask", { ...video, FileInfos: [{ Type: "Base64", Base64: media }] });
  expect(await control("GET", "tasks")).toMatchObject([
    { TaskId: taskId, request: { FileInfos: [{ Base64: "(7000000 characters)" }] } },
  ]);
});
