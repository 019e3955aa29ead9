import type { Allowed, Media, RuleName } from "./types.ts";
import { isRange, type Value } from "./values.ts";

/** Sentences for people. `subject` is the model, e.g. `Kling 2.6`. */

type Wording = (subject: string, allowed: Allowed, value: Value, media: Media) => string;

const WORDINGS: Record<RuleName, Wording> = {
  durations: (subject, allowed, value) =>
    `${subject} makes videos of ${amount(allowed)}${isRange(allowed) && allowed.whole ? " whole" : ""} seconds, not ${value}.`,
  resolutions: (subject, allowed, value, media) =>
    isNone(allowed)
      ? `${subject} takes no Resolution.`
      : `${subject} makes ${media}s with a Resolution of ${amount(allowed)}, not ${shown(value)}.`,
  aspectRatios: (subject, allowed, value, media) =>
    isNone(allowed)
      ? `${subject} takes no AspectRatio.`
      : `${subject} makes ${media}s with an AspectRatio of ${amount(allowed)}, not ${shown(value)}.`,
  audio: (subject) => `${subject} makes silent videos only.`,
  text: (subject) => `${subject} makes no video from a prompt alone; it needs a file.`,
  firstFrame: (subject) => `${subject} takes images as references, not as a first frame.`,
  lastFrame: (subject) => `${subject} takes no last frame.`,
  lastFrameAlone: (subject) => `${subject} takes a last frame only together with a first frame.`,
  references: (subject) => `${subject} takes no reference images.`,
  images: count("image"),
  videos: count("video"),
  audios: count("audio file"),
  referenceTypes: oneOf("ReferenceType"),
  sceneTypes: oneOf("SceneType"),
  subjectNeeds: (subject, allowed) => `${subject} needs the ${amount(allowed)} of each subject.`,
  subjectMembers: (subject, allowed, value) => `A subject of ${subject} has ${amount(allowed)}, not ${shown(value)}.`,
  subjectImages: count("image", " for a subject"),
  subjectVideos: count("video", " for a subject"),
  promptCharacters: (subject, allowed, value) =>
    `${subject} takes a prompt of at most ${isRange(allowed) ? allowed.max : 0} characters, not ${value}.`,
  outputCount: (subject, allowed, value) => `${subject} makes ${amount(allowed)} images at a time, not ${value}.`,
  outputFormats: oneOf("OutputFormat"),
};

export function sentence(rule: RuleName, subject: string, allowed: Allowed, value: Value, media: Media): string {
  return WORDINGS[rule](subject, allowed, value, media);
}

function count(thing: string, where = ""): Wording {
  return (subject, allowed, value) => {
    const max = isRange(allowed) ? allowed.max : 0;
    if (max === 0) return `${subject} takes no ${thing}s${where}.`;
    return `${subject} takes at most ${max} ${max === 1 ? thing : `${thing}s`}${where}, not ${value}.`;
  };
}

function oneOf(field: string): Wording {
  return (subject, allowed, value) =>
    isNone(allowed)
      ? `${subject} takes no ${field}.`
      : `${subject} takes a ${field} of ${amount(allowed)}, not ${shown(value)}.`;
}

const isNone = (allowed: Allowed) => Array.isArray(allowed) && allowed.length === 0;

/** Enough of what was written to recognise it. */
const SHOWN_MAX_CHARACTERS = 40;

/** What a client wrote, short and on one line. */
export function shown(value: Value): string {
  const text = Array.from(
    String(value)
      .slice(0, 4 * SHOWN_MAX_CHARACTERS)
      .replaceAll(/\s+/g, " "),
  );
  return text.length > SHOWN_MAX_CHARACTERS ? `${text.slice(0, SHOWN_MAX_CHARACTERS).join("")}…` : text.join("");
}

/** `5 or 10`, `720P, 1080P or 4K`, `3 to 15`. */
function amount(allowed: Allowed): string {
  if (typeof allowed === "boolean") return "";
  if (isRange(allowed)) return allowed.min === allowed.max ? String(allowed.min) : `${allowed.min} to ${allowed.max}`;
  return alternatives(allowed);
}

/** `a`, `a or b`, `a, b or c`. */
export function alternatives(items: readonly (string | number)[]): string {
  const words = items.map(String);
  const last = words.pop() ?? "";
  return words.length > 0 ? `${words.join(", ")} or ${last}` : last;
}
