/* Text that cannot be kept as it is, and sizes that no field can mean: refused by name, before anything is made of it. */
import { nameHash } from "../../../src/signing/name-hash.ts";
import { runInDurableObject } from "cloudflare:test";
import * as fc from "fast-check";
import { beforeEach, describe, it } from "vitest";
import { MAX_JSON_VALUES } from "../../../src/http/json.ts";
import fromText from "../../fixtures/seeds/vidu-text.json";
import {
  CALLBACK,
  CAR,
  completionOf,
  dispatcherObject,
  emulator,
  type Gateway,
  type Json,
  startGateway,
  taskRow,
  taskStates,
} from "../../support/gateway.ts";
import { jsonOf, SEED } from "../odd.ts";
import { put } from "../support.ts";

const VIDEO = "/tencent-vod/v1/aigc-video";
const GENERATIONS = "/v1/video/generations";
const UNSTORABLE = "Use well-formed Unicode without NUL characters.";

let gateway: Gateway;

beforeEach(async () => {
  await emulator.reset();
  gateway = await startGateway();
});

type Refusal = { code: string; message: string; detail: { loc: unknown[]; msg: string }[] };

const refusalOf = async (response: Response) => ({ status: response.status, ...(await response.json<Refusal>()) });

const BAD: [name: string, text: string][] = [
  ["a lone high surrogate", "a\ud800b"],
  ["a lone low surrogate", "\udc00"],
  ["surrogates in the wrong order", "\udc00\ud800"],
  ["half an emoji at the end", "🎬".slice(0, 1)],
  ["NUL", "a\0b"],
];

describe.for(BAD)("text with %s", ([, text]) => {
  it.for<(string | number)[]>([
    ["session_id"],
    ["session_context"],
    ["prompt"],
    ["model_name"],
    ["ext_info"],
    ["ext_info", "AdditionalParameters", "style"],
    ["output_config", "media_name"],
    ["file_infos", 0, "url"],
    ["a_field_of_next_month"],
  ])("is refused by its name: %j", async (place, { expect }) => {
    const refused = await refusalOf(await gateway.post(VIDEO, jsonOf(put(CAR, place, text))));
    expect([refused.status, refused.code, refused.detail]).toEqual([
      422,
      "validation_error",
      [{ loc: ["body", ...place], msg: UNSTORABLE, type: "value_error" }],
    ]);
    expect(await emulator.calls()).toEqual({});
  });

  it("is refused in the other dialect and as a name", async ({ expect }) => {
    const generation = await gateway.post(GENERATIONS, jsonOf({ ...fromText, prompt: text }));
    expect(generation.status).toBe(400);
    expect(await generation.json()).toMatchObject({ code: "validation_error", error: { param: "prompt" } });
    const named = await refusalOf(await gateway.post(VIDEO, jsonOf({ ...CAR, ext_info: { [text]: 1 } })));
    expect(named.detail[0]?.loc).toEqual(["body", "ext_info"]);
    expect(await emulator.calls()).toEqual({});
  });
});

const bytesOf = (before: string, bytes: number[], after: string) => {
  const encoder = new TextEncoder();
  return new Uint8Array([...encoder.encode(before), ...bytes, ...encoder.encode(after)]);
};

describe("bytes that are not UTF-8", () => {
  it.for([VIDEO, "/tencent-vod/v1/aigc-image", GENERATIONS])("are no JSON: %s", async (path, { expect }) => {
    for (const bytes of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe4, 0xbd]]) {
      const text = JSON.stringify({ ...CAR, ...fromText, session_id: "@" });
      const [before = "", after = ""] = text.split("@");
      const body = bytesOf(before, bytes, after);
      const response = await gateway.request(path, {
        method: "POST",
        body,
        headers: { "content-type": "application/json" },
      });
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({
        code: "malformed_json",
        message: "The request body is not UTF-8.",
      });
    }
    expect(await emulator.calls()).toEqual({});
  });

  it("are no Idempotency-Key: two of them would be one", async ({ expect }) => {
    // What the platform hands over in place of such bytes.
    const headers = { "idempotency-key": "key-\uFFFD" };
    const refused = await refusalOf(await gateway.post(VIDEO, CAR, { headers }));
    expect([refused.status, refused.detail[0]?.loc]).toEqual([422, ["header", "Idempotency-Key"]]);
    expect(await emulator.calls()).toEqual({});
  });

  it("a byte order mark before good JSON does no harm", async ({ expect }) => {
    expect((await gateway.post(VIDEO, `\uFEFF${JSON.stringify(CAR)}`)).status).toBe(200);
  });
});

/** 1 to 25 characters of any kind that the gateway takes. */
const sessionId = fc
  .string({ unit: "binary", minLength: 1, maxLength: 25 })
  .filter((text) => text.isWellFormed() && !text.includes("\0"));

