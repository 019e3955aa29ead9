/* Values that a client can send and no sane one does. */
import * as fc from "fast-check";
import { VICTIM_SESSION } from "./judge.ts";

/** The same inputs in every run; what fast-check prints on a failure holds it too. */
export const SEED = 20_261_121;

export const check = <T extends [unknown, ...unknown[]]>(numRuns: number, property: fc.IAsyncPropertyWithHooks<T>) =>
  fc.assert(property, { seed: SEED, numRuns });

/** In a value, stands for a number that JSON has and JavaScript has not. */
const BEYOND_RANGE = "@1e400@";

/** JSON text of a value; `__proto__` as a member of its own. */
export function jsonOf(value: unknown): string {
  return JSON.stringify(value).replaceAll(`"${BEYOND_RANGE}"`, "1e400");
}

/** Made by parsing, as a client's would be: a literal would set the prototype. */
const poisoned: unknown = JSON.parse(
  '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"toString":1,"valueOf":1,"then":1}',
);

const nested = (levels: number, inner: unknown = 1): unknown => (levels === 0 ? inner : [nested(levels - 1, inner)]);

/** Texts that have broken software before. */
export const oddText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    "",
    " ",
    "\0",
    "a\0b",
    "\ud800",
    "a\udfff",
    "\ud83c",
    "🎬",
    "\u202e",
    "\ufeff",
    "\u2028",
    "e\u0301",
    "null",
    "undefined",
    "NaN",
    "Infinity",
    "-0",
    "0x10",
    "1e400",
    "9".repeat(400),
    "__proto__",
    "constructor",
    "toString",
    "' OR 1=1 --",
    '"; DROP TABLE tasks; --',
    "%00",
    "%",
    "../../etc/passwd",
    "<script>alert(1)</script>",
    "{{7*7}}",
    "\r\nx-injected: 1",
    "data:,x",
    "javascript:alert(1)",
    VICTIM_SESSION,
    "x".repeat(51),
    "🎬".repeat(51),
    "x".repeat(70_000),
  ),
  fc.string({ unit: "binary", maxLength: 60 }),
  fc.string({ unit: "grapheme", maxLength: 60 }),
  fc.array(fc.integer({ min: 0, max: 0xff_ff }), { maxLength: 20 }).map((units) => String.fromCharCode(...units)),
);

/** Values of every type, in places meant for another. */
export const oddValue: fc.Arbitrary<unknown> = fc.oneof(
  oddText,
  fc.constantFrom<unknown>(
    null,
    true,
    false,
    0,
    -0,
    -1,
    1.5,
    1.0001,
    2 ** 53,
    1e308,
    5e-324,
    BEYOND_RANGE,
    [],
    {},
    [[5]],
    [null],
    [""],
    [{}],
    { length: 1e9 },
    poisoned,
    [poisoned],
    nested(31),
    nested(40),
    Array.from({ length: 12_000 }, () => 5),
    Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`Field${index}`, index])),
    { ["k".repeat(300)]: 1 },
    { "\ud800": 1 },
    { "a\0": 1 },
  ),
  fc.jsonValue({ maxDepth: 3 }),
);

/** What has most often gone through a check it should not have passed; every known field meets each of them. */
export const HARD: unknown[] = [
  BEYOND_RANGE,
  "9".repeat(400),
  1.0001,
  "1.0001",
  -0,
  [[5]],
  { valueOf: 1 },
  poisoned,
  "\ud800",
  "a\0b",
  [null],
  true,
];

/** A value for an id in a path: another owner's, our own, or none at all; `Arena.withIds` puts the ids in. */
export const pathId = fc.oneof(
  fc.constantFrom(..."VICTIM OWN 00000000-0000-0000-0000-000000000000 %00 %FF %E0%A4%A %2e%2e __proto__ *".split(" ")),
  oddText.map((text) => encodeURIComponent(text.toWellFormed()).slice(0, 2000)),
);

/** Header values that a client can send at all, in ASCII: the runtime complains aloud of every other one. */
export const sendable = (value: string): boolean => /^[\t\x20-\x7e]*$/.test(value);
