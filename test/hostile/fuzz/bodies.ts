/* Bodies of every kind, from nearly right to nothing at all. */
import * as fc from "fast-check";
import { jsonOf, oddText, oddValue } from "../odd.ts";
import { put, type Place } from "../place.ts";

export type Body = { bytes: Uint8Array<ArrayBuffer>; type: string };

const encoder = new TextEncoder();
const utf8 = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(encoder.encode(text));

/** The first bytes of an image are all that is looked at. */
const PNG = "\u0089PNG\r\n\u001a\n and more";
const latin1 = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));

/** A body that its route takes, with odd values at some of its fields; or any JSON. */
export function jsonBody(good: unknown, places: readonly Place[]): fc.Arbitrary<Body> {
  const place = places.length > 0 ? fc.constantFrom(...places) : fc.constant<Place>(["a"]);
  const changed = fc
    .array(fc.tuple(place, oddValue), { maxLength: 3 })
    .map((changes) => changes.reduce((whole: unknown, [where, value]) => put(whole, where, value), good));
  const text = fc.oneof({ weight: 8, arbitrary: changed }, { weight: 1, arbitrary: oddValue }).map(jsonOf);
  return text.map((json) => ({ bytes: utf8(json), type: "application/json" }));
}

const fieldName = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      ..."prompt model seconds size n user metadata input_reference input_reference[image_url]".split(" "),
      ..."input_reference[file_id] metadata[a] prompt[x] __proto__ __proto__[a] [a] a[b][c] a[]".split(" "),
    ),
  },
  { weight: 1, arbitrary: oddText.filter((text) => text.length < 1_000) },
);
const fieldValue = fc.oneof(
  fc.constantFrom("a car", "sora-2", "4", "1280x720", "1", "https://media.test/a.png", '{"a":[1]}', PNG),
  oddText,
);
const field = fc.record({ name: fieldName, value: fieldValue, file: fc.option(fc.constantFrom("a.png", "", '"')) });
type Field = { name: string; value: string; file: string | null };

const PROMPT: Field = { name: "prompt", value: "a car", file: null };

/** Mostly a prompt with a few more fields, sometimes more than a form may have. */
const fields: fc.Arbitrary<Field[]> = fc
  .tuple(
    fc.boolean(),
    fc.array(field, { maxLength: 5 }),
    fc.oneof({ weight: 9, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.integer({ min: 2, max: 60 }) }),
  )
  .map(([prompted, some, times]) => {
    const many = Array.from({ length: times }, () => some).flat();
    return prompted ? [PROMPT].concat(many) : many;
  });

/** Escaped as browsers do it, or not at all. */
const urlencoded = fc.tuple(fields, fc.boolean()).map(([all, raw]): Body => {
  const write = (text: string) => (raw ? text.replaceAll("&", "") : encodeURIComponent(text.toWellFormed()));
  const text = all.map(({ name, value }) => `${write(name)}=${write(value)}`).join("&");
  return { bytes: utf8(text), type: "application/x-www-form-urlencoded" };
});

const boundary = fc.constantFrom(
  ..."b ----WebKitFormBoundary7MA4YWxkTrZu0gW - -- a'b (x) = : 0".split(" "),
  "x".repeat(70),
  "x".repeat(71),
  "a b",
  "\\",
  "ü",
);

const multipart = fc
  .record({
    all: fields,
    boundary,
    named: fc.constantFrom("bare", "quoted", "twice", "not"),
    lineEnd: fc.constantFrom("\r\n", "\r\n", "\r\n", "\n", "\r"),
    head: fc.oneof({ weight: 9, arbitrary: fc.constant("") }, { weight: 1, arbitrary: fc.constant("X: a") }),
    keep: fc.oneof(
      { weight: 9, arbitrary: fc.constant(1) },
      { weight: 1, arbitrary: fc.double({ min: 0, max: 1, noNaN: true }) },
    ),
    binary: fc.boolean(),
  })
  .map(({ all, boundary: mark, named, lineEnd, head, keep, binary }): Body => {
    const parts = all.map(({ name, value, file }) => {
      const disposition = `Content-Disposition: form-data; name="${name}"${file === null ? "" : `; filename="${file}"`}`;
      return [`--${mark}`, ...(head ? [head] : []), disposition, "", value, ""].join(lineEnd);
    });
    const text = `${parts.join("")}--${mark}--${lineEnd}`;
    const kept = text.slice(0, Math.ceil(keep * text.length));
    const types = {
      bare: `; boundary=${mark}`,
      quoted: `; boundary="${mark}"`,
      twice: `; boundary=${mark}; boundary=other`,
      not: "",
    };
    return { bytes: binary ? latin1(kept) : utf8(kept), type: `multipart/form-data${types[named]}` };
  });

const rawBytes = fc
  .uint8Array({ maxLength: 300 })
  .map((bytes): Body => ({ bytes: new Uint8Array(bytes), type: "application/octet-stream" }));

/** Good JSON, some bytes of it changed. */
const bitten = (good: unknown) =>
  fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.uint8Array({ maxLength: 8 })).map(([where, bytes]): Body => {
    const body = utf8(JSON.stringify(good));
    const from = Math.floor(where * body.length);
    body.set(bytes.subarray(0, body.length - from), from);
    return { bytes: body, type: "application/json" };
  });

const ANY_TYPE = fc.constantFrom(
  "application/json",
  "application/json; charset=utf-16",
  "application/json-x",
  "application/json,x",
  "application/vnd.api+json",
  "application/x-www-form-urlencoded",
  "application/x-www-form-urlencoded; charset=latin1",
  "multipart/form-data",
  "multipart/form-data; boundary=b",
  "multipart/mixed; boundary=b",
  "text/plain",
  "*/*",
  ";",
  "",
);

/** @param takesForms whether the route reads forms: then most are */
export function anyBody(good: unknown, places: readonly Place[], takesForms: boolean): fc.Arbitrary<Body> {
  const forms = takesForms ? 8 : 1;
  const body = fc.oneof(
    { weight: 10, arbitrary: jsonBody(good, places) },
    { weight: forms, arbitrary: urlencoded },
    { weight: forms, arbitrary: multipart },
    { weight: 1, arbitrary: rawBytes },
    { weight: 2, arbitrary: bitten(good) },
  );
  const type = fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: ANY_TYPE });
  return fc.tuple(body, type).map(([{ bytes, type: own }, other]) => ({ bytes, type: other ?? own }));
}
