import { rejectInvalid } from "../../http/problems.ts";
import { parseSize } from "../video-size.ts";
import type { Problem } from "../../http/api-error.ts";
import { type Given, given, Problems } from "./given.ts";
import { readImages, type RoledImages } from "./images.ts";
import { type NamedModel, readModel } from "./models.ts";
import { BODY, type GenerationBody, OPTIONS, type Options } from "./schema.ts";

const NOTHING: Options = { resolution: undefined, aspect_ratio: undefined, negative_prompt: undefined };

/** Seed 003 sells its models for this long; of others the catalogue knows more. */
const SOLD_SECONDS = { min: 1, max: 16 };

/** What a client of this dialect asks for, each thing once, with the place it was written at. */
export type Generation = RoledImages & {
  model: NamedModel;
  prompt: string;
  durationSeconds: Given<number> | undefined;
  resolution: Given<string> | undefined;
  aspectRatio: Given<string> | undefined;
  negativePrompt: Given<string> | undefined;
  audio: Given<boolean> | undefined;
  seed: Given<number> | undefined;
  bgm: Given<boolean> | undefined;
  offPeak: Given<boolean> | undefined;
  /** What is left out of the vendor's request, or may not come out as it is meant. */
  doubts: readonly Problem[];
};

/**
 * Reads a body that may say one thing in several ways. All that is taken has an effect; what has none is in `doubts`.
 * @throws {ApiError} `validation_error` for contradictions, members nobody knows at the top, and what seed 003 excludes
 */
export function readGeneration(body: GenerationBody): Generation {
  const problems = new Problems();
  const model = readModel(body.model);
  if (!model) throw new Error("The schema lets no unknown model through.");
  findUnknown(body, problems);

  const sizes = [readSize(given(body.size, "size"), problems), readSides(body, problems)];
  const option = <Value>(
    name: keyof typeof OPTIONS,
    read: (options: Options) => Value | null | undefined,
    ...aliases: (Given<Value> | undefined)[]
  ) =>
    problems.one<Value>([
      given(read(body), name),
      ...aliases,
      given(read(body.extra_body ?? NOTHING), "extra_body", name),
      given(read(body.metadata ?? NOTHING), "metadata", name),
    ]);

  const generation: Generation = {
    model,
    prompt: body.prompt,
    ...readImages(body, model, problems),
    durationSeconds: option("duration", ({ duration }) => duration, given(body.seconds, "seconds")),
    resolution: problems.one([
      given(model.sold?.resolution, "model"),
      option("resolution", ({ resolution }) => resolution, ...sizes.map((size) => size?.resolution)),
    ]),
    aspectRatio: option("aspect_ratio", (from) => from.aspect_ratio, ...sizes.map((size) => size?.aspectRatio)),
    negativePrompt: option("negative_prompt", (from) => from.negative_prompt),
    audio: option("audio", ({ audio }) => audio),
    seed: option("seed", ({ seed }) => seed),
    bgm: option("bgm", ({ bgm }) => bgm),
    offPeak: problems.one([
      given(model.sold?.offPeak || undefined, "model"),
      option("off_peak", (from) => from.off_peak),
    ]),
    doubts: problems.doubts,
  };
  checkDuration(generation, problems);
  if (problems.list.length > 0) rejectInvalid(problems.list);
  return generation;
}

const unknown = (members: object, known: object) => Object.keys(members).filter((name) => !Object.hasOwn(known, name));

/**
 * At the top an unknown member is most often a slip of the pen, and costs a video. The other two are the places for
 * whatever some provider understands: what this one does not is left out.
 */
function findUnknown(body: GenerationBody, problems: Problems): void {
  for (const name of unknown(body, BODY)) problems.add([name], hint(name, "would have no effect: leave it out"));
  for (const place of ["extra_body", "metadata"] as const) {
    for (const name of unknown(body[place] ?? {}, OPTIONS))
      problems.ignore([place, name], hint(name, "has no effect: it was left out"));
  }
}

function hint(name: string, otherwise: string): string {
  if (name === "mode") return "The vendor has no modes: say the resolution, e.g. size 1080p, and leave mode out.";
  return `This field ${otherwise}.`;
}

function checkDuration({ model, durationSeconds }: Generation, problems: Problems): void {
  if (!durationSeconds) return;
  const { value, place } = durationSeconds;
  const { min, max } = SOLD_SECONDS;
  if (model.sold && (value < min || value > max)) problems.add(place, `Use ${min} to ${max} seconds.`);
  if (!model.sold && value <= 0) problems.add(place, "Use more than 0 seconds.");
}

type Size = { resolution?: Given<string>; aspectRatio?: Given<string> };

/** Pixels, or one of the two things that pixels say: new-api passes `size` to Vidu as a resolution, to others as a ratio. */
function readSize(size: Given<string> | undefined, problems: Problems): Size | undefined {
  if (!size) return undefined;
  const { value, place } = size;
  if (/^(\d{3,4}p|[124]k)$/i.test(value)) return { resolution: { value: value.toUpperCase(), place } };
  if (/^\d{1,2}:\d{1,2}$/.test(value)) return { aspectRatio: size };
  const pixels = parseSize(value);
  if (!pixels) {
    problems.add(place, "Use pixels near a usual size, e.g. 1280x720, a resolution, e.g. 720p, or a ratio, e.g. 16:9.");
    return undefined;
  }
  return { resolution: { value: pixels.resolution, place }, aspectRatio: { value: pixels.aspectRatio, place } };
}

function readSides({ width, height }: GenerationBody, problems: Problems): Size | undefined {
  if (width == null && height == null) return undefined;
  if (width != null && height != null) return readSize({ value: `${width}x${height}`, place: ["width"] }, problems);
  problems.add([width == null ? "width" : "height"], "Send width and height together.");
  return undefined;
}