describe("two different session_ids", () => {
  const claims = async (text: string) => (await gateway.post(VIDEO, { ...CAR, session_id: text })).status;

  it.for<[string, string]>([
    ["a", "A"],
    ["a", "a "],
    ["a", " a"],
    ["\u00e9", "e\u0301"],
    ["\u200b", "\u200b\u200b"],
    ["\u212b", "\u00c5"],
    ["1", "1.0"],
    ["null", "undefined"],
    ['a","b', 'a\\",\\"b'],
    ["%", "_"],
    ["\uFFFD", "?"],
    ["ß", "ss"],
    ["\u0001", "\u0002"],
  ])("never meet: %j and %j", async ([one, other], { expect }) => {
    expect(await claims(one)).toBe(200);
    expect(await claims(other)).toBe(200);
    await gateway.settleDeferred();
    expect(await claims(one)).toBe(409);
    expect(await claims(other)).toBe(409);
  });

  it("of any characters never meet, in the object or in KV", { timeout: 30_000 }, async () => {
    const used = new Map<string, string>();
    await fc.assert(
      fc.asyncProperty(sessionId, async (text) => {
        const response = await gateway.post(VIDEO, { ...CAR, session_id: text });
        const { request_id: id } = await response.json<{ request_id: string }>();
        const first = used.get(text);
        if (response.status !== (first === undefined ? 200 : 409)) throw new Error(`${response.status}`);
        if (first !== undefined && first !== id) throw new Error("A duplicate names another task.");
        used.set(text, id);
        await gateway.settleDeferred();
        const { dedupe } = gateway.services.store;
        if ((await dedupe.find(await nameHash("acme", text), Date.now())) !== id)
          throw new Error("KV names another task.");
        if ((await dedupe.find(await nameHash(`acme","${text}`, ""), Date.now())) !== undefined)
          throw new Error("Owners meet in KV.");
      }),
      { seed: SEED, numRuns: 100 },
    );
    const kept = await runInDurableObject(dispatcherObject(), (_object, { storage }) =>
      storage.sql
        .exec<{ id: string; session_id: string }>("SELECT id, session_id FROM tasks WHERE holds_session = 1")
        .toArray(),
    );
    for (const row of kept) {
      if (used.get(row.session_id) !== row.id) throw new Error(`${JSON.stringify(row.session_id)} came back changed.`);
    }
    if (kept.length !== used.size) throw new Error("A claim is missing.");
  });
});

describe("numbers", () => {
  it.for<[name: string, body: unknown, loc: unknown[]]>([
    ["beyond a double's range", put(CAR, ["seed"], "@1e400@"), ["body", "seed"]],
    ["beyond it, in a field nobody knows", put(CAR, ["next", "month"], ["@1e400@"]), ["body", "next", "month", 0]],
    [
      "of 400 digits as text",
      put(CAR, ["output_config", "duration"], "9".repeat(400)),
      ["body", "output_config", "duration"],
    ],
    ["of 400 digits as a whole number's text", put(CAR, ["seed"], "9".repeat(400)), ["body", "seed"]],
    ["in a list as a deadline", put(CAR, ["start_timeout"], [[5]]), ["body", "start_timeout"]],
    ["true as a deadline", put(CAR, ["start_timeout"], true), ["body", "start_timeout"]],
    ["beyond three days as a deadline", put(CAR, ["start_timeout"], 259_201), ["body", "start_timeout"]],
  ])("%s", async ([, body, loc], { expect }) => {
    const refused = await refusalOf(await gateway.post(VIDEO, jsonOf(body)));
    expect([refused.status, refused.detail.map((problem) => problem.loc)]).toEqual([422, [loc]]);
    expect(await emulator.calls()).toEqual({});
  });

  it.for<[name: string, body: Json, headers: Record<string, string>]>([
    ["the body", { start_timeout: 1.0001 }, {}],
    ["the body, as text", { start_timeout: "1.0001" }, {}],
    ["fal's header", {}, { "x-fal-request-timeout": "1.0001" }],
  ])("a deadline with a fraction, in %s, is the next whole second", async ([, extra, headers], { expect }) => {
    const response = await gateway.post(VIDEO, { ...CAR, ...extra }, { headers });
    expect(response.status).toBe(200);
    const row = await taskRow((await response.json<{ request_id: string }>()).request_id);
    expect(Number(row?.["start_by"]) - Number(row?.["created_at"])).toBe(2_000);
  });
});

