import { isStorable, UNSTORABLE } from "./text.ts";

/** No request has a reason to nest deeper; it bounds every walk over a body. */
export const MAX_JSON_DEPTH = 32;
/** No request has a reason to hold more; it bounds the memory a body takes and the work of looking at its fields. */
export const MAX_JSON_VALUES = 10_000;
/** Names are shown in errors. */
export const MAX_NAME_CHARACTERS = 200;
/** Of all fields together. Names are looked up, renamed and repeated more often than values. */
export const MAX_NAMES_CHARACTERS = 100_000;

export type Place = (string | number)[];
/** A value that no field can make good. */
export type Unfit = { place: Place; msg: string };

/** About how many values a JSON text holds, and how many members as they are written, one that is there twice as two. */
type Size = { values: number; members: number };

/**
 * Parses JSON, from whatever place in a request it comes. Refuses, before anything is made of it, what nests too deep or
 * holds too much; then text that cannot be stored and numbers beyond all range.
 * @param maxValues how many of the request's are left
 * @throws {SyntaxError} when it is no JSON
 */
export function parseJson(
  text: string,
  maxValues = MAX_JSON_VALUES,
): { value: unknown; size: Size } | { unfit: Unfit } {
  const size = measure(text, maxValues);
  if (typeof size === "string") return { unfit: { place: [], msg: size } };
  const value: unknown = JSON.parse(text);
  const unfit = findUnfit(value);
  return unfit ? { unfit } : { value, size };
}

/** Whether a JSON text nests deeper than any request or event has a reason to: to parse such a one takes long. */
export function isTooDeep(text: string): boolean {
  return measure(text, Infinity) === TOO_DEEP;
}

const TOO_DEEP = `Nest at most ${MAX_JSON_DEPTH} levels.`;
const TOO_MANY = `Send at most ${MAX_JSON_VALUES} values.`;

const PUNCTUATION = /["[\]{},:]/g;

/**
 * The size of a JSON text, or what it has too much of, by its punctuation alone. It stops at each mark once, and at none
 * after the limit; what lies between them is left to the runtime's own search.
 */
function measure(text: string, maxValues: number): Size | string {
  let level = 0;
  let values = 1;
  let members = 0;
  let strings = 0;
  PUNCTUATION.lastIndex = 0;
  while (PUNCTUATION.test(text)) {
    const at = PUNCTUATION.lastIndex - 1;
    const mark = text[at];
    if (mark === '"') {
      PUNCTUATION.lastIndex = endOfString(text, at) + 1;
      strings++;
    } else if (mark === "[" || mark === "{") {
      level++;
      values++;
    } else if (mark === "]" || mark === "}") {
      level--;
    } else if (mark === ",") {
      values++;
    } else {
      members++;
    }
    if (level > MAX_JSON_DEPTH) return TOO_DEEP;
    // Each has one name at most.
    if (values > maxValues || members > maxValues || strings > 2 * maxValues) return TOO_MANY;
    // No JSON: whoever parses it says so.
    if (level < 0) break;
  }
  return { values, members };
}

/** The place of the quote that closes the string opened at `start`; the end of the text when none does. */
function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let backslashes = 0;
    while (text[at - 1 - backslashes] === "\\") backslashes++;
    if (backslashes % 2 === 0) return at;
  }
  return text.length;
}

/** The first value that is unfit whatever its field means. */
function findUnfit(root: unknown): Unfit | undefined {
  let nameCharacters = 0;

  function look(value: unknown, place: Place): Unfit | undefined {
    if (typeof value === "string") return isStorable(value) ? undefined : { place, msg: UNSTORABLE };
    // JSON has no limit, a double has: 1e400 would go on as null.
    if (typeof value === "number")
      return Number.isFinite(value) ? undefined : { place, msg: "This number is too large." };
    if (value === null || typeof value !== "object") return undefined;
    const isList = Array.isArray(value);
    for (const [name, member] of Object.entries(value)) {
      const msg = isList ? undefined : (unfitName(name) ?? tooManyNames((nameCharacters += name.length)));
      const found = msg === undefined ? look(member, [...place, isList ? Number(name) : name]) : { place, msg };
      if (found) return found;
    }
    return undefined;
  }
  return look(root, []);
}

function tooManyNames(characters: number): string | undefined {
  if (characters <= MAX_NAMES_CHARACTERS) return undefined;
  return `The names of all fields together have at most ${MAX_NAMES_CHARACTERS} characters.`;
}

/** What is wrong with the name of a field, in JSON or in a form. */
export function unfitName(name: string): string | undefined {
  if (name.length > MAX_NAME_CHARACTERS) return `A field's name has at most ${MAX_NAME_CHARACTERS} characters.`;
  return isStorable(name) ? undefined : `A field's name: ${UNSTORABLE}`;
}
