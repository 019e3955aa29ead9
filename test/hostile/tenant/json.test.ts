/*
 * JSON built to keep the gateway busy, or sent under a name that would pass its checks by. That the work grows no faster
 * than the body is proved by counting it.
 */
import { afterEach, beforeEach, describe, it, vi } from "vitest";
import { isJson } from "../../../src/http/media-type.ts";
import { MAX_JSON_VALUES, parseJson } from "../../../src/http/json.ts";
import fromText from "../../fixtures/seeds/vidu-text.json";
import { CAR, emulator, type Gateway, type Json, startGateway } from "../../support/gateway.ts";
import { jsonOf } from "../odd.ts";
import { errorOf, SUBMISSIONS } from "../support.ts";

const GENERATIONS = "/v1/video/generations";
const UNSTORABLE = "Use well-formed Unicode without NUL characters.";
const MEBIBYTE = 1024 * 1024;

let gateway: Gateway;

beforeEach(async () => {
  await emulator.reset();
  gateway = await startGateway();
});

afterEach(() => {
  vi.restoreAllMocks();
});

async function refusal(path: string, body: string, headers: Record<string, string> = {}) {
  const response = await gateway.post(path, body, { headers });
  const text = await response.text();
  return {
    status: response.status,
    length: text.length,
    ...(errorOf(JSON.parse(text) as Json) as { message: string }),
  };
}

const DEEP = "[".repeat(33) + "]".repeat(33);

const TYPES = [
  "application/json",
  "APPLICATION/JSON; charset=utf-8",
  "application/json;charset=utf-8",
  "application/vnd.api+json",
  "application/vnd.api2+json",
  "application/json-x",
  "application/json,x",
  "application/json, text/html",
  "application/jsonx",
  "application/json x",
  "application/json ; charset=utf-8",
  "application/json;",
  "application/json; x",
  "application/+json",
  "text/json",
  "application/x-json",
  "text/plain; application/json",
];

describe("what is JSON", () => {
  it.for(SUBMISSIONS)("is so for all of the gateway, or for nothing of it: %s", async ([path, body], { expect }) => {
    const beyondLimits = [
      DEEP,
      `{"metadata":[${"1,".repeat(MAX_JSON_VALUES)}1]}`,
      jsonOf({ ...body, prompt: "a\0b" }),
      jsonOf({ ...body, prompt: "a\ud800b" }),
    ];
    for (const type of TYPES) {
      const headers = { "content-type": type };
      const plain = await gateway.post(`${path}?dry_run=1`, body, { headers });
      await plain.body?.cancel();
      expect([type, plain.status]).toEqual([type, isJson(type) ? 200 : 415]);
      for (const bad of beyondLimits) {
        const { status, message } = await refusal(path, bad, headers);
        if (isJson(type)) expect(message).toMatch(/Nest at most|Send at most 10000 values|well-formed Unicode/);
        else expect([type, status]).toEqual([type, 415]);
      }
    }
    expect(await emulator.calls()).toEqual({});
  });
});

describe("metadata given as text", () => {
  it.for<[string, string, string, string]>([
    ["nests too deep", `{"a":${DEEP}}`, "metadata", "Nest at most 32 levels."],
    ["nests as deep as it is long", "[".repeat(9 * MEBIBYTE), "metadata", "Nest at most 32 levels."],
    ["holds too much", `[${"1,".repeat(MAX_JSON_VALUES)}1]`, "metadata", "Send at most 10000 values."],
    [
      "has a name of great length",
      `{"${"n".repeat(MEBIBYTE)}":1}`,
      "metadata",
      "A field's name has at most 200 characters.",
    ],
    [
      "has names of great length together",
      JSON.stringify(Object.fromEntries(Array.from({ length: 600 }, (_, index) => [`${"n".repeat(190)}${index}`, 1]))),
      "metadata",
      "The names of all fields together have at most 100000 characters.",
    ],
    ["holds NUL", String.raw`{"negative_prompt":"a\u0000b"}`, "metadata.negative_prompt", UNSTORABLE],
    ["holds half a character", String.raw`{"a":{"b":["\ud800"]}}`, "metadata.a.b.0", UNSTORABLE],
    ["has half a character in a name", String.raw`{"\udfff":1}`, "metadata", `A field's name: ${UNSTORABLE}`],
    ["holds a number beyond all range", '{"seed":1e400}', "metadata.seed", "This number is too large."],
  ])("is refused as the body would be when it %s", async ([, metadata, place, msg], { expect }) => {
    const { status, message, length } = await refusal(GENERATIONS, JSON.stringify({ ...fromText, metadata }));
    expect([status, message]).toEqual([400, `${place}: ${msg}`]);
    expect(length).toBeLessThan(1_000);
    expect(await emulator.calls()).toEqual({});
  });
});

