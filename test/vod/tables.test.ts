/* What is written down about the vendor: its spelling of names, its error codes, its ways to say that a task is done. */
import { describe, it } from "vitest";
import { DUPLICATE_SESSION_CODES, ruleOf, statusOfFailure } from "../../src/vod/errors.ts";
import { renameMembers, toPascal, toSnake } from "../../src/vod/names.ts";
import { mediaOf, storableRequest, vendorRequest } from "../../src/vod/requests.ts";
import { originOf, taskDetail, taskOf, verdictOf } from "../../src/vod/tasks.ts";

/** Every member of the vendor's AIGC requests, tasks and media data (API version 2018-07-17), with our spelling. */
const NAMES = Object.entries({
  // Requests.
  SubAppId: "sub_app_id",
  ModelName: "model_name",
  ModelVersion: "model_version",
  FileInfos: "file_infos",
  SubjectInfos: "subject_infos",
  LastFrameFileId: "last_frame_file_id",
  LastFrameUrl: "last_frame_url",
  Prompt: "prompt",
  NegativePrompt: "negative_prompt",
  EnhancePrompt: "enhance_prompt",
  OutputConfig: "output_config",
  InputRegion: "input_region",
  SceneType: "scene_type",
  Procedure: "procedure",
  Seed: "seed",
  SessionId: "session_id",
  SessionContext: "session_context",
  TasksPriority: "tasks_priority",
  ExtInfo: "ext_info",
  // Files and subjects.
  Type: "type",
  Category: "category",
  FileId: "file_id",
  Url: "url",
  Base64: "base64",
  ReferenceType: "reference_type",
  ObjectId: "object_id",
  VoiceId: "voice_id",
  KeepOriginalSound: "keep_original_sound",
  Usage: "usage",
  Text: "text",
  Id: "id",
  Name: "name",
  ImageUrls: "image_urls",
  VideoUrls: "video_urls",
  // Output configuration.
  StorageMode: "storage_mode",
  MediaName: "media_name",
  ClassId: "class_id",
  ExpireTime: "expire_time",
  Duration: "duration",
  Resolution: "resolution",
  AspectRatio: "aspect_ratio",
  AudioGeneration: "audio_generation",
  PersonGeneration: "person_generation",
  InputComplianceCheck: "input_compliance_check",
  OutputComplianceCheck: "output_compliance_check",
  EnhanceSwitch: "enhance_switch",
  OffPeak: "off_peak",
  FrameInterpolate: "frame_interpolate",
  LogoAdd: "logo_add",
  EnableBGM: "enable_bgm",
  OutputImageCount: "output_image_count",
  OutputFormat: "output_format",
  // Tasks.
  TaskId: "task_id",
  TaskType: "task_type",
  RequestId: "request_id",
  Status: "status",
  CreateTime: "create_time",
  BeginProcessTime: "begin_process_time",
  FinishTime: "finish_time",
  ErrCode: "err_code",
  ErrCodeExt: "err_code_ext",
  Message: "message",
  Progress: "progress",
  Input: "input",
  Output: "output",
  GenerationMode: "generation_mode",
  ProcedureTaskIds: "procedure_task_ids",
  InputTokens: "input_tokens",
  ThoughtTokens: "thought_tokens",
  InputImageCount: "input_image_count",
  InputSeconds: "input_seconds",
  OutputSeconds: "output_seconds",
  TotalSeconds: "total_seconds",
  // Files that were made.
  FileType: "file_type",
  FileUrl: "file_url",
  FileContent: "file_content",
  UsageType: "usage_type",
  MetaData: "meta_data",
  Size: "size",
  Container: "container",
  Bitrate: "bitrate",
  Height: "height",
  Width: "width",
  Rotate: "rotate",
  VideoStreamSet: "video_stream_set",
  AudioStreamSet: "audio_stream_set",
  VideoDuration: "video_duration",
  AudioDuration: "audio_duration",
  Md5: "md5",
  Codec: "codec",
  CodecTag: "codec_tag",
  Codecs: "codecs",
  Fps: "fps",
  SamplingRate: "sampling_rate",
  DynamicRangeInfo: "dynamic_range_info",
  HDRType: "hdr_type",
});

