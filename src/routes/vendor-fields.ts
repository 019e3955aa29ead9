import * as z from "zod";
import { integer } from "../http/fields.ts";
import { isKnownModel } from "../vod/catalogue/index.ts";
import { type CreateAction, mediaOf } from "../vod/requests.ts";

/*
 * What the dialects hold the vendor's own fields to, in whichever case they write them. The texts among them are columns of
 * a task, or lie in one: there an open-ended one could break a row.
 */

export const SESSION_ID_MAX_CHARACTERS = 50;
export const SESSION_CONTEXT_MAX_CHARACTERS = 1_000;
export const MEDIA_NAME_MAX_CHARACTERS = 64;
/** Twice the vendor's longest. */
export const MODEL_MAX_CHARACTERS = 64;
/** Several times the vendor's longest. */
const FORMAT_MAX_CHARACTERS = 32;

/** Characters as people and the vendor count them, not UTF-16 units. */
export const atMost = (max: number) =>
  z.string().refine((value) => value.length <= 2 * max && Array.from(value).length <= max, {
    error: `Use at most ${max} characters.`,
    abort: true,
  });

/** A resolution or an aspect ratio, in the words of a model nobody has told us about. */
export const formatText = atMost(FORMAT_MAX_CHARACTERS);

/** A model's name or version. */
export const modelText = atMost(MODEL_MAX_CHARACTERS).min(1, { error: "This field is required." });

/** Some clients' JSON has `2.1` for `"2.1"`. {@link namedVersion} says which version a number means. */
export const versionText = z.union([z.number(), modelText]);

/** The version as the vendor writes it. A number has lost its zeros: 2 is `2.0`, or `02`, where there is such a version. */
export function namedVersion(action: CreateAction, name: string, version: string | number): string {
  if (typeof version === "string") return version;
  const text = String(version);
  const spellings = [text, version.toFixed(1), text.padStart(2, "0")];
  return spellings.find((spelling) => isKnownModel(mediaOf(action), name, spelling)) ?? text;
}

/** The vendor's range. */
export const tasksPriority = integer.pipe(
  z.number().min(-10, { error: "Use -10 to 10." }).max(10, { error: "Use -10 to 10." }),
);

/**
 * Whether nothing says what to make. The vendor takes an empty prompt only where something else does (tencent-vod facts
 * §1.1): files, subjects, a scene type.
 */
export function lacksContent(
  prompt: string | undefined,
  others: ({ readonly length: number } | null | undefined)[],
): boolean {
  return !prompt && !others.some((other) => other?.length);
}

/** A JSON value without its `null` and `""` members, at every level. */
export function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmpty);
  if (value === null || typeof value !== "object") return value;
  const present = Object.entries(value).filter(
    ([, member]) => member !== undefined && member !== null && member !== "",
  );
  return Object.fromEntries(present.map(([name, member]) => [name, withoutEmpty(member)]));
}
