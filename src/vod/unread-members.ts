import * as z from "zod";
import { vendorRequest } from "./requests.ts";

/*
 * Members of a task's detail that nobody here reads. They are written down as the vendor documents them, so that
 * `npm run vendor-types` can say what is new; and whatever comes in them is kept, because a member of another type than
 * documented must not cost a paid result.
 */

const kept = <Type extends z.ZodType>(type: Type) => z.union([type, z.unknown()]).optional();

const keptText = kept(z.string());
const keptNumber = kept(z.number());

const dynamicRange = z.looseObject({ Type: keptText, HDRType: keptText });

export const UNREAD_OF_STREAM = {
  Bitrate: keptNumber,
  Codec: keptText,
  CodecTag: keptText,
  DynamicRangeInfo: kept(dynamicRange),
};

const audioStream = z.looseObject({ Bitrate: keptNumber, SamplingRate: keptNumber, Codec: keptText });

export const UNREAD_OF_META_DATA = {
  Bitrate: keptNumber,
  Rotate: keptNumber,
  AudioStreamSet: kept(z.array(audioStream)),
  VideoDuration: keptNumber,
  AudioDuration: keptNumber,
  Md5: keptText,
};

export const UNREAD_OF_FILE = { MediaName: keptText, ClassId: keptNumber };

export const UNREAD_OF_USAGE = {
  InputTokens: keptNumber,
  ThoughtTokens: keptNumber,
  InputImageCount: keptNumber,
  InputSeconds: keptNumber,
  OutputSeconds: keptNumber,
  TotalSeconds: keptNumber,
};

const { FileInfos, SubjectInfos, OutputConfig } = vendorRequest.shape;

/** The request as the vendor shows it. */
export const UNREAD_OF_INPUT = {
  ModelName: keptText,
  ModelVersion: keptText,
  FileInfos: kept(FileInfos),
  SubjectInfos: kept(SubjectInfos),
  LastFrameFileId: keptText,
  LastFrameUrl: keptText,
  Prompt: keptText,
  NegativePrompt: keptText,
  EnhancePrompt: keptText,
  GenerationMode: keptText,
  OutputConfig: kept(OutputConfig),
  InputRegion: keptText,
  SceneType: keptText,
};