describe("names", () => {
  it("every name of the vendor has one spelling for clients, and comes back from it", ({ expect }) => {
    expect(NAMES.map(([vendor]) => [vendor, toSnake(vendor)])).toEqual(NAMES);
    expect(NAMES.map(([, client]) => [toPascal(client), client])).toEqual(NAMES);
  });

  it("a name that is spelled as wanted stays as it is", ({ expect }) => {
    expect(NAMES.map(([vendor, client]) => [toPascal(vendor), toSnake(client)])).toEqual(NAMES);
  });

  it("a name that JavaScript knows is an ordinary name", ({ expect }) => {
    expect(toPascal("constructor")).toBe("Constructor");
    expect(toPascal("value_of")).toBe("ValueOf");
  });

  it("renames members at every depth and leaves values alone", ({ expect }) => {
    const client = {
      file_infos: [{ file_id: "file_id", tags: ["a_b"] }],
      output_config: { enable_bgm: "Enabled", class_id: 0, nothing: null },
    };
    const vendor = {
      FileInfos: [{ FileId: "file_id", Tags: ["a_b"] }],
      OutputConfig: { EnableBGM: "Enabled", ClassId: 0, Nothing: null },
    };
    expect(renameMembers(client, toPascal)).toEqual(vendor);
    expect(renameMembers(vendor, toSnake)).toEqual(client);
  });
});

describe("the canonical request", () => {
  it("keeps members it does not know, at every level", ({ expect }) => {
    const request = {
      ModelName: "Kling",
      ModelVersion: "1.6",
      Camera: { Zoom: 2 },
      FileInfos: [{ Weight: 0.5 }],
      SubjectInfos: [{ Mood: "calm" }],
      OutputConfig: { Codec: "h265" },
    };
    expect(vendorRequest.parse(request)).toEqual(request);
  });

  it("is stored without what is added when it is sent, whatever a client had there", ({ expect }) => {
    const request = { ModelName: "Kling", ModelVersion: "1.6", ExtInfo: '{"a":1}' };
    const smuggled = { SubAppId: 1, ...request, SessionId: "theirs", SessionContext: "theirs" };
    expect(storableRequest(vendorRequest.parse(smuggled))).toBe(JSON.stringify(request));
  });

  it("knows what each action makes", ({ expect }) => {
    expect(mediaOf("CreateAigcVideoTask")).toBe("video");
    expect(mediaOf("CreateAigcImageTask")).toBe("image");
  });
});

