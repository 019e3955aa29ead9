import { NO_TIME, vendorTime } from "./clock.ts";
import type { VendorContext } from "./context.ts";
import { mediaUrl } from "./media.ts";
import { JPEG, MP4, PNG } from "./media-files.ts";
import type { MediaFile } from "./media-files.ts";
import { GLB, makesScene, POSITIONS, SCENE_USAGES } from "./scene-files.ts";
import type { CreateAction, Task } from "./state/tasks.ts";
import type { OutputConfigEcho, TaskInput } from "./task-input.ts";

const TEMPORARY_MEDIA_LIFETIME_MS = 7 * 24 * 3600 * 1000;

/** How the vendor writes that a stored file never expires. */
const NEVER = "9999-12-31T23:59:59Z";

/** The models for which OutputImageCount has an effect, with the most they make. */
const MAX_IMAGES = new Map([
  ["Kling", 9],
  ["OG", 8],
]);

const KINDS = {
  CreateAigcVideoTask: {
    taskType: "AigcVideoTask",
    eventType: "AigcVideoTaskComplete",
    eventMember: "AigcVideoCompleteEvent",
  },
  CreateAigcImageTask: {
    taskType: "AigcImageTask",
    eventType: "AigcImageTaskComplete",
    eventMember: "AigcImageCompleteEvent",
  },
} as const satisfies Record<CreateAction, unknown>;

export function kindOf(task: Pick<Task, "action">) {
  return KINDS[task.action];
}

/** As the outer level and the list have it. */
export function statusOf(task: Task): "PROCESSING" | "FINISH" | "ABORTED" {
  if (!task.finished) return "PROCESSING";
  return task.outcome === "aborted" ? "ABORTED" : "FINISH";
}

export function timesOf(task: Task) {
  return {
    CreateTime: vendorTime(task.createdAt),
    // No waiting phase was ever seen with these tasks.
    BeginProcessTime: vendorTime(task.createdAt),
    FinishTime: task.finished ? vendorTime(task.endAt) : NO_TIME,
  };
}

/** The vendor's AigcVideoTask or AigcImageTask structure. */
export function taskStructure(context: VendorContext, task: Task) {
  const input = inputOf(context, task);
  const failure = task.finished && typeof task.outcome === "object" ? task.outcome : undefined;
  return {
    TaskId: task.taskId,
    // At this level the vendor knows no other words; that a task was stopped only the outer one says.
    Status: statusOf(task) === "FINISH" ? "FINISH" : "PROCESSING",
    ErrCode: failure?.ErrCode ?? 0,
    ErrCodeExt: failure?.ErrCodeExt ?? "",
    Message: failure?.Message ?? "",
    Progress: progressOf(task, context.clock.emulated()),
    Input: input,
    Output: outputOf(task, input),
    SessionId: task.sessionId,
    SessionContext: task.sessionContext,
  };
}

/** The echo of the request, with its files if they were kept. */
function inputOf(context: VendorContext, task: Task): TaskInput {
  const input = JSON.parse(task.input) as TaskInput;
  const files = context.tasks.filesOf(task.taskId);
  for (const [index, base64] of files) Object.assign(input.FileInfos[index] ?? {}, { Base64: base64 });
  return input;
}

function progressOf(task: Task, now: number): number {
  if (statusOf(task) === "ABORTED") return 0;
  if (task.finished) return 100;
  const share = (now - task.createdAt) / (task.endAt - task.createdAt);
  return Math.min(Math.max(Math.floor(share * 100), 0), 99);
}

function outputOf(task: Task, input: TaskInput) {
  const FileInfos = task.finished && task.outcome === "success" ? outputFiles(task, input) : [];
  if (task.action === "CreateAigcImageTask") return { FileInfos };
  return { FileInfos, ProcedureTaskIds: proceduresOf(task, FileInfos), Usage: { InputTokens: 0, ThoughtTokens: 0 } };
}

/** Of the task flow that goes on with the files, one task. */
function proceduresOf(task: Task, files: object[]): string[] {
  const { Procedure, SubAppId } = JSON.parse(task.request) as { Procedure?: string; SubAppId: number };
  return Procedure && files.length > 0 ? [`${SubAppId}-Procedure-${task.seq}t`] : [];
}

function outputFiles(task: Task, input: TaskInput) {
  const config = input.OutputConfig;
  if (task.action === "CreateAigcVideoTask" && makesScene(input)) return sceneFiles(task, config);
  if (task.action === "CreateAigcVideoTask")
    return [{ ...outputFile(task, config, MP4, 0), FileContent: "", UsageType: "" }];
  const picture = config.OutputFormat?.toLowerCase() === "jpeg" ? JPEG : PNG;
  const wanted = Math.min(config.OutputImageCount ?? 1, MAX_IMAGES.get(input.ModelName) ?? 1);
  return Array.from({ length: Math.max(wanted, 1) }, (_, index) => outputFile(task, config, picture, index));
}

/** The file's own address, or its content in place of one. */
function sceneFiles(task: Task, config: OutputConfigEcho) {
  return SCENE_USAGES.map((UsageType, index) => {
    const own =
      UsageType === "position_info"
        ? { FileUrl: "", FileContent: POSITIONS, MetaData: null }
        : { FileType: "glb", FileContent: "" };
    return Object.assign(outputFile(task, config, GLB, index), own, { UsageType });
  });
}

function outputFile(task: Task, config: OutputConfigEcho, file: MediaFile, index: number) {
  const permanent = config.StorageMode === "Permanent";
  return {
    StorageMode: config.StorageMode,
    MediaName: config.MediaName,
    ClassId: config.ClassId,
    ExpireTime: permanent ? permanentExpiry(config) : vendorTime(task.endAt + TEMPORARY_MEDIA_LIFETIME_MS),
    FileType: "",
    FileUrl: mediaUrl(task.origin, task.taskId, index, file),
    FileId: permanent ? fileId(task, index) : "",
    MetaData: metaData(file),
  };
}

function permanentExpiry(config: OutputConfigEcho): string {
  return config.ExpireTime === NO_TIME ? NEVER : config.ExpireTime;
}

/** Nineteen digits, as the vendor's are; the same for each look at the task. */
function fileId(task: Task, index: number): string {
  return `3704211${String(task.seq).padStart(10, "0")}${String(index).padStart(2, "0")}`;
}

function metaData(file: MediaFile) {
  const { width: Width, height: Height, bitrate: Bitrate, durationSeconds: Duration, video } = file;
  return {
    Size: file.bytes.length,
    Container: file.container,
    Bitrate,
    Height,
    Width,
    Duration,
    Rotate: 0,
    VideoDuration: Duration,
    AudioDuration: 0,
    // Live answers leave it empty as well.
    Md5: "",
    AudioStreamSet: [],
    VideoStreamSet: video
      ? [
          {
            Bitrate: video.bitrate,
            Codec: video.codec,
            CodecTag: "",
            Codecs: "",
            DynamicRangeInfo: { HDRType: "", Type: "SDR" },
            Fps: video.fps,
            Height,
            Width,
          },
        ]
      : [],
  };
}
