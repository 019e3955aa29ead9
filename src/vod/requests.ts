import * as z from "zod";

/** Members of the AIGC requests that hold only these two words, at any level (tencent-vod facts, data types 31773). */
const Switch = z.enum(["Enabled", "Disabled"]);
const text = z.string();

const fileInfo = z.looseObject({
  Type: text.optional(),
  Category: text.optional(),
  FileId: text.optional(),
  Url: text.optional(),
  Base64: text.optional(),
  ReferenceType: text.optional(),
  ObjectId: text.optional(),
  VoiceId: text.optional(),
  KeepOriginalSound: Switch.optional(),
  Usage: text.optional(),
  Text: text.optional(),
});

const subjectInfo = z.looseObject({
  Id: text.optional(),
  Name: text.optional(),
  VoiceId: text.optional(),
  ImageUrls: z.array(text).optional(),
  VideoUrls: z.array(text).optional(),
});

const outputConfig = z.looseObject({
  StorageMode: z.enum(["Permanent", "Temporary"]).optional(),
  MediaName: text.optional(),
  ClassId: z.number().int().optional(),
  ExpireTime: text.optional(),
  Duration: z.number().optional(),
  Resolution: text.optional(),
  AspectRatio: text.optional(),
  AudioGeneration: Switch.optional(),
  PersonGeneration: z.enum(["AllowAdult", "Disallowed"]).optional(),
  InputComplianceCheck: Switch.optional(),
  OutputComplianceCheck: Switch.optional(),
  EnhanceSwitch: Switch.optional(),
  OffPeak: Switch.optional(),
  FrameInterpolate: Switch.optional(),
  LogoAdd: Switch.optional(),
  EnableBGM: Switch.optional(),
  OutputImageCount: z.number().int().optional(),
  OutputFormat: text.optional(),
});

/**
 * The canonical form of a task's request: the vendor's own CreateAigcVideoTask / CreateAigcImageTask body, without what
 * the gateway adds when it sends it (SubAppId, SessionId, SessionContext). Every dialect translates to it. Unknown
 * members are kept, at every level.
 */
export const vendorRequest = z.looseObject({
  ModelName: text.min(1),
  ModelVersion: text.min(1),
  Prompt: text.optional(),
  NegativePrompt: text.optional(),
  EnhancePrompt: Switch.optional(),
  FileInfos: z.array(fileInfo).optional(),
  SubjectInfos: z.array(subjectInfo).optional(),
  LastFrameFileId: text.optional(),
  LastFrameUrl: text.optional(),
  OutputConfig: outputConfig.optional(),
  InputRegion: text.optional(),
  SceneType: text.optional(),
  Procedure: text.optional(),
  Seed: z.number().int().optional(),
  TasksPriority: z.number().int().min(-10).max(10).optional(),
  ExtInfo: text.optional(),
});

export type VendorRequest = z.infer<typeof vendorRequest>;

/** Members of the vendor's request that are added when it is sent, and are in no stored one. */
export const ADDED_WHEN_SENT = ["SubAppId", "SessionId", "SessionContext"] as const;

/**
 * A request as it is stored: JSON without the members that are added when it is sent. They are added to the text, so one of
 * the client's own would be there twice, and which one counts is the reader's choice.
 */
export function storableRequest(request: VendorRequest): string {
  const { SubAppId: _subAppId, SessionId: _sessionId, SessionContext: _sessionContext, ...rest } = request;
  return JSON.stringify(rest);
}

/** What the vendor takes in one call (tencent-vod facts §4.1), Base64 and all. */
export const REQUEST_MAX_BYTES = 10 * 1024 * 1024;

/**
 * The vendor's limit for all files within a request together (tencent-vod facts §1.2): of the files themselves, before they
 * are written as Base64, which is a third longer.
 */
export const FILES_MAX_BYTES = 7 * 1024 * 1024;

/** How large the file is that a Base64 text holds. */
export function base64FileBytes(base64: string): number {
  const padding = base64.endsWith("==") ? 2 : Number(base64.endsWith("="));
  return Math.floor(((base64.length - padding) * 3) / 4);
}

export type CreateAction = "CreateAigcVideoTask" | "CreateAigcImageTask";

/** What a finished task of this action makes. */
export function mediaOf(action: CreateAction): "video" | "image" {
  return action === "CreateAigcVideoTask" ? "video" : "image";
}
