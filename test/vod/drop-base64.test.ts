import * as fc from "fast-check";
import { describe, it } from "vitest";
import { BASE64_KEPT_MAX_BYTES, base64Dropper } from "../../src/vod/drop-base64.ts";

/** What is left of a text that comes in chunks of these sizes, over and over. */
function left(text: string, sizes: number[] = [1_000_000]): string {
  const bytes = new TextEncoder().encode(text);
  const decoder = new TextDecoder();
  let out = "";
  const take = base64Dropper((part) => (out += decoder.decode(part, { stream: true })));
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    take(bytes.subarray(at, at + size));
    at += size;
  }
  return out + decoder.decode();
}

const FILE = "QUJD".repeat(BASE64_KEPT_MAX_BYTES / 4);
const LONG = `${FILE}A`;

describe("the filter of echoed files", () => {
  it.for<[string, string, string]>([
    ["empties a file", `{"Base64":"${LONG}"}`, '{"Base64":""}'],
    ["also between spaces", `{ "Base64" :\n "${LONG}" , "a": 1}`, '{ "Base64" :\n "" , "a": 1}'],
    [
      "at any depth, each",
      `[[{"a":{"Base64":"${LONG}","b":"${LONG}"}},{"Base64":"${LONG}"}]]`,
      `[[{"a":{"Base64":"","b":"${LONG}"}},{"Base64":""}]]`,
    ],
    ["whatever it holds", `{"Base64":"\\"\\\\${LONG}汽\\\\","x":"y"}`, '{"Base64":"","x":"y"}'],
    ["keeps a short one", `{"Base64":"${FILE}"}`, `{"Base64":"${FILE}"}`],
    ["and one that is empty", '{"Base64":""}', '{"Base64":""}'],
    ["and what is no text", `{"Base64":null,"a":"${LONG}"}`, `{"Base64":null,"a":"${LONG}"}`],
    ["in a list it is a value", `{"a":["Base64","${LONG}"]}`, `{"a":["Base64","${LONG}"]}`],
    ["a value of that name is none", `{"a":"Base64","b":"${LONG}"}`, `{"a":"Base64","b":"${LONG}"}`],
    [
      "a longer name is another",
      `{"Base64s":"${LONG}","XBase64":"${LONG}"}`,
      `{"Base64s":"${LONG}","XBase64":"${LONG}"}`,
    ],
    ["a shorter one too", `{"Base6":"${LONG}","":"${LONG}"}`, `{"Base6":"${LONG}","":"${LONG}"}`],
    ["an object under it is looked into", `{"Base64":{"a":"${LONG}"}}`, `{"Base64":{"a":"${LONG}"}}`],
    ["a list under it as well", `{"Base64":["${LONG}"]}`, `{"Base64":["${LONG}"]}`],
    ["a quoted name is text", `{"\\"Base64":"${LONG}"}`, `{"\\"Base64":"${LONG}"}`],
  ])("%s", ([, text, expected], { expect }) => {
    expect(left(text)).toBe(expected);
    expect(left(text, [1])).toBe(expected);
    expect(left(text, [3, 5, 4096])).toBe(expected);
  });

  it("does to any JSON what a reviver does, however it is cut", ({ expect }) => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom("Base64", '"Base64":"', "\\", LONG, `${LONG}\\"汽`, FILE),
    );
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(text, fc.integer(), fc.constant(null), fc.array(tie("tree"), { maxLength: 3 }), tie("object")),
      object: fc.dictionary(fc.oneof(fc.constant("Base64"), text), tie("tree"), { maxKeys: 4, noNullPrototype: true }),
    }));
    const sizes = fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 5 });
    const bytes = (value: string) => new TextEncoder().encode(JSON.stringify(value)).byteLength - 2;
    fc.assert(
      fc.property(tree, sizes, fc.constantFrom(0, 2), (value, cuts, indent) => {
        const json = JSON.stringify(value, null, indent);
        const expected: unknown = JSON.parse(json, (name, member: unknown) =>
          name === "Base64" && typeof member === "string" && bytes(member) > BASE64_KEPT_MAX_BYTES ? "" : member,
        );
        expect(JSON.parse(left(json, cuts))).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });
});
