import { START_TIMEOUT_MAX_SECONDS } from "../../http/queue-limits.ts";
import {
  MEDIA_NAME_MAX_CHARACTERS,
  MODEL_MAX_CHARACTERS,
  SESSION_CONTEXT_MAX_CHARACTERS,
  SESSION_ID_MAX_CHARACTERS,
} from "../vendor-fields.ts";

/** What the API's description says of a field beside its type: meaning, unit, default, limits, in words and for programs. */
export type FieldText = {
  text: string;
  default?: string | number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
};

/** By the place of a field: `OutputConfig.Duration`, `FileInfos.Url`. Lists add no step. */
export type FieldTexts = Readonly<Record<string, FieldText>>;

const CHECKED = "What each model takes: GET /v1/models.";
const VENDORS_DEFAULT = "Left out: the vendor's default for the model.";
const toggle = (text: string, fallback?: string): FieldText => ({
  text: `${text} Enabled or Disabled.${fallback === undefined ? ` ${VENDORS_DEFAULT}` : ""}`,
  ...(fallback !== undefined && { default: fallback }),
});

/** The vendor's own request, in its own names. */
export const VENDOR_TEXTS: FieldTexts = {
  SubAppId: { text: "The VOD application. Left out: the gateway's, and no other is taken." },
  ModelName: { text: `Name of the model, e.g. Kling. ${CHECKED}`, maxLength: MODEL_MAX_CHARACTERS },
  ModelVersion: { text: `Version of the model, e.g. 3.0. ${CHECKED}`, maxLength: MODEL_MAX_CHARACTERS },
  Prompt: {
    text: "What to make. May be empty only beside files, subjects or a scene. Its limit in characters is the model's.",
  },
  NegativePrompt: { text: "What not to make. Left out: nothing." },
  EnhancePrompt: toggle("Whether the vendor improves the prompt."),
  FileInfos: { text: "Images, videos and audios to work from, ten megabytes each at most. How many, the model says." },
  "FileInfos.Type": { text: "Where the file is: File, Url or Base64.", default: "File" },
  "FileInfos.Category": { text: "What the file is: Image, Video or Audio.", default: "Image" },
  "FileInfos.FileId": { text: "Id of a media file in VOD, for the type File." },
  "FileInfos.Url": { text: "Public URL of the file, for the type Url." },
  "FileInfos.Base64": {
    text: "The file itself, for the type Base64, without the prefix of a data: URL. All files together 7 MB before encoding.",
  },
  "FileInfos.ReferenceType": {
    text: "Kind of the reference, in the model's words, e.g. asset or style. Left out: none.",
  },
  "FileInfos.ObjectId": { text: "Vidu: id of the subject, which the prompt calls @id." },
  "FileInfos.VoiceId": { text: "Vidu q2: the subject's voice." },
  "FileInfos.KeepOriginalSound": toggle("Whether a video's own sound stays."),
  "FileInfos.Usage": { text: "What the file is for: FirstFrame, LastFrame or Reference.", default: "FirstFrame" },
  "FileInfos.Text": { text: "What the image shows, or the name that the prompt calls it by." },
  SubjectInfos: { text: "Subjects that the prompt speaks of (Kling, Vidu)." },
  "SubjectInfos.Id": { text: "Id of a subject that the vendor keeps. Kling requires it." },
  "SubjectInfos.Name": { text: "Name that the prompt calls it by. Vidu requires it." },
  "SubjectInfos.VoiceId": { text: "Vidu: the subject's voice." },
  "SubjectInfos.ImageUrls": { text: "Vidu: one to three images of a subject for this task only, as public URLs." },
  "SubjectInfos.VideoUrls": { text: "Vidu q2-pro: one video of it, five seconds long, as a public URL." },
  LastFrameFileId: { text: "Last frame as a media file in VOD; needs a first frame. Under 10 MB." },
  LastFrameUrl: { text: "Last frame as a public URL; needs a first frame. Under 5 MB." },
  OutputConfig: { text: "What the file is to be like." },
  "OutputConfig.StorageMode": {
    text: "Temporary: a URL that is good for seven days. Permanent: a file in VOD, with an id.",
    default: "Temporary",
  },
  "OutputConfig.MediaName": { text: "Name of the file in VOD.", maxLength: MEDIA_NAME_MAX_CHARACTERS },
  "OutputConfig.ClassId": { text: "Category of the file in VOD.", default: 0 },
  "OutputConfig.ExpireTime": { text: "ISO 8601 time at which the file is deleted from VOD. Left out: never." },
  "OutputConfig.Duration": { text: `Length in seconds. ${CHECKED} ${VENDORS_DEFAULT}`, minimum: 0 },
  "OutputConfig.Resolution": { text: `Size, e.g. 720P or 2K. ${CHECKED} ${VENDORS_DEFAULT}`, maxLength: 32 },
  "OutputConfig.AspectRatio": { text: `Width to height, e.g. 16:9. ${CHECKED} ${VENDORS_DEFAULT}`, maxLength: 32 },
  "OutputConfig.AudioGeneration": {
    text: "Whether the video has sound: Enabled or Disabled. The vendor's default is Disabled.",
  },
  "OutputConfig.PersonGeneration": {
    text: `Whether people may be shown: AllowAdult or Disallowed. ${VENDORS_DEFAULT}`,
  },
  "OutputConfig.InputComplianceCheck": toggle("Whether what comes in is moderated."),
  "OutputConfig.OutputComplianceCheck": toggle("Whether what comes out is moderated."),
  "OutputConfig.EnhanceSwitch": toggle("Whether a larger size than the model makes is scaled up to."),
  "OutputConfig.OffPeak": toggle("Vidu: cheaper, and later."),
  "OutputConfig.FrameInterpolate": toggle("Vidu: whether frames are added."),
  "OutputConfig.LogoAdd": toggle("Whether the vendor's mark is put on.", "Disabled"),
  "OutputConfig.EnableBGM": toggle("Whether the video has background music.", "Disabled"),
  "OutputConfig.OutputImageCount": { text: "How many images: Kling 1 to 9, OG 1 to 8.", default: 1, minimum: 1 },
  "OutputConfig.OutputFormat": { text: "Format of an image: jpeg or png. Left out: the model's own." },
  InputRegion: { text: "Where the URLs are hosted: Mainland, Oversea or OverseaUSWest.", default: "Mainland" },
  SceneType: { text: "A task of a special kind, e.g. Kling's motion_control, avatar_i2v, lip_sync. Left out: none." },
  Procedure: { text: "Name of a VOD task flow to run on the result. Left out: none." },
  Seed: { text: "A whole number; the same one makes much the same. Left out: one of the vendor's choice." },
  SessionId: {
    text: "Your own id: a second task with it, within three days, is refused. Left out or empty: nothing is refused.",
    maxLength: SESSION_ID_MAX_CHARACTERS,
  },
  SessionContext: {
    text: "Text that comes back with the result. Left out: none.",
    maxLength: SESSION_CONTEXT_MAX_CHARACTERS,
  },
  TasksPriority: {
    text: "Higher goes first, among your own tasks and at the vendor.",
    default: 0,
    minimum: -10,
    maximum: 10,
  },
  ExtInfo: { text: "JSON in a text: what only one model understands, in AdditionalParameters. Left out: nothing." },
  TaskId: { text: "Id of the task, as the create call has answered it." },
};

