import { beforeEach, describe, it } from "vitest";
import {
  call,
  codeOf,
  control,
  createdTask,
  describeTask,
  emulator,
  finishedTask,
  freshEmulator,
  image,
  SUB_APP_ID,
  video,
} from "./support.ts";
import type { Answer } from "./support.ts";

const ISO_SECONDS = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const WEEK_MS = 7 * 24 * 3600 * 1000;

type Task = {
  Status: string;
  Progress: number;
  Input: Record<string, unknown>;
  Output: { FileInfos: File[]; [member: string]: unknown };
  [member: string]: unknown;
};
type File = { FileUrl: string; FileId: string; ExpireTime: string; MetaData: Record<string, unknown> };

function videoTaskOf(detail: Answer): Task {
  return detail["AigcVideoTask"] as Task;
}

function imageTaskOf(detail: Answer): Task {
  return detail["AigcImageTask"] as Task;
}

async function finish(taskId: string): Promise<Answer> {
  await control("POST", "clock", { advance_seconds: 60 });
  return finishedTask(taskId);
}

beforeEach(() => freshEmulator());

describe("DescribeTaskDetail", () => {
  it("shows a running task with rising progress", async ({ expect }) => {
    const taskId = await createdTask("CreateAigcVideoTask", video);
    const before = await describeTask(taskId);
    expect(before).toMatchObject({
      TaskType: "AigcVideoTask",
      Status: "PROCESSING",
      CreateTime: expect.stringMatching(ISO_SECONDS),
      BeginProcessTime: before["CreateTime"],
      FinishTime: "0000-00-00T00:00:00Z",
    });
    expect(videoTaskOf(before)).toMatchObject({ Status: "PROCESSING", ErrCode: 0, Output: { FileInfos: [] } });
    expect(videoTaskOf(before).Progress).toBeLessThan(5);
    await control("POST", "clock", { advance_seconds: 30 });
    const halfway = videoTaskOf(await describeTask(taskId)).Progress;
    expect(halfway).toBeGreaterThanOrEqual(50);
    expect(halfway).toBeLessThan(60);
  });

  it("has a finished video in the shape of live answers", async ({ expect }) => {
    const request = {
      ...video,
      FileInfos: [{ Type: "Base64", Base64: "AAAA", Usage: "FirstFrame" }],
      OutputConfig: { Duration: 5, Resolution: "720P" },
      SessionId: "s1",
      SessionContext: "ctx",
    };
    const detail = await finish(await createdTask("CreateAigcVideoTask", request));
    const { TaskId: taskId } = videoTaskOf(detail);
    expect(detail).toMatchObject({ Status: "FINISH", FinishTime: expect.stringMatching(ISO_SECONDS) });
    expect(detail["AigcImageTask"]).toBeNull();
    expect(detail["ProcedureTask"]).toBeNull();
    expect(videoTaskOf(detail)).toEqual({
      TaskId: taskId,
      Status: "FINISH",
      ErrCode: 0,
      ErrCodeExt: "",
      Message: "",
      Progress: 100,
      Input: {
        ModelName: "Kling",
        ModelVersion: "2.1",
        FileInfos: [
          {
            Type: "Base64",
            Category: "",
            FileId: "",
            Url: "",
            Base64: "",
            ReferenceType: "",
            ObjectId: "",
            VoiceId: "",
            KeepOriginalSound: "",
            Usage: "FirstFrame",
            Text: "",
          },
        ],
        SubjectInfos: [],
        LastFrameFileId: "",
        LastFrameUrl: "",
        Prompt: "a car in the rain",
        NegativePrompt: "",
        EnhancePrompt: "",
        GenerationMode: "",
        InputRegion: "",
        SceneType: "",
        OutputConfig: {
          StorageMode: "Temporary",
          MediaName: "",
          ClassId: 0,
          ExpireTime: "0000-00-00T00:00:00Z",
          Duration: 5,
          Resolution: "720P",
          AspectRatio: "",
          AudioGeneration: "",
          PersonGeneration: "",
          InputComplianceCheck: "",
          OutputComplianceCheck: "",
          EnhanceSwitch: "",
          OffPeak: "",
          FrameInterpolate: "",
          LogoAdd: "",
          EnableBGM: "",
        },
      },
      Output: {
        FileInfos: [
          {
            StorageMode: "Temporary",
            MediaName: "",
            ClassId: 0,
            ExpireTime: expect.stringMatching(ISO_SECONDS),
            FileType: "",
            FileUrl: `http://emulator.test/_emulator/media/${String(taskId)}/aigcVideoGenFile.mp4`,
            FileContent: "",
            FileId: "",
            UsageType: "",
            MetaData: expect.objectContaining({ Width: 160, Height: 90, Duration: 1, Container: expect.any(String) }),
          },
        ],
        ProcedureTaskIds: [],
        Usage: { InputTokens: 0, ThoughtTokens: 0 },
      },
      SessionId: "s1",
      SessionContext: "ctx",
    });
    const expiry = Date.parse(videoTaskOf(detail).Output.FileInfos[0]?.ExpireTime ?? "");
    expect(expiry - Date.parse(String(detail["FinishTime"]))).toBe(WEEK_MS);
  });

  it("tells of the very file that is served", async ({ expect }) => {
    const detail = await finish(await createdTask("CreateAigcVideoTask", video));
    const [file] = videoTaskOf(detail).Output.FileInfos;
    const bytes = await (await emulator.fetch(file?.FileUrl ?? "")).bytes();
    expect(file?.MetaData["Size"]).toBe(bytes.length);
    expect(file?.MetaData["Bitrate"]).toBe(bytes.length * 8);
    expect(new TextDecoder("latin1").decode(bytes)).toContain("avc1");
    expect(file?.MetaData["VideoStreamSet"]).toMatchObject([{ Codec: "h264", Fps: 24, Width: 160, Height: 90 }]);
  });

  it("has the images that were asked for", async ({ expect }) => {
    const request = {
      ...image,
      ModelName: "Kling",
      OutputConfig: { StorageMode: "Permanent", OutputImageCount: 3, MediaName: "cats", ClassId: 7 },
    };
    const detail = await finish(await createdTask("CreateAigcImageTask", request));
    const task = imageTaskOf(detail);
    expect(detail["AigcVideoTask"]).toBeNull();
    expect(Object.keys(task.Output)).toEqual(["FileInfos"]);
    expect(task.Output.FileInfos).toHaveLength(3);
    expect(new Set(task.Output.FileInfos.map((file) => file.FileUrl)).size).toBe(3);
    for (const file of task.Output.FileInfos) {
      expect(file).toMatchObject({
        StorageMode: "Permanent",
        MediaName: "cats",
        ClassId: 7,
        ExpireTime: "9999-12-31T23:59:59Z",
      });
      expect(file.FileId).toMatch(/^\d{19}$/);
      const response = await emulator.fetch(file.FileUrl);
      expect(response.headers.get("content-type")).toBe("image/png");
      expect((await response.bytes()).length).toBe(file.MetaData["Size"]);
    }
  });

  it("makes one image for a model that ignores the count, in the format asked for", async ({ expect }) => {
    const request = { ...image, OutputConfig: { OutputImageCount: 4, OutputFormat: "jpeg" } };
    const { FileInfos: files } = imageTaskOf(await finish(await createdTask("CreateAigcImageTask", request))).Output;
    expect(files).toHaveLength(1);
    const response = await emulator.fetch(files[0]?.FileUrl ?? "");
    expect(response.headers.get("content-type")).toBe("image/jpeg");
    expect([...(await response.bytes()).subarray(0, 3)]).toEqual([0xff, 0xd8, 0xff]);
  });

  it("ends as the configuration had it when the task was made", async ({ expect }) => {
    const outcome = { ErrCode: 70_000, ErrCodeExt: "InternalError", Message: "the model refused" };
    await control("PUT", "config", { outcome });
    const failing = await createdTask("CreateAigcVideoTask", video);
    await control("PUT", "config", { outcome: "success" });
    const succeeding = await createdTask("CreateAigcVideoTask", video);
    const detail = await finish(failing);
    expect(detail["Status"]).toBe("FINISH");
    expect(videoTaskOf(detail)).toMatchObject({
      ...outcome,
      Status: "FINISH",
      Progress: 100,
      Output: { FileInfos: [] },
    });
    expect(videoTaskOf(await describeTask(succeeding))).toMatchObject({ ErrCode: 0, ErrCodeExt: "" });
  });

  it("keeps to the task's time", async ({ expect }) => {
    await control("PUT", "config", { task_seconds: 0.2 });
    const start = Date.now();
    await finishedTask(await createdTask("CreateAigcVideoTask", video));
    expect(Date.now() - start).toBeGreaterThanOrEqual(190);
    expect(Date.now() - start).toBeLessThan(1500);
  });

  it("knows no other task, and none that is over three days old", async ({ expect }) => {
    expect((await describeTask("251007502-AigcVideoTask-0t")).Error?.Code).toBe("InvalidParameterValue.TaskId");
    expect(await codeOf("DescribeTaskDetail", { SubAppId: SUB_APP_ID })).toBe("MissingParameter");
    const taskId = await createdTask("CreateAigcVideoTask", video);
    expect(await codeOf("DescribeTaskDetail", { TaskId: taskId })).toBe("OK");
    expect(await codeOf("DescribeTaskDetail", { TaskId: taskId, SubAppId: 1 })).toBe("InvalidParameterValue.SubAppId");
    await control("POST", "clock", { advance_seconds: 3 * 24 * 3600 + 1 });
    expect((await describeTask(taskId)).Error?.Code).toBe("ResourceNotFound");
  });
});

