/* Forms built to keep the gateway busy, or to smuggle in what JSON may not hold. */
import { afterEach, beforeEach, describe, it, vi } from "vitest";
import { MAX_FORM_FIELDS, MAX_PART_HEAD_BYTES } from "../../../src/http/form.ts";
import { addKey, emulator, type Gateway, type Json, startGateway } from "../../support/gateway.ts";

const VIDEOS = "/v1/videos";
const URLENCODED = "application/x-www-form-urlencoded";
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

type Refusal = { error: { message: string; param: string | null; code: string } };

async function post(body: BodyInit, type: string) {
  const response = await gateway.request(`${VIDEOS}?dry_run=1`, {
    method: "POST",
    body,
    headers: { "content-type": type },
  });
  return { status: response.status, body: await response.json<Json & Partial<Refusal>>() };
}

/** How often the runtime has been asked to make a form of something. */
function countParsing(): () => number {
  const multipart = vi.spyOn(Response.prototype, "formData");
  const request = vi.spyOn(Request.prototype, "formData");
  const urlencoded = vi.spyOn(globalThis as unknown as { URLSearchParams: typeof URLSearchParams }, "URLSearchParams");
  return () => [multipart, request, urlencoded].reduce((sum, { mock }) => sum + mock.calls.length, 0);
}

const fields = (count: number, name: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => [name(index), ""] as const);

const urlencoded = (pairs: readonly (readonly [string, string])[]) =>
  pairs.map((pair) => pair.map(encodeURIComponent).join("=")).join("&");

const part = (name: string, value: string, more = "") =>
  `--b\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n${value}\r\n`;
const MULTIPART = "multipart/form-data; boundary=b";
const multipart = (pairs: readonly (readonly [string, string])[]) =>
  `${pairs.map(([name, value]) => part(name, value)).join("")}--b--\r\n`;

const KINDS = [
  ["urlencoded", URLENCODED, urlencoded],
  ["multipart", MULTIPART, multipart],
] as const;

describe.for(KINDS)("a form, %s", ([, type, write]) => {
  const prompt = ["prompt", "a car"] as const;

  it.for([
    ["members of one field", (index: number) => `metadata[k${index}]`],
    ["one field again and again", () => "a"],
    ["fields of all names", (index: number) => `f${index}`],
    ["fields without a name", () => ""],
  ] as const)("of 6,500 %s is refused before anything is made of it", async ([, name], { expect }) => {
    const parsed = countParsing();
    const { status, body } = await post(write([prompt, ...fields(6_500, name)]), type);
    expect([status, body.error?.message]).toEqual([400, `body: Send at most ${MAX_FORM_FIELDS} fields.`]);
    expect(parsed()).toBe(0);
  });

  it("has up to 100 fields, and is made of once", async ({ expect }) => {
    const all = [prompt, ...fields(MAX_FORM_FIELDS - 1, (index) => `metadata[k${index}]`)];
    const parsed = countParsing();
    expect((await post(write(all), type)).status).toBe(200);
    expect(parsed()).toBe(1);
    expect((await post(write([...all, ["n", "1"]]), type)).status).toBe(400);
  });

  it("has each field once, also as a member", async ({ expect }) => {
    for (const twice of ["prompt", "metadata[k]"]) {
      const { status, body } = await post(write([prompt, [twice, "a"], [twice, "b"]]), type);
      expect([status, body.error?.message]).toEqual([400, `${twice}: Send this field once.`]);
    }
    for (const mixed of [
      ["metadata", "metadata[k]"],
      ["metadata[k]", "metadata"],
    ] as const) {
      const { status } = await post(write([prompt, ...mixed.map((name) => [name, "a"] as const)]), type);
      expect(status).toBe(400);
    }
  });

  it("may name what JavaScript knows, and changes nothing by it", async ({ expect }) => {
    for (const name of ["__proto__", "constructor", "__proto__[polluted]", "metadata[__proto__]", "toString[x]"])
      expect((await post(write([prompt, [name, "polluted"]]), type)).status).toBeLessThan(500);
    expect({}).not.toHaveProperty("polluted");
  });

  it("holds no more special characters than JSON", async ({ expect }) => {
    for (const text of ["汉", "\u0001", "\\", '"'].map((character) => character.repeat(500_001))) {
      const { status, body } = await post(write([["prompt", text]]), type);
      expect([status, body.error?.message]).toEqual([400, expect.stringMatching(/^body: Send at most 500000 char/)]);
    }
  });

  it("holds no name that is longer than JSON's", async ({ expect }) => {
    const { status, body } = await post(write([prompt, ["n".repeat(MEBIBYTE / 512), "1"]]), type);
    expect([status, body.error?.param]).toEqual([400, "n".repeat(200)]);
  });
});

