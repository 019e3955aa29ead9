/*
 * The create requests, member by member. Source: the vendor's CreateAigcVideoTask and CreateAigcImageTask (API version
 * 2018-07-17). Values that change with every model (names, resolutions, durations) pass.
 */
import * as z from "zod";
import { base64FileBytes, FILES_MAX_BYTES } from "../src/vod/requests.ts";

export const MAX_SESSION_ID_CHARACTERS = 50;
const MAX_SESSION_CONTEXT_CHARACTERS = 1000;
const MAX_PRIORITY = 10;

const text = z.string();

/** The vendor takes a number in quotes as well: its own example sends `"TasksPriority": "10"`. */
export const integer = z.preprocess(unquote(/^-?\d+$/), z.int());
const float = z.preprocess(unquote(/^-?\d+(\.\d+)?$/), z.number());

const toggle = z.enum(["Enabled", "Disabled"]).optional();

export const subAppId = integer;

const priority = z.preprocess(unquote(/^-?\d+$/), z.int().min(-MAX_PRIORITY).max(MAX_PRIORITY));

const sessionId = text.refine(atMost(MAX_SESSION_ID_CHARACTERS), {
  error: `longer than ${MAX_SESSION_ID_CHARACTERS} characters`,
  params: { code: "InvalidParameterValue.SessionIdTooLong" },
});

const sessionContext = text.refine(atMost(MAX_SESSION_CONTEXT_CHARACTERS), {
  error: `longer than ${MAX_SESSION_CONTEXT_CHARACTERS} characters`,
  params: { code: "InvalidParameterValue.SessionContextTooLong" },
});

const inputFile = {
  Type: z.enum(["File", "Url", "Base64"]).optional(),
  FileId: text.optional(),
  Url: text.optional(),
  Base64: text.optional(),
  ReferenceType: text.optional(),
  Text: text.optional(),
};

const videoInputFile = z.strictObject({
  ...inputFile,
  Category: text.optional(),
  ObjectId: text.optional(),
  VoiceId: text.optional(),
  KeepOriginalSound: toggle,
  Usage: text.optional(),
});

const subject = z.strictObject({
  Id: text.optional(),
  Name: text.optional(),
  VoiceId: text.optional(),
  ImageUrls: z.array(text).optional(),
  VideoUrls: z.array(text).optional(),
});

const outputConfig = {
  StorageMode: z.enum(["Temporary", "Permanent"]).optional(),
  MediaName: text.optional(),
  ClassId: integer.optional(),
  ExpireTime: text.optional(),
  Resolution: text.optional(),
  AspectRatio: text.optional(),
  PersonGeneration: z.enum(["AllowAdult", "Disallowed"]).optional(),
  InputComplianceCheck: toggle,
  OutputComplianceCheck: toggle,
  LogoAdd: toggle,
};

const videoOutputConfig = z.strictObject({
  ...outputConfig,
  Duration: float.optional(),
  AudioGeneration: toggle,
  EnhanceSwitch: toggle,
  OffPeak: toggle,
  FrameInterpolate: toggle,
  EnableBGM: toggle,
});

const imageOutputConfig = z.strictObject({
  ...outputConfig,
  OutputImageCount: integer.optional(),
  OutputFormat: text.optional(),
});

const createTask = {
  SubAppId: subAppId,
  ModelName: text,
  ModelVersion: text,
  Prompt: text.optional(),
  NegativePrompt: text.optional(),
  EnhancePrompt: toggle,
  InputRegion: text.optional(),
  SceneType: text.optional(),
  Seed: integer.optional(),
  SessionId: sessionId.optional(),
  SessionContext: sessionContext.optional(),
  TasksPriority: priority.optional(),
  ExtInfo: text.optional(),
};

const promptRule = {
  path: ["Prompt"],
  error: "required when there is neither FileInfos nor SceneType",
  params: { code: "InvalidParameter" },
};

const fileSizeRule = {
  path: ["FileInfos"],
  error: `the files have more than ${FILES_MAX_BYTES} bytes before Base64`,
  params: { code: "InvalidParameterValue" },
};

export const createVideoTask = z
  .strictObject({
    ...createTask,
    FileInfos: z.array(videoInputFile).optional(),
    SubjectInfos: z.array(subject).optional(),
    LastFrameFileId: text.optional(),
    LastFrameUrl: text.optional(),
    OutputConfig: videoOutputConfig.optional(),
    Procedure: text.optional(),
  })
  .refine(hasSubjectMatter, promptRule)
  .refine(hasSmallFiles, fileSizeRule);

export const createImageTask = z
  .strictObject({
    ...createTask,
    FileInfos: z.array(z.strictObject(inputFile)).optional(),
    OutputConfig: imageOutputConfig.optional(),
  })
  .refine(hasSubjectMatter, promptRule)
  .refine(hasSmallFiles, fileSizeRule);

export type CreateVideoTask = z.output<typeof createVideoTask>;
export type CreateImageTask = z.output<typeof createImageTask>;

type SubjectMatter = { Prompt?: unknown; SceneType?: unknown; FileInfos?: unknown[] | undefined };

function hasSubjectMatter(request: SubjectMatter): boolean {
  return Boolean(request.Prompt) || Boolean(request.SceneType) || (request.FileInfos?.length ?? 0) > 0;
}

function hasSmallFiles({ FileInfos = [] }: { FileInfos?: { Base64?: string | undefined }[] | undefined }): boolean {
  return FileInfos.reduce((sum, { Base64 = "" }) => sum + base64FileBytes(Base64), 0) <= FILES_MAX_BYTES;
}

function atMost(maxCharacters: number): (value: string) => boolean {
  return (value) => value.length <= maxCharacters || Array.from(value).length <= maxCharacters;
}

function unquote(pattern: RegExp): (value: unknown) => unknown {
  return (value) => (typeof value === "string" && pattern.test(value) ? Number(value) : value);
}