describe("a body", () => {
  it.for<[string, string, Json]>([
    ["an image whose data URL never begins", GENERATIONS, { ...fromText, image: `data:${";a=".repeat(3 * MEBIBYTE)}` }],
    [
      "references of that kind",
      GENERATIONS,
      { ...fromText, model: "viduq3p-mix-720p", reference_image_urls: [`data:${";a=".repeat(MEBIBYTE)}`] },
    ],
    ["a host's name of 9 MB", GENERATIONS, { ...fromText, image: `http://${"xn--a.".repeat(1.5 * MEBIBYTE)}` }],
    ["9,900 images", GENERATIONS, { ...fromText, images: Array.from({ length: 9_900 }, () => "") }],
    ["a URL of 9 KB", "/v1/videos", { prompt: "a", input_reference: `https://media.test/${"a".repeat(9_000)}` }],
    [
      "a reference with 9,000 members",
      "/v1/videos",
      {
        prompt: "a",
        input_reference: Object.fromEntries(Array.from({ length: 9_000 }, (_, index) => [`a${index}`, ""])),
      },
    ],
    ["9 MB beyond ASCII", GENERATIONS, { ...fromText, prompt: "汉".repeat(3 * MEBIBYTE) }],
    ["4 MB to be escaped", GENERATIONS, { ...fromText, prompt: '"'.repeat(4 * MEBIBYTE) }],
    [
      "4 MB to be escaped three times",
      "/tencent-vod/v1/aigc-video",
      {
        ...CAR,
        ext_info: { AdditionalParameters: { x: "\\".repeat(4 * MEBIBYTE) } },
      },
    ],
  ])("with %s is refused, shortly and as the client's fault", async ([, path, body], { expect }) => {
    const { status, length } = await refusal(path, JSON.stringify(body));
    expect(status).toBe(path.startsWith("/v1/") ? 400 : 422);
    expect(length).toBeLessThan(2_000);
    expect(await emulator.calls()).toEqual({});
  });

  it("may hold what is long and plain: a file, also with its slashes and lines escaped", async ({ expect }) => {
    const file = JSON.stringify(`${"A".repeat(63)}/\n`.repeat(80_000)).replaceAll("/", String.raw`\/`);
    const body = JSON.stringify({ ...CAR, model_name: "Next", file_infos: [{ type: "Base64", base64: "@" }] });
    const response = await gateway.post(
      "/tencent-vod/v1/aigc-video?dry_run=1",
      body.replace('"@"', () => file),
    );
    expect(response.status).toBe(200);
    await response.body?.cancel();
  });

  it("is parsed once", async ({ expect }) => {
    const parse = vi.spyOn(JSON, "parse");
    for (const [path, body] of SUBMISSIONS) {
      const text = JSON.stringify(body);
      expect((await gateway.post(`${path}?dry_run=1`, text)).status).toBe(200);
      expect([path, parse.mock.calls.filter(([parsed]) => parsed === text).length]).toEqual([path, 1]);
      parse.mockClear();
    }
  });

  it("that comes in pieces of a byte is not turned to once for each", async ({ expect }) => {
    const bytes = new TextEncoder().encode(JSON.stringify(fromText).padEnd(5_000));
    const pieces = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const byte of bytes) controller.enqueue(new Uint8Array([byte]));
        controller.close();
      },
    });
    const reads = vi.spyOn(ReadableStreamBYOBReader.prototype, "readAtLeast");
    const headers = { "content-type": "application/json" };
    const response = await gateway.request(`${GENERATIONS}?dry_run=1`, { method: "POST", body: pieces, headers });
    expect([response.status, reads.mock.calls.length]).toEqual([200, 2]);
  });
});

describe("the work of looking a JSON text through", () => {
  /** How often a search was begun in it, of whatever kind. */
  function searchesIn(text: string): number {
    const spies = [vi.spyOn(RegExp.prototype, "test"), vi.spyOn(String.prototype, "indexOf")];
    const parse = vi.spyOn(JSON, "parse").mockReturnValue(null);
    parseJson(text);
    const searches = spies.reduce((sum, spy) => sum + spy.mock.calls.length, 0);
    for (const spy of [...spies, parse]) spy.mockRestore();
    return searches;
  }

  const SIZE = 50_000;
  it.for<[string, (size: number) => string]>([
    ["brackets", (size) => "[".repeat(size)],
    ["closing brackets", (size) => "]".repeat(size)],
    ["empty lists", (size) => `[${"[],".repeat(size / 3)}1]`],
    ["commas", (size) => `[${",".repeat(size)}`],
    ["colons", (size) => `{${":".repeat(size)}`],
    ["spaces", (size) => `{${" ".repeat(size)}}`],
    ["digits", (size) => "1".repeat(size)],
    ["quotes", (size) => '"'.repeat(size)],
    ["escaped quotes", (size) => `"${String.raw`\"`.repeat(size / 2)}"`],
    ["backslashes", (size) => `"${"\\".repeat(size)}"`],
    ["backslashes and quotes by turns", (size) => `"${String.raw`\\\"`.repeat(size / 4)}`],
    ["a text without end", (size) => `"${"a".repeat(size)}`],
    ["texts", (size) => `[${'"a",'.repeat(size / 4)}1]`],
  ])("grows no faster than the text: %s", ([, text], { expect }) => {
    const [once, twice] = [searchesIn(text(SIZE)), searchesIn(text(2 * SIZE))];
    expect(once).toBeGreaterThan(0);
    expect(once).toBeLessThanOrEqual(SIZE + 10);
    expect(twice).toBeLessThanOrEqual(2 * once + 10);
  });

  it("ends at the limit, and with what cannot be JSON", ({ expect }) => {
    expect(searchesIn("[".repeat(SIZE))).toBe(33);
    expect(searchesIn("]".repeat(SIZE))).toBe(1);
    for (const mark of [",", ":"]) expect(searchesIn(`[${mark.repeat(SIZE)}`)).toBeLessThanOrEqual(MAX_JSON_VALUES + 2);
    expect(searchesIn('"'.repeat(SIZE * 2))).toBeLessThanOrEqual(4 * MAX_JSON_VALUES + 2);
  });

  it("is told from what is left of the text, whatever was looked at before", ({ expect }) => {
    expect(parseJson("[".repeat(40))).toHaveProperty("unfit");
    expect(parseJson('{"a":[1,"b:,"]}')).toMatchObject({ value: { a: [1, "b:,"] }, size: { values: 4, members: 1 } });
    expect(() => parseJson('"a')).toThrow(SyntaxError);
    expect(parseJson("[]")).toMatchObject({ size: { values: 2, members: 0 } });
  });
});