describe("text in a form", () => {
  const inMultipart = (bytes: number[]) =>
    new Blob(['--b\r\nContent-Disposition: form-data; name="prompt"\r\n\r\n', new Uint8Array(bytes), "\r\n--b--\r\n"]);

  it.for([
    ["NUL", [0x61, 0x00]],
    ["bytes that are not UTF-8", [0x61, 0xff]],
    ["an overlong NUL", [0xc0, 0x80]],
    ["a lone surrogate's bytes", [0xed, 0xa0, 0x80]],
    ["half a character", [0xe4, 0xbd]],
  ] as const)("with %s is refused by its field", async ([, bytes], { expect }) => {
    const escaped = bytes.map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
    const bodies: [BodyInit, string][] = [
      [`prompt=${escaped}`, URLENCODED],
      [inMultipart([...bytes]), MULTIPART],
    ];
    for (const [body, type] of bodies) {
      const answer = await post(body, type);
      expect([answer.status, answer.body.error?.message]).toEqual([400, `prompt: ${UNSTORABLE}`]);
    }
    const named = await post(`prompt=a&${escaped}=1`, URLENCODED);
    expect([named.status, named.body.error?.param]).toEqual([400, null]);
    expect(await emulator.calls()).toEqual({});
  });

  it("that comes as raw bytes is UTF-8, or no form", async ({ expect }) => {
    const { status, body } = await post(new Uint8Array([...new TextEncoder().encode("prompt=a"), 0xff]), URLENCODED);
    expect([status, body.error?.code]).toEqual([400, "bad_request"]);
    expect((await post(new TextEncoder().encode("prompt=汉"), URLENCODED)).status).toBe(200);
  });

  it("with stray percent signs is taken as it stands", async ({ expect }) => {
    const { status, body } = await post("prompt=100%+sure", URLENCODED);
    expect([status, (body["request"] as Json)["Prompt"]]).toEqual([200, "100% sure"]);
  });
});

describe("a part", () => {
  const head = (lines: string) => `--b\r\n${lines}\r\n\r\na car\r\n--b--\r\n`;
  const NAMED = 'Content-Disposition: form-data; name="prompt"';

  it.for<[string, string]>([
    ["a long header", head(`X-A: ${"a".repeat(9 * MEBIBYTE)}\r\n${NAMED}`)],
    ["many headers", head(`${"X: a\r\n".repeat(MEBIBYTE)}${NAMED}`)],
    ["many parameters", head(`${NAMED}${"; a=b".repeat(MEBIBYTE)}`)],
    ["no end of its head", `--b\r\n${"\r".repeat(9 * MEBIBYTE)}`],
  ])("with %s is refused before anything is made of it", async ([, body], { expect }) => {
    const parsed = countParsing();
    const answer = await post(body, MULTIPART);
    expect([answer.status, answer.body.error?.code, parsed()]).toEqual([400, "bad_request", 0]);
  });

  it("has a head of up to 4,096 bytes, whatever ends its lines", async ({ expect }) => {
    const most = MAX_PART_HEAD_BYTES - `\r\nX: \r\n${NAMED}\r\n\r\n`.length;
    for (const [length, status] of [
      [most, 200],
      [most + 1, 400],
    ] as const)
      expect((await post(head(`X: ${"a".repeat(length)}\r\n${NAMED}`), MULTIPART)).status).toBe(status);
    expect((await post(head(NAMED).replaceAll("\r", ""), MULTIPART)).status).toBe(200);
  });

  it("begins where the boundary says that was looked for, however many there are", async ({ expect }) => {
    const body = multipart([["prompt", "a car"]]);
    for (const [type, status] of [
      ['multipart/form-data; boundary="b"', 200],
      ["multipart/form-data;boundary=b", 200],
      ["Multipart/Form-Data; charset=utf-8; Boundary=b", 200],
      ["multipart/form-data; boundary=b; boundary=c", 200],
      ["multipart/form-data; boundary=c; boundary=b", 400],
      ["multipart/form-data; boundary=", 400],
      [`multipart/form-data; boundary=${"b".repeat(71)}`, 400],
      ['multipart/form-data; boundary="b\\""', 400],
    ] as const)
      expect([type, (await post(body, type)).status]).toEqual([type, status]);
    // Before the first one there is nothing: a head there would be one that nobody has looked at.
    expect((await post(`x${body}`, MULTIPART)).status).toBe(400);
    expect((await post(`\r\n${body}`, MULTIPART)).status).toBe(400);
  });

  it("is not what stands behind the end", async ({ expect }) => {
    const parts = Array.from({ length: 200 }, () => part("prompt", "a bus")).join("");
    const { status, body } = await post(`${multipart([["prompt", "a car"]])}${parts}`, MULTIPART);
    expect([status, (body["request"] as Json)["Prompt"]]).toEqual([200, "a car"]);
  });
});

describe("a form of its own kind", () => {
  it("costs a stranger, and a key that may not, nothing of ours", async ({ expect }) => {
    await addKey("sk-reader", "acme", ["read"]);
    const parsed = countParsing();
    for (const [key, status] of [
      [null, 401],
      ["sk-nobody", 401],
      ["sk-reader", 403],
    ] as const) {
      const init = { method: "POST", key, body: "prompt=a", headers: { "content-type": URLENCODED } };
      const response = await gateway.request(VIDEOS, init);
      await response.body?.cancel();
      expect(response.status).toBe(status);
    }
    expect(parsed()).toBe(0);
  });
});