/** In the AIGC dialect's names, beside those of the vendor in snake case. */
export const AIGC_TEXTS: FieldTexts = {
  start_timeout: {
    text: "Seconds until the task must have been sent to the vendor; else it ends. Left out: it waits.",
    minimum: 1,
    maximum: START_TIMEOUT_MAX_SECONDS,
  },
  ext_info: { text: "What only one model understands: a JSON object, or a text that holds one. Left out: nothing." },
  "output_config.audio_generation": {
    text: "Whether the video has sound: Enabled or Disabled. Left out: Enabled for GV and OS, else the vendor's Disabled.",
  },
};

const frame = "a public URL, a data: URL, or Base64";

const OPTION_TEXTS: FieldTexts = {
  duration: { text: `Length in seconds; 1 to 16 for viduq3p and viduq3t. ${CHECKED} ${VENDORS_DEFAULT}`, minimum: 0 },
  resolution: {
    text: `Size, e.g. 720p. ${CHECKED} Left out: what the model's name says, or the vendor's default.`,
    maxLength: 32,
  },
  aspect_ratio: { text: `Width to height, e.g. 16:9. ${CHECKED} ${VENDORS_DEFAULT}`, maxLength: 32 },
  negative_prompt: { text: "What not to make. Left out: nothing." },
  audio: { text: `Whether the video has sound. ${VENDORS_DEFAULT}` },
  seed: { text: "A whole number; the same one makes much the same. Left out: one of the vendor's choice." },
  bgm: { text: `Whether it has background music. ${VENDORS_DEFAULT}` },
  off_peak: { text: "Cheaper, and later. Left out: what the model's name says, else no." },
};