async function createSessions(...sessionIds: string[]): Promise<void> {
  for (const SessionId of sessionIds) await createdTask("CreateAigcVideoTask", { ...video, SessionId });
}

describe("DescribeTasks", () => {
  type Page = { TaskSet: { TaskId: string; Status: string; SessionId: string }[]; ScrollToken: string };

  async function page(request: object = {}): Promise<Page> {
    return (await call("DescribeTasks", { SubAppId: SUB_APP_ID, ...request })) as unknown as Page;
  }

  async function sessionsOf(request: object): Promise<string[]> {
    return (await page(request)).TaskSet.map((task) => task.SessionId);
  }

  it("goes through all tasks page by page, newest first or oldest first", async ({ expect }) => {
    await createSessions("a", "b", "c", "d", "e");
    const seen: string[] = [];
    let token = "";
    do {
      const { TaskSet: tasks, ScrollToken: next } = await page({ Limit: 2, ScrollToken: token });
      expect(tasks.length).toBeLessThanOrEqual(2);
      seen.push(...tasks.map((task) => task.SessionId));
      token = next;
    } while (token !== "");
    expect(seen).toEqual(["e", "d", "c", "b", "a"]);
    expect(await sessionsOf({ Sort: { Field: "CreateTime", Order: "Asc" } })).toEqual(["a", "b", "c", "d", "e"]);
  });

  it("filters by status and time", async ({ expect }) => {
    await createSessions("first");
    await control("POST", "clock", { advance_seconds: 120 });
    await createSessions("second");
    const [second, first] = (await page()).TaskSet;
    expect(first).toMatchObject({ Status: "FINISH", TaskType: "AigcVideoTask", SessionContext: "", FileId: "" });
    expect(await sessionsOf({ Status: "FINISH" })).toEqual(["first"]);
    expect(await sessionsOf({ Status: "PROCESSING" })).toEqual(["second"]);
    expect(await sessionsOf({ Status: "WAITING" })).toEqual([]);
    const { CreateTime: time } = second as unknown as { CreateTime: string };
    expect(await sessionsOf({ CreateTime: { After: time } })).toEqual(["second"]);
    expect(await sessionsOf({ CreateTime: { Before: time } })).toEqual(["second", "first"]);
    expect(await sessionsOf({ FinishTime: { Before: time } })).toEqual(["first"]);
    await control("POST", "clock", { advance_seconds: 3 * 24 * 3600 - 60 });
    expect(await sessionsOf({})).toEqual(["second"]);
  });

  it.for<[string, object]>([
    ["InvalidParameterValue", { Limit: 101 }],
    ["InvalidParameterValue", { ScrollToken: "next" }],
    ["InvalidParameterValue", { CreateTime: { After: "yesterday" } }],
    ["UnknownParameter", { SessionId: "x" }],
  ])("refuses with %s: %j", async ([code, request], { expect }) => {
    expect(await codeOf("DescribeTasks", { SubAppId: SUB_APP_ID, ...request })).toBe(code);
  });
});

