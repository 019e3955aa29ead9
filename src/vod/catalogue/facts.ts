import type { VendorRequest } from "../requests.ts";
import type { Condition, Media, Mode, RuleName } from "./types.ts";
import { countCharacters, includesValue, type Value } from "./values.ts";

type Path = (string | number)[];

/** What a request asks of a rule, and where it does so. */
export type Question = { rule: RuleName; path: Path; value: Value };

/** A request as the rules see it. */
export type Facts = {
  media: Media;
  mode: Mode;
  request: VendorRequest;
  images: number;
  videos: number;
  audios: number;
  /** Where the last frame stands, if there is one. */
  lastFrame: Path | undefined;
  questions: Question[];
};

type File = NonNullable<VendorRequest["FileInfos"]>[number];
type Sorted = { file: File; index: number; category: string; usage: string };

/** Reads a request for the action's medium. Empty text counts as absent, as at the vendor. */
export function factsOf(media: Media, request: VendorRequest): Facts {
  const files = (request.FileInfos ?? []).map((file, index) => ({
    file,
    index,
    category: (file.Category || "Image").toLowerCase(),
    usage: (file.Usage || "FirstFrame").toLowerCase(),
  }));
  return media === "image" ? imageFacts(request, files) : videoFacts(request, files);
}

function imageFacts(request: VendorRequest, files: Sorted[]): Facts {
  const config = request.OutputConfig ?? {};
  const questions = [
    ...outputQuestions(request),
    ask("images", ["FileInfos"], files.length),
    ...fileQuestions(files),
    ask("outputCount", ["OutputConfig", "OutputImageCount"], config.OutputImageCount),
    ask("outputFormats", ["OutputConfig", "OutputFormat"], config.OutputFormat),
  ];
  return {
    media: "image",
    mode: files.length > 0 ? "reference" : "text",
    request,
    images: files.length,
    videos: 0,
    audios: 0,
    lastFrame: undefined,
    questions: questions.filter((question) => question !== undefined),
  };
}

function videoFacts(request: VendorRequest, files: Sorted[]): Facts {
  const lastFrame = placeOfLastFrame(request, files);
  const pictures = files.filter(({ category }) => category === "image");
  const images = pictures.filter(({ usage }) => usage !== "lastframe");
  const videos = files.filter(({ category }) => category === "video");
  const audios = files.filter(({ category }) => category === "audio");
  const reference = images.find(({ usage }) => usage === "reference");
  const firstFrame = images.find(({ usage }) => usage === "firstframe");
  const subjects = request.SubjectInfos ?? [];
  const refers = reference ?? videos[0] ?? audios[0] ?? subjects[0] ?? images[1];
  const nothingButWords =
    files.length === 0 && !lastFrame && subjects.length === 0 && !request.SceneType && !request.ExtInfo;
  const mode = refers ? "reference" : files.length > 0 || lastFrame ? "frames" : "text";

  const questions = [
    ...outputQuestions(request),
    ask("durations", ["OutputConfig", "Duration"], request.OutputConfig?.Duration),
    ask("audio", ["OutputConfig", "AudioGeneration"], request.OutputConfig?.AudioGeneration === "Enabled" || undefined),
    ask("text", ["FileInfos"], nothingButWords || undefined),
    firstFrame && ask("firstFrame", ["FileInfos", firstFrame.index, "Usage"], mode === "frames" || undefined),
    lastFrame && ask("lastFrame", lastFrame, true),
    lastFrame && ask("lastFrameAlone", lastFrame, firstFrame === undefined || undefined),
    reference && ask("references", ["FileInfos", reference.index, "Usage"], true),
    ask("images", ["FileInfos"], images.length),
    ask("videos", ["FileInfos"], videos.length),
    ask("audios", ["FileInfos"], audios.length),
    ...fileQuestions(files),
    ...subjects.slice(0, SINGLY_EXAMINED_MAX).flatMap(subjectQuestions),
  ];
  return {
    media: "video",
    mode,
    request,
    images: images.length,
    videos: videos.length,
    audios: audios.length,
    lastFrame,
    questions: questions.filter((question) => question !== undefined),
  };
}

