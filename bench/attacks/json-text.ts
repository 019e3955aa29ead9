import { fieldsIn, type Place, put } from "../../test/hostile/place.ts";
import {
  type Attack,
  type AttackGroup,
  BODY_MAX_BYTES,
  filled,
  filledJson,
  HOLE,
  SPECIAL_CHARACTERS,
} from "./attack.ts";
import { type Body, each, shaped } from "./json-bodies.ts";

/** Texts that are dear to look through, whatever they mean. */
export const syntax: AttackGroup = {
  title: "JSON as text",
  attacks: () =>
    each((path, _body, open) => [
      shaped(path, "nothing but opening brackets", () => filled("", "[", "")),
      shaped(path, "nothing but closing brackets", () => filled("{}", "]", "")),
      shaped(path, "nothing but commas", () => filled(`${open},"next":[`, ",", "]}")),
      shaped(path, "nothing but quotes", () => filled(`${open},"next":[`, '""', "]}")),
      shaped(path, "nothing but colons", () => filled(`${open},"next":{`, ":", "}}")),
      shaped(path, "nothing but spaces", () => filled("{", " ", "}")),
      shaped(path, "a number of 10 MB", () => filled(`${open},"next":`, "1", "}")),
      shaped(path, "a number with an exponent of 10 MB", () => filled(`${open},"next":1e-`, "1", "}")),
      shaped(path, "a text without end", () => filled(`${open},"next":"`, "a", "")),
      shaped(path, "escaped quotes", () => filled(`${open},"next":"`, String.raw`\"`, '"}')),
      shaped(path, "as many escaped quotes as it takes", () =>
        filledJson({ next: HOLE }, String.raw`\"`, SPECIAL_CHARACTERS),
      ),
      shaped(path, "backslashes", () => filled(`${open},"next":"`, "\\\\", '"}')),
      shaped(path, "Unicode escapes", () => filled(`${open},"next":"`, String.raw`\u6c49`, '"}')),
      shaped(path, "nothing but ideographs", () => filled(`${open},"next":"`, "汉", '"}')),
      shaped(path, "bytes that are not UTF-8", () => new Uint8Array(BODY_MAX_BYTES).fill(0xff)),
      shaped(path, "JSON that breaks at its end", () => filled(`${open},"next":"`, "a", '"]')),
    ]),
};

/** What a text field may hold, each as long as it can be. */
const FILLINGS: Record<string, [unit: string, times?: number]> = {
  letters: ["A"],
  digits: ["1"],
  spaces: [" "],
  "letters whose case is two letters": ["İ", SPECIAL_CHARACTERS],
  quotes: [String.raw`\"`, SPECIAL_CHARACTERS],
};

/** How the long texts begin that are looked into, and what makes them long. */
const BEGINNINGS: Record<string, [start: string, unit: string]> = {
  "a URL": ["http://", "A"],
  "a URL of short labels": ["http://", "a."],
  "a URL of escaped ideographs": ["http://", "%E4%B8%80"],
  "a URL in Punycode": ["http://xn--", "a"],
  "parameters of a data URL": ["data:", ";a="],
  "Base64 in a data URL": ["data:image/png;base64,", "A"],
  "bare Base64": ["iVBORw0KGgo", "A"],
};

/** Every field of every route, by the API description; images have those of videos. */
export const fields: AttackGroup = {
  title: "JSON with one long text",
  attacks: ({ description }) =>
    each((path, body) => {
      if (path.endsWith("/aigc-image")) return [];
      const places = new Map(fieldsIn(description, path).map((place) => [place.join("."), place]));
      return Array.from(places, ([name, place]) => [
        ...Object.entries(FILLINGS).map(([filling, [unit, times]]) => textAt(path, body, place, filling, unit, times)),
        ...(/image|reference|url/.test(name) ? Object.entries(BEGINNINGS) : []).map(([filling, [start, unit]]) =>
          textAt(path, body, place, filling, unit, undefined, start),
        ),
      ]).flat();
    }),
};

function textAt(
  path: string,
  body: Body,
  place: Place,
  name: string,
  unit: string,
  times?: number,
  start = "",
): Attack {
  const whole = put(body, place, start + HOLE);
  return shaped(path, `${place.join(".")}: ${name}`, () => filledJson(whole, unit, times));
}