describe("the echo of a request's files", () => {
  const file = (letter: string, characters: number) => ({ Type: "Base64", Base64: letter.repeat(characters) });
  const files = [
    file("A", 2_500_000),
    { Type: "Url", Url: "http://a.test/b.png" },
    file("B", 100),
    file("C", 1_000_000),
  ];
  const echoOf = (task: Task) => (task.Input["FileInfos"] as { Base64: string }[]).map(({ Base64 }) => Base64);

  it("is whole in details and events when it is wanted", async ({ expect }) => {
    await freshEmulator({ echo_base64: true, mode: "PULL" });
    const taskId = await createdTask("CreateAigcVideoTask", { ...video, FileInfos: files });
    const expected = files.map((each) => ("Base64" in each ? each.Base64 : ""));
    expect(echoOf(videoTaskOf(await describeTask(taskId)))).toEqual(expected);
    await finish(taskId);
    const [event] = (await call("PullEvents", {}))["EventSet"] as { AigcVideoCompleteEvent: Task }[];
    expect(event && echoOf(event.AigcVideoCompleteEvent)).toEqual(expected);
    // The list of what was accepted stays small.
    const [accepted] = await control<{ request: { FileInfos: unknown[] } }[]>("GET", "tasks");
    expect(accepted?.request.FileInfos[0]).toEqual({ Type: "Base64", Base64: "(2500000 characters)" });
  });

  it("is empty when it is not", async ({ expect }) => {
    const taskId = await createdTask("CreateAigcVideoTask", { ...video, FileInfos: files });
    await control("PUT", "config", { echo_base64: true });
    expect(echoOf(videoTaskOf(await describeTask(taskId)))).toEqual(["", "", "", ""]);
  });
});