/** A question, unless nothing was asked. */
function ask(rule: RuleName, path: Path, value: Value | null | undefined): Question | undefined {
  return value === undefined || value === null || value === "" ? undefined : { rule, path, value };
}

function outputQuestions(request: VendorRequest): (Question | undefined)[] {
  const { Resolution, AspectRatio } = request.OutputConfig ?? {};
  return [
    ask("resolutions", ["OutputConfig", "Resolution"], Resolution),
    ask("aspectRatios", ["OutputConfig", "AspectRatio"], AspectRatio),
    ask("sceneTypes", ["SceneType"], request.SceneType),
    ask("promptCharacters", ["Prompt"], request.Prompt && countCharacters(request.Prompt)),
  ];
}

/** Of files and subjects; all are counted, but a request of many thousands must not make as many findings. */
export const SINGLY_EXAMINED_MAX = 100;

function fileQuestions(files: Sorted[]): (Question | undefined)[] {
  return files
    .slice(0, SINGLY_EXAMINED_MAX)
    .map(({ file, index }) => ask("referenceTypes", ["FileInfos", index, "ReferenceType"], file.ReferenceType));
}

function subjectQuestions(subject: NonNullable<VendorRequest["SubjectInfos"]>[number], index: number) {
  const at = (member: string) => ["SubjectInfos", index, member];
  const given = Object.entries(subject).filter(([, value]) =>
    Array.isArray(value) ? value.length > 0 : Boolean(value),
  );
  return [
    ...SUBJECT_KEYS.filter((member) => !subject[member]).map((member) => ask("subjectNeeds", at(member), member)),
    ...given
      .filter(([member]) => SUBJECT_MEMBERS.has(member))
      .map(([member]) => ask("subjectMembers", at(member), member)),
    ask("subjectImages", at("ImageUrls"), subject.ImageUrls?.length),
    ask("subjectVideos", at("VideoUrls"), subject.VideoUrls?.length),
  ];
}

/** One of them names the subject; which one, the model says. */
const SUBJECT_KEYS = ["Id", "Name"] as const;
const SUBJECT_MEMBERS = new Set(["Id", "Name", "VoiceId", "ImageUrls", "VideoUrls"]);

function placeOfLastFrame(request: VendorRequest, files: Sorted[]): Path | undefined {
  const file = files.find(({ category, usage }) => category === "image" && usage === "lastframe");
  if (file) return ["FileInfos", file.index, "Usage"];
  if (request.LastFrameUrl) return ["LastFrameUrl"];
  return request.LastFrameFileId ? ["LastFrameFileId"] : undefined;
}

const above = (value: number, limit: number | undefined) => limit === undefined || value > limit;

/** Whether every part of a condition holds. */
export function holds(when: Condition, facts: Facts): boolean {
  const { OutputConfig: config, SceneType: scene } = facts.request;
  const resolution = config?.Resolution?.toUpperCase();
  const subjects = facts.request.SubjectInfos?.length ?? 0;
  return (
    (!when.audio || config?.AudioGeneration === "Enabled") &&
    (!when.lastFrame || facts.lastFrame !== undefined) &&
    (!when.resolutionIs || when.resolutionIs.some((one) => one === resolution)) &&
    (when.resolutionIsNot === undefined || when.resolutionIsNot !== resolution) &&
    above(config?.Duration ?? 0, when.secondsAbove) &&
    above(facts.images, when.imagesAbove) &&
    above(facts.videos, when.videosAbove) &&
    above(facts.audios, when.audiosAbove) &&
    above(facts.images + facts.videos + facts.audios, when.filesAbove) &&
    above(facts.images + subjects, when.imagesAndSubjectsAbove) &&
    (when.imagesAndVideosBelow === undefined || facts.images + facts.videos < when.imagesAndVideosBelow) &&
    (when.sceneType === undefined || (scene !== undefined && includesValue([when.sceneType], scene)))
  );
}