describe("names", () => {
  it("that would become a known member by another spelling are refused", async ({ expect }) => {
    const refused = await refusalOf(await gateway.post(VIDEO, { ...CAR, output_config: { enable_b_g_m: 5 } }));
    expect(refused.detail).toEqual([
      { loc: ["body", "output_config", "enable_b_g_m"], msg: "Write enable_bgm.", type: "value_error" },
    ]);
    expect(await emulator.calls()).toEqual({});
  });

  it.for(["__proto__", "constructor", "prototype", "hasOwnProperty", "toString"])(
    "of JavaScript's own do nothing here: %s",
    async (name, { expect }) => {
      const member = `"${name}":{"polluted":true,"isAdmin":true}`;
      for (const path of [VIDEO, GENERATIONS]) {
        const good = JSON.stringify(path === VIDEO ? CAR : fromText).slice(0, -1);
        const response = await gateway.post(path, `${good},${member},"ext_info":{${member}}}`);
        expect(response.status).toBeLessThan(500);
      }
      expect({}).not.toHaveProperty("polluted");
      expect(Object.keys(Object.prototype)).toEqual([]);
    },
  );

  it("longer than 200 characters are refused, and not repeated", async ({ expect }) => {
    const response = await gateway.post(VIDEO, { ...CAR, ext_info: { ["n".repeat(1_000_000)]: 1 } });
    const text = await response.text();
    expect([response.status, text.length < 1_000]).toEqual([422, true]);
  });

  it("that come twice: the last one counts, for us and for the vendor", async ({ expect }) => {
    const body = `{"session_id":"one",${JSON.stringify(CAR).slice(1, -1)},"session_id":"two"}`;
    expect((await gateway.post(VIDEO, body)).status).toBe(200);
    expect((await gateway.post(VIDEO, { ...CAR, session_id: "one" })).status).toBe(200);
    expect((await gateway.post(VIDEO, { ...CAR, session_id: "two" })).status).toBe(409);
  });
});

describe("sizes", () => {
  const many = (count: number) => Array.from({ length: count }, () => 5);

  it.for<[string, string, Json, unknown[]]>([
    ["a list of 300,000", VIDEO, { file_infos: many(300_000) }, ["body"]],
    ["a list of 300,000 in the other dialect", GENERATIONS, { reference_image_urls: many(300_000) }, ["body"]],
    ["a session_context of 9 MB", VIDEO, { session_context: "c".repeat(9_000_000) }, ["body", "session_context"]],
    ["a model name that would not fit its row", VIDEO, { model_name: "m".repeat(3_000_000) }, ["body", "model_name"]],
    ["a model version beyond 64 characters", VIDEO, { model_version: "v".repeat(65) }, ["body", "model_version"]],
  ])("%s", async ([, path, extra, loc], { expect }) => {
    const response = await gateway.post(path, { ...(path === VIDEO ? CAR : fromText), ...extra });
    const text = await response.text();
    expect(text.length).toBeLessThan(1_000);
    const body = JSON.parse(text) as Refusal & { error: { param: string | null } };
    expect([response.status, body.code]).toEqual([path === VIDEO ? 422 : 400, "validation_error"]);
    if (path === VIDEO) expect(body.detail.map((problem) => problem.loc)).toEqual([loc]);
    else expect(body.error.param).toBeNull();
    expect(await emulator.calls()).toEqual({});
  });

  it("a hundred problems are shown, and the others counted", async ({ expect }) => {
    const members = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`Name${index}`, 1]));
    const refused = await refusalOf(await gateway.post(VIDEO, { ...CAR, ...members }));
    expect([refused.status, refused.detail.length]).toEqual([422, 100]);
    expect(refused.message).toBe("Name0: Write field names in snake_case. (and 4999 more)");
  });

  it("just below the limit, and punctuation within texts, is taken", async ({ expect }) => {
    const urls = Array.from({ length: MAX_JSON_VALUES / 2 - 100 }, (_, index) => `https://media.test/${index}.png`);
    // A model that nobody knows: there is no number of files that it takes.
    const body = {
      ...CAR,
      model_name: "Next",
      prompt: `${'[{,\\",'.repeat(20_000)}\\`,
      file_infos: urls.map((url) => ({ url })),
    };
    expect((await gateway.post(VIDEO, body)).status).toBe(200);
    const tooMany = { ...CAR, file_infos: [...urls, ...urls].map((url) => ({ url })) };
    expect((await gateway.post(VIDEO, tooMany)).status).toBe(422);
  });

  it("an event larger than a megabyte is cut off", async ({ expect }) => {
    const event = { EventType: "Other", x: "y".repeat(2 * 1024 * 1024) };
    expect((await gateway.post(CALLBACK, event, { key: null })).status).toBe(413);
  });
});

describe("a genuine signature on an odd event", () => {
  it("keeps the event and touches nothing else", async ({ expect }) => {
    await gateway.post(VIDEO, CAR);
    const [task] = await emulator.tasks();
    if (!task) throw new Error("The vendor has no task.");
    const event = await completionOf(task, { event: { EventType: "a\0b\ud800" } });
    expect((await gateway.post(CALLBACK, event, { key: null })).status).toBe(200);
    expect(await taskStates()).toEqual({ running: 1 });
  });
});
