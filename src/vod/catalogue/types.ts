import type { Source, SourceTag } from "./sources.ts";

export type Media = "video" | "image";

/** From words alone, between frames, or with files to refer to: the ways to ask that limits differ by. */
export type Mode = "text" | "frames" | "reference";

/** A range includes both ends. */
export type Range = { readonly min: number; readonly max: number; readonly whole?: true };

/** What is possible: these values, this range, or yes or no. No value at all: the model does not take the parameter. */
export type Allowed = readonly string[] | readonly number[] | Range | boolean;

/**
 * What can be asked of a model. Files are counted as follows: `images` without last frames; `videos` and `audios` by
 * their category. `references` is an image sent as a reference; `text` a request with nothing but words.
 */
export const RULES = [
  "durations",
  "resolutions",
  "aspectRatios",
  "audio",
  "text",
  "firstFrame",
  "lastFrame",
  "lastFrameAlone",
  "references",
  "images",
  "videos",
  "audios",
  "referenceTypes",
  "sceneTypes",
  "subjectNeeds",
  "subjectMembers",
  "subjectImages",
  "subjectVideos",
  "promptCharacters",
  "outputCount",
  "outputFormats",
] as const;

export type RuleName = (typeof RULES)[number];

/** One thing that sources say of a rule. `modes`: the ways of asking it speaks of, if not all. */
export type Statement = {
  readonly by: readonly SourceTag[];
  readonly says: Allowed;
  readonly modes?: readonly Mode[];
  /** The source says that other values have no effect, not that they are refused. */
  readonly noEffect?: true;
};

/** Every part that is given must hold. */
export type Condition = {
  readonly audio?: true;
  readonly lastFrame?: true;
  readonly resolutionIs?: readonly string[];
  /** Also holds when no resolution is given. */
  readonly resolutionIsNot?: string;
  readonly secondsAbove?: number;
  readonly imagesAbove?: number;
  readonly videosAbove?: number;
  readonly audiosAbove?: number;
  readonly filesAbove?: number;
  readonly imagesAndSubjectsAbove?: number;
  readonly imagesAndVideosBelow?: number;
  readonly sceneType?: string;
};

/** Things that are possible one by one and not together. */
export type Combination = {
  readonly when: Condition;
  /** The place to change; a last frame may stand in three. */
  readonly at: readonly [string, ...string[]] | "lastFrame";
  /** Follows the model's name. */
  readonly message: string;
  readonly allowed?: readonly (string | number)[] | Range;
  readonly nearest?: string | number;
  readonly by: readonly SourceTag[];
  /** Sources whose words include the combination. */
  readonly against?: readonly SourceTag[];
};

export type Rules = {
  readonly [Rule in RuleName]?: readonly Statement[];
} & { readonly combinations?: readonly Combination[] };

export type Version = Rules & {
  /** Who names this version. */
  readonly named: readonly SourceTag[];
  /** The family's rules are not meant for this version, e.g. because its input decides. */
  readonly apart?: true;
};

/** The versions under one ModelName, with what holds for them all. A version's own rules outrank those. */
export type Family = {
  readonly name: string;
  readonly media: Media;
  readonly rules: Rules;
  readonly versions: Readonly<Record<string, Version>>;
};

export type Finding = {
  /**
   * limit: beyond what the vendor's API takes, whichever model is asked. Of a model: impossible, if every source that
   * speaks of it excludes it; doubtful, if another one allows it, or no source that excludes it is firm enough.
   */
  kind: "limit" | "impossible" | "doubtful" | "unknown_model" | "unknown_version";
  /** Place in the vendor's request, e.g. `["OutputConfig", "Duration"]` or `["FileInfos", 2, "Usage"]`. */
  path: (string | number)[];
  /** One English sentence without the field's name in front: what is possible, what was asked. */
  message: string;
  /** What is possible, for programs; absent where it cannot be listed. */
  allowed?: readonly (string | number)[] | { min: number; max: number };
  /** The possible value nearest to what was asked. */
  nearest?: string | number;
  /** Who says so, newest first. */
  sources: Source[];
};

/** `listed`: in the vendor's newest public list. `formerly_listed`: in an earlier one. `unlisted`: known from others. */
export type Standing = "listed" | "formerly_listed" | "unlisted";

export type Constraint = {
  /** By the newest of the most specific sources. */
  allowed: Allowed;
  /** All that is said, that source first. */
  statements: { allowed: Allowed; modes?: readonly Mode[]; sources: Source[] }[];
};

export type CatalogueModel = {
  name: string;
  version: string;
  media: Media;
  standing: Standing;
  /** ISO 8601 day or month of the first source that names it. */
  firstNamed: string;
  constraints: { readonly [Rule in RuleName]?: Constraint };
  /** What cannot be had together, each a sentence without the model's name. */
  combinations: { message: string; sources: Source[] }[];
  namedBy: Source[];
};
