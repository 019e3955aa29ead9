import type { Allowed, Range } from "./types.ts";

export type Value = string | number | true;

export const isRange = (allowed: Allowed): allowed is Range => typeof allowed === "object" && "min" in allowed;

/** Longer than any word that a model takes or that is worth guessing at: a longer text is not looked into. */
const WORD_MAX_CHARACTERS = 64;

/** The vendor writes `1k` here and `1K` there, and clients get images with either: the case of letters does not count. */
export function includesValue(allowed: Allowed, value: Value): boolean {
  if (typeof allowed === "boolean") return allowed;
  if (isRange(allowed)) {
    if (typeof value !== "number") return false;
    return value >= allowed.min && value <= allowed.max && (!allowed.whole || Number.isInteger(value));
  }
  if (String(value).length > WORD_MAX_CHARACTERS) return false;
  const key = String(value).toLowerCase();
  return allowed.some((item) => String(item).toLowerCase() === key);
}

/** All but the first halves of the characters that have two. */
const NO_FIRST_HALVES = /[^\ud800-\udbff]+/g;

/** Characters as people and the vendor count them, not UTF-16 units. Of well-formed text of any length. */
export function countCharacters(text: string): number {
  return text.length - text.replace(NO_FIRST_HALVES, "").length;
}

/** The possible value that is nearest to what was asked, of two the first; undefined where nothing is possible. */
export function nearestValue(allowed: Allowed, value: Value): string | number | undefined {
  if (typeof allowed === "boolean" || value === true) return undefined;
  if (isRange(allowed)) {
    if (typeof value !== "number") return undefined;
    const inside = Math.min(Math.max(value, allowed.min), allowed.max);
    return allowed.whole ? Math.round(inside) : inside;
  }
  return leastBy<string | number>(allowed, (item) => distance(item, value));
}

const leastBy = <Item>(items: readonly Item[], cost: (item: Item) => number): Item | undefined =>
  items.map((item) => ({ item, cost: cost(item) })).toSorted((a, b) => a.cost - b.cost)[0]?.item;

/** Numbers by their difference, sizes and ratios by their quotient, other words by their spelling. */
function distance(a: string | number, b: string | number): number {
  if (typeof a === "number" && typeof b === "number") return Math.abs(a - b);
  if (String(b).length > WORD_MAX_CHARACTERS) return UNLIKE;
  const [sizeA, sizeB] = [magnitude(String(a)), magnitude(String(b))];
  if (sizeA !== undefined && sizeB !== undefined) return Math.abs(Math.log(sizeA / sizeB));
  return UNLIKE + editDistance(String(a).toLowerCase(), String(b).toLowerCase());
}

/** Further than any two sizes are from each other. */
const UNLIKE = 1_000;

/** Lines of the shorter side that are meant by these words in video. */
const LINES_BY_WORD = new Map([
  ["1k", 1_024],
  ["2k", 1_440],
  ["3k", 1_800],
  ["4k", 2_160],
  ["8k", 4_320],
]);

/** `720P` → 720, `2K` → 1440, `1024x768` → 768, `16:9` → 1.78; undefined for anything else. */
function magnitude(text: string): number | undefined {
  const word = text.toLowerCase();
  const lines = linesOf(word);
  if (lines !== undefined) return lines;
  const [, width, sign, height] = /^(\d{1,5})([x:*])(\d{1,5})$/.exec(word) ?? [];
  const [w, h] = [Number(width), Number(height)];
  if (sign === undefined || !(w > 0 && h > 0)) return undefined;
  return sign === ":" ? w / h : Math.min(w, h);
}

/** The lines of a standard size such as `1080P` or `4K`; undefined for any other text. */
export function linesOf(text: string): number | undefined {
  const word = text.toLowerCase();
  const [, lines] = /^([1-9]\d{1,4})p$/.exec(word) ?? [];
  return lines === undefined ? LINES_BY_WORD.get(word) : Number(lines);
}

/** More changes than this make another word, not a slip. */
const GUESS_MAX_EDITS = 2;

/** The name that was probably meant: the same but for case, else one or two slips away. */
export function guess(names: readonly string[], written: string): string | undefined {
  if (written.length > WORD_MAX_CHARACTERS) return undefined;
  const word = written.toLowerCase();
  const guesses = names.map((name) => ({ name, edits: editDistance(name.toLowerCase(), word) }));
  const likely = guesses.filter(({ name, edits }) => edits <= GUESS_MAX_EDITS && edits < name.length);
  return leastBy(likely, ({ name, edits }) => edits + numberGap(name, word))?.name;
}

/** Below 1, so that it decides between names equally far away: 2.7 is nearer to 2.6 than to 2.1. */
function numberGap(a: string, b: string): number {
  const gap = Math.abs(firstNumber(a) - firstNumber(b));
  return gap / (1 + gap) || 0;
}

const firstNumber = (text: string) => Number(/\d+(\.\d+)?/.exec(text)?.[0] ?? 0);

/** Characters to insert, remove or replace (Levenshtein). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + Number(a[i - 1] !== b[j - 1]);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