const within = (name: string) =>
  Object.fromEntries(Object.entries(OPTION_TEXTS).map(([option, text]) => [`${name}.${option}`, text]));

/** The video generations dialect. */
export const GENERATION_TEXTS: FieldTexts = {
  model: {
    text: "viduq3p or viduq3t, -mix, -540p, -720p or -1080p, -offpeak; a name that GET /v1/models lists; or Name/version.",
    maxLength: MODEL_MAX_CHARACTERS,
  },
  prompt: { text: "What to make. Its limit in characters is the model's." },
  image: { text: `First frame: ${frame}. Left out: none.` },
  input_reference: { text: "The same as image." },
  images: { text: `One: a first frame. Two: first and last frame. For a -mix model, references. Each ${frame}.` },
  last_image: { text: `Last frame, beside image: ${frame}. Left out: none.` },
  reference_image_urls: { text: `Images that a -mix model refers to, each ${frame}. Left out: none.` },
  ...OPTION_TEXTS,
  seconds: { text: "The same as duration, in seconds.", minimum: 0 },
  size: { text: "Pixels, e.g. 1280x720, a resolution, e.g. 720p, or a ratio, e.g. 16:9. Left out: as resolution." },
  width: { text: "Width in pixels, with height.", minimum: 1 },
  height: { text: "Height in pixels, with width.", minimum: 1 },
  extra_body: {
    text: "The options once more, for clients that send them here. Other members are left out, with a warning.",
  },
  ...within("extra_body"),
  metadata: { text: "The same as extra_body; may be a text that holds the object." },
  ...within("metadata"),
  n: { text: "One request makes one video.", default: 1 },
  response_format: { text: "The answer holds a URL.", default: "url" },
  user: { text: "Has no effect." },
};

/** The OpenAI Videos dialect, as JSON and as a form. */
export const OPENAI_TEXTS: FieldTexts = {
  model: { text: "sora-2, or a name that GET /v1/models lists.", default: "sora-2", maxLength: MODEL_MAX_CHARACTERS },
  prompt: { text: "What to make. Its limit in characters is the model's." },
  seconds: { text: `Length in seconds. ${CHECKED} ${VENDORS_DEFAULT}`, minimum: 0 },
  size: { text: `Pixels, e.g. 1280x720. ${CHECKED} ${VENDORS_DEFAULT}` },
  input_reference: { text: "First frame: a file in a form, a public URL, or a data: URL. Left out: none." },
  "input_reference.image_url": { text: "The same, within an object." },
  "input_reference.file_id": { text: "Id of an uploaded file; there are none here, so it is refused." },
  n: { text: "One request makes one video.", default: 1 },
  user: { text: "Has no effect." },
  metadata: { text: "Has no effect." },
};

export const RESTORE_TEXTS: FieldTexts = { at: { text: "ISO 8601 time within the last 71 hours." } };