describe("ManageTask", () => {
  it("does not abort a task that is not waiting", async ({ expect }) => {
    const taskId = await createdTask("CreateAigcVideoTask", video);
    expect(await codeOf("ManageTask", { TaskId: taskId, OperationType: "Abort" })).toBe("FailedOperation");
    expect(await codeOf("ManageTask", { TaskId: "none", OperationType: "Abort" })).toBe("InvalidParameterValue.TaskId");
    expect(await codeOf("ManageTask", { TaskId: taskId, OperationType: "Stop" })).toBe("InvalidParameterValue");
    expect((await describeTask(taskId))["Status"]).toBe("PROCESSING");
  });

  it("aborts a task that is not over, where the configuration allows it", async ({ expect }) => {
    await freshEmulator({ abort: "allow", mode: "PULL", concurrency: 1 });
    const abort = (TaskId: string) => codeOf("ManageTask", { TaskId, OperationType: "Abort" });
    const taskId = await createdTask("CreateAigcVideoTask", video);
    expect(await abort(taskId)).toBe("OK");
    const detail = await describeTask(taskId);
    expect(detail).toMatchObject({ Status: "ABORTED", FinishTime: expect.stringMatching(ISO_SECONDS) });
    // Only the outer level says so.
    expect(videoTaskOf(detail)).toMatchObject({ Status: "PROCESSING", ErrCode: 0, Output: { FileInfos: [] } });
    expect(await abort(taskId)).toBe("FailedOperation");

    // Its slot is free, it does not end again, and there is no event.
    const next = await createdTask("CreateAigcVideoTask", video);
    expect((await finish(next))["Status"]).toBe("FINISH");
    expect(await abort(next)).toBe("FailedOperation");
    expect(videoTaskOf(await describeTask(next))).toMatchObject({ ErrCodeExt: "" });
    expect((await describeTask(taskId))["Status"]).toBe("ABORTED");
    expect((await call("DescribeEventsState", {}))["CountOfEventsToPull"]).toBe(1);
    const listed = async (Status: string) => (await call("DescribeTasks", { Status }))["TaskSet"];
    expect(await listed("ABORTED")).toMatchObject([{ TaskId: taskId, Status: "ABORTED" }]);
    expect(await listed("FINISH")).toMatchObject([{ TaskId: next }]);
    expect(await listed("PROCESSING")).toEqual([]);
  });
});