describe("error rules", () => {
  const CLIENT = { fault: "client", httpStatus: 422, resend: "no", session: "release" };
  const OPERATOR = { fault: "operator", httpStatus: 500, resend: "no", session: "release" };
  const BUSY = { fault: "capacity", httpStatus: 429, resend: "yes", session: "release" };
  const QUOTA = { fault: "capacity", httpStatus: 402, resend: "no", session: "release" };
  const AMBIGUOUS = { fault: "vendor", httpStatus: 502, resend: "same_session", session: "keep" };

  it.for([
    ["InvalidParameter", CLIENT],
    ["InvalidParameterValue", CLIENT],
    ["InvalidParameterValue.FileId", CLIENT],
    ["InvalidParameterValue.SessionContextTooLong", CLIENT],
    ["InvalidParameterValue.SessionIdTooLong", CLIENT],
    ["InvalidParameter.ViolationContent", CLIENT],
    ["MissingParameter", CLIENT],
    ["UnknownParameter", CLIENT],
    ["UnsupportedOperation", CLIENT],
    ["ResourceNotFound", CLIENT],
    ["InvalidRequest", CLIENT],
    ["RequestSizeLimitExceeded", { ...CLIENT, httpStatus: 413 }],
    ["InvalidParameterValue.SubAppId", OPERATOR],
    ["AuthFailure.InvalidAuthorization", OPERATOR],
    ["AuthFailure.InvalidSecretId", OPERATOR],
    ["AuthFailure.MFAFailure", OPERATOR],
    ["AuthFailure.SecretIdNotFound", OPERATOR],
    ["AuthFailure.SignatureExpire", { ...OPERATOR, resend: "fresh_timestamp" }],
    ["AuthFailure.SignatureFailure", OPERATOR],
    ["AuthFailure.TokenFailure", OPERATOR],
    ["AuthFailure.UnauthorizedOperation", OPERATOR],
    ["UnauthorizedOperation", OPERATOR],
    ["FailedOperation.InvalidVodUser", OPERATOR],
    ["InvalidAction", OPERATOR],
    ["ActionOffline", OPERATOR],
    ["NoSuchVersion", OPERATOR],
    ["NoSuchProduct", OPERATOR],
    ["UnsupportedRegion", OPERATOR],
    ["UnsupportedProtocol", OPERATOR],
    ["IpInBlacklist", OPERATOR],
    ["IpNotInWhitelist", OPERATOR],
    ["RequestLimitExceeded", BUSY],
    ["RequestLimitExceeded.GlobalRegionUinLimitExceeded", BUSY],
    ["RequestLimitExceeded.IPLimitExceeded", BUSY],
    ["RequestLimitExceeded.UinLimitExceeded", BUSY],
    ["LimitExceeded", QUOTA],
    ["LimitExceeded.Quota", QUOTA],
    ["ResourceInsufficient", QUOTA],
    ["InternalError", AMBIGUOUS],
    ["ServiceUnavailable", AMBIGUOUS],
    ["ResourceUnavailable", AMBIGUOUS],
    ["FailedOperation", AMBIGUOUS],
    ["InvalidParameterValue.SessionId", AMBIGUOUS],
    ["FailedOperation.TaskDuplicate", AMBIGUOUS],
    ["SomethingNewNextMonth", AMBIGUOUS],
    ["constructor", AMBIGUOUS],
    ["", AMBIGUOUS],
  ] as const)("%s has its row", ([code, rule], { expect }) => {
    expect(ruleOf(code)).toEqual(rule);
  });

  it("a repeated SessionId is known under both of its codes", ({ expect }) => {
    expect([...DUPLICATE_SESSION_CODES].toSorted()).toEqual([
      "FailedOperation.TaskDuplicate",
      "InvalidParameterValue.SessionId",
    ]);
  });

  it.for([
    ["InvalidParameter", 422],
    ["InvalidParameter.VoilationContent", 422],
    ["InvalidParameter.ViolationContent", 422],
    ["InvalidParameter.MediaFormat", 422],
    ["InvalidParameterValue", 422],
    ["ContentModerationFailed", 422],
    ["ResourceNotFound", 422],
    ["40000", 422],
    ["60000", 422],
    ["70000", 500],
    ["400001", 500],
    ["InternalError", 500],
    ["FailedOperation", 500],
    ["RequestLimitExceeded", 500],
    ["ResourceInsufficient", 500],
    ["ModelGenerateFailed", 500],
    ["OperationCanceled", 500],
    ["TaskTimeout", 500],
    ["EmptyOutput", 500],
    ["canceled", 410],
    ["aborted", 410],
    ["abortedness", 500],
  ] as const)("a task that failed with %s is a %d", ([code, status], { expect }) => {
    expect(statusOfFailure(code)).toBe(status);
  });
});

const failed = (code: string, message: string) => ({ state: "failed", code, message });

const detailOf = (Status: string, members: object) => taskDetail.parse({ TaskType: "t", Status, ...members });
const files = [{ FileUrl: "http://media.test/a.mp4" }];
const done = { TaskId: "t", Status: "FINISH", ErrCode: 0, ErrCodeExt: "", Message: "", Output: { FileInfos: files } };

