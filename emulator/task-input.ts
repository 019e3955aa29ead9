import { NO_TIME } from "./clock.ts";
import type { CreateImageTask, CreateVideoTask } from "./schema.ts";

/*
 * The vendor's echo of a request: every member is there, what was not given is empty. Seed is the exception: live
 * answers leave it out. Base64 comes back empty, unless the configuration has it echoed: whether the vendor does is not
 * known, and a task detail would then be as large as its request.
 */

export type TaskInput = {
  ModelName: string;
  FileInfos: object[];
  OutputConfig: OutputConfigEcho;
  [member: string]: unknown;
};

export type OutputConfigEcho = {
  StorageMode: string;
  MediaName: string;
  ClassId: number;
  ExpireTime: string;
  OutputImageCount?: number;
  OutputFormat?: string;
  [member: string]: unknown;
};

const COMMON_FILE = { Type: "", FileId: "", Url: "", Base64: "", ReferenceType: "", Text: "" };
const VIDEO_FILE = { ...COMMON_FILE, Category: "", ObjectId: "", VoiceId: "", KeepOriginalSound: "", Usage: "" };
const SUBJECT = { Id: "", Name: "", VoiceId: "", ImageUrls: [], VideoUrls: [] };

const COMMON_OUTPUT = {
  StorageMode: "Temporary",
  MediaName: "",
  ClassId: 0,
  ExpireTime: NO_TIME,
  Resolution: "",
  AspectRatio: "",
  PersonGeneration: "",
  InputComplianceCheck: "",
  OutputComplianceCheck: "",
  LogoAdd: "",
};
const VIDEO_OUTPUT = {
  ...COMMON_OUTPUT,
  Duration: 0,
  AudioGeneration: "",
  EnhanceSwitch: "",
  OffPeak: "",
  FrameInterpolate: "",
  EnableBGM: "",
};
const IMAGE_OUTPUT = { ...COMMON_OUTPUT, OutputImageCount: 1, OutputFormat: "" };

export function videoTaskInput(request: CreateVideoTask): TaskInput {
  return {
    ...commonInput(request),
    FileInfos: (request.FileInfos ?? []).map((file) => fileEcho(VIDEO_FILE, file)),
    SubjectInfos: (request.SubjectInfos ?? []).map(subjectEcho),
    LastFrameFileId: request.LastFrameFileId ?? "",
    LastFrameUrl: request.LastFrameUrl ?? "",
    InputRegion: request.InputRegion ?? "",
    OutputConfig: { ...VIDEO_OUTPUT, ...request.OutputConfig } as OutputConfigEcho,
  };
}

export function imageTaskInput(request: CreateImageTask): TaskInput {
  return {
    ...commonInput(request),
    FileInfos: (request.FileInfos ?? []).map((file) => fileEcho(COMMON_FILE, file)),
    OutputConfig: { ...IMAGE_OUTPUT, ...request.OutputConfig } as OutputConfigEcho,
  };
}

function commonInput(request: CreateVideoTask | CreateImageTask) {
  return {
    ModelName: request.ModelName,
    ModelVersion: request.ModelVersion,
    Prompt: request.Prompt ?? "",
    NegativePrompt: request.NegativePrompt ?? "",
    EnhancePrompt: request.EnhancePrompt ?? "",
    GenerationMode: "",
    SceneType: request.SceneType ?? "",
    ...(request.Seed === undefined ? {} : { Seed: request.Seed }),
  };
}

function fileEcho(empty: object, file: object) {
  return { ...empty, ...file, Base64: "" };
}

function subjectEcho(subject: object) {
  return { ...SUBJECT, ...subject };
}