describe("verdicts", () => {
  const undone = { TaskId: "t", Status: "PROCESSING", Output: { FileInfos: [] } };
  it.for([
    ["PROCESSING is not done, whatever else it says", { ...done, Status: "PROCESSING" }, { state: "processing" }],
    ["WAITING is not done", { ...done, Status: "WAITING" }, { state: "processing" }],
    ["a word nobody knows is not done", { ...done, Status: "PAUSED" }, { state: "processing" }],
    ["FINISH without any error and with a file is success", done, { state: "succeeded" }],
    ["null counts as no error", { ...done, ErrCode: null, ErrCodeExt: null, Message: null }, { state: "succeeded" }],
    [
      "the extended code is the code of a failure",
      { ...done, ErrCode: 70000, ErrCodeExt: "InternalError", Message: "task failed" },
      failed("InternalError", "task failed"),
    ],
    [
      "an extended code alone is a failure",
      { ...done, ErrCodeExt: "ContentModerationFailed", Message: "no" },
      failed("ContentModerationFailed", "no"),
    ],
    ["a number alone is a failure", { ...done, ErrCode: 40000, Message: "bad" }, failed("40000", "bad")],
    [
      "a failure without a message gets one",
      { ...done, ErrCode: 70000, Message: "" },
      failed("70000", "The vendor's task failed without a message."),
    ],
    [
      "a stopped task is a failure",
      { ...undone, Status: "ABORTED" },
      failed("aborted", "The vendor stopped the task."),
    ],
    [
      "whatever its code",
      { ...undone, Status: "ABORTED", ErrCode: 70000, ErrCodeExt: "OperationCanceled", Message: "by hand" },
      failed("aborted", "by hand"),
    ],
    [
      "no files is a failure",
      { ...done, Output: { FileInfos: [] } },
      failed("EmptyOutput", "The vendor finished the task without any file."),
    ],
    [
      "no output is a failure",
      { ...done, Output: null },
      failed("EmptyOutput", "The vendor finished the task without any file."),
    ],
  ] as const)("%s", ([, task, verdict], { expect }) => {
    for (const member of ["AigcVideoTask", "AigcImageTask"])
      expect(verdictOf(detailOf(task.Status, { [member]: task }))).toEqual(verdict);
  });

  it.for([
    [
      "a task that the outer level calls stopped is a failure",
      undone,
      failed("aborted", "The vendor stopped the task."),
    ],
    ["in the vendor's words", { ...undone, Message: "by hand" }, failed("aborted", "by hand")],
    ["also without its content", null, failed("aborted", "The vendor stopped the task.")],
    ["also when it ended without a file", { ...done, Output: null }, failed("aborted", "The vendor stopped the task.")],
    ["files that are there all the same are a success", done, { state: "succeeded" }],
  ] as const)("%s", ([, task, verdict], { expect }) => {
    expect(verdictOf(detailOf("ABORTED", { AigcVideoTask: task }))).toEqual(verdict);
  });

  it("a detail without an AIGC task says nothing", ({ expect }) => {
    const other = detailOf("FINISH", { AigcVideoTask: null });
    expect([verdictOf(other), taskOf(other)]).toEqual([{ state: "processing" }, undefined]);
  });

  it("code and message have a length", ({ expect }) => {
    const long = "x".repeat(10_000);
    const verdict = verdictOf(detailOf("FINISH", { AigcVideoTask: { ...done, ErrCodeExt: long, Message: long } }));
    expect(verdict).toEqual(failed("x".repeat(200), "x".repeat(2_000)));
  });
});

describe("where a task comes from", () => {
  it.for([
    ["AigcVideoTask", { ModelName: "Kling", ModelVersion: "1.6" }, "2026-11-21T08:00:00Z", "CreateAigcVideoTask"],
    ["AigcImageTask", { ModelName: "GG", ModelVersion: "3.1" }, "2026-11-21T08:00:00Z", "CreateAigcImageTask"],
  ] as const)("%s tells", ([member, Input, CreateTime, action], { expect }) => {
    const detail = detailOf("FINISH", { [member]: { ...done, Input }, CreateTime });
    const { ModelName: modelName, ModelVersion: modelVersion } = Input;
    expect(originOf(detail)).toEqual({ action, modelName, modelVersion, createdAt: Date.UTC(2026, 10, 21, 8) });
  });

  it.for([null, "", "0000-00-00T00:00:00Z"])("may not be told: %j", (CreateTime, { expect }) => {
    const origin = originOf(detailOf("FINISH", { AigcVideoTask: { ...done, Input: { ModelName: 5 } }, CreateTime }));
    expect(origin).toEqual({ action: "CreateAigcVideoTask", modelName: "", modelVersion: "", createdAt: 0 });
  });
});
