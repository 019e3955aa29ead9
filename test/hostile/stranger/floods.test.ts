/*
 * Somebody without a key: whatever they send costs little, and their guesses at keys, SecretIds and signatures end after a
 * few from one address. As through a location of Cloudflare's, where alone it is counted.
 */
import { env } from "cloudflare:workers";
import { beforeEach, describe, it } from "vitest";
import { networkOf } from "../../../src/http/strangers.ts";
import { addKey, emulator, type Gateway, startGateway } from "../../support/gateway.ts";
import { fragileRecord, type RecordState } from "../../support/record-away.ts";
import {
  call,
  codeOf,
  PAIR,
  send,
  signedRequest,
  startTencentGateway,
  VIDEO,
} from "../../routes/support/tencent-api.ts";

const LIST = "/tencent-vod/v1/requests";
const PAUSE_MS = 30_000;

const from = (address: string) => ({ "cf-ray": "9a1b2c3d4e5f6a7b-FRA", "cf-connecting-ip": address });
const HERE = from("192.0.2.1");
const ELSEWHERE = from("192.0.2.2");

/** Lets so many pass for each key. */
function limiter(limit: number) {
  const counts = new Map<string, number>();
  const binding: RateLimit = {
    async limit({ key }) {
      counts.set(key, (counts.get(key) ?? 0) + 1);
      return { success: (counts.get(key) ?? 0) <= limit };
    },
  };
  return { counts, binding };
}

let gateway: Gateway;
let state: RecordState;
let counts: Map<string, number>;

beforeEach(async () => {
  await emulator.reset();
  const record = fragileRecord();
  const limit = limiter(3);
  ({ state } = record);
  ({ counts } = limit);
  gateway = await startTencentGateway({ DB: record.db, STRANGER_LIMITER: limit.binding });
});

const guess = async (key: string, headers: Record<string, string>) =>
  (await gateway.get(LIST, { key, headers })).status;

describe("guesses at API keys", () => {
  it("from one address end after a few, and cost no look-up then", async ({ expect }) => {
    for (let n = 0; n < 3; n++) expect(await guess(`sk-guess-${n}`, HERE)).toBe(401);
    const refused = await gateway.get(LIST, { key: "sk-guess-4", headers: HERE });
    expect(refused.status).toBe(429);
    expect(refused.headers.get("retry-after")).toBe("30");
    expect(await refused.json()).toMatchObject({ code: "too_many_requests" });
    const before = state.calls;
    for (let n = 0; n < 20; n++) expect(await guess(`sk-guess-${10 + n}`, HERE)).toBe(429);
    expect(state.calls).toBe(before);
    expect(counts.get("192.0.2.1")).toBe(4);
    expect(await guess("sk-guess", ELSEWHERE)).toBe(401);
    gateway.clock.offsetMs += PAUSE_MS;
    await guess("sk-guess", HERE);
    expect(state.calls).toBeGreaterThan(before);
  });

  it("do not keep those out whose key is known here, nor anybody elsewhere", async ({ expect }) => {
    expect(await guess("sk-test", HERE)).toBe(200);
    for (let n = 0; n < 6; n++) await guess(`sk-guess-${n}`, HERE);
    expect(await guess("sk-test", HERE)).toBe(200);
    expect(await guess("sk-test", ELSEWHERE)).toBe(200);
  });

  it("count through the proxy and at /readyz too, with the same address", async ({ expect }) => {
    const headers = { ...HERE, "x-fal-target-url": `https://queue.fal.run${LIST}` };
    expect((await gateway.get("/fal/proxy", { key: "sk-guess", headers })).status).toBe(401);
    expect((await gateway.get("/readyz", { key: "sk-guess", headers: HERE })).status).toBe(200);
    expect((await gateway.get("/readyz", { key: null, headers: HERE })).status).toBe(200);
    expect((await gateway.get("/readyz", { key: null, headers: HERE })).status).toBe(429);
    expect((await gateway.get("/readyz", { key: "sk-test", headers: ELSEWHERE })).status).toBe(200);
    expect(counts).toEqual(new Map([["192.0.2.1", 4]]));
  });

  it("are not counted without a key, with one that has too few rights, or locally", async ({ expect }) => {
    await addKey("sk-none", "acme", []);
    expect((await gateway.get(LIST, { key: null, headers: HERE })).status).toBe(401);
    expect(await guess("sk-none", HERE)).toBe(403);
    for (let n = 0; n < 6; n++) {
      expect(await guess(`sk-guess-${n}`, {})).toBe(401);
      // Whatever a client writes there itself.
      expect(await guess(`sk-guess-${n}`, { "cf-connecting-ip": "192.0.2.1" })).toBe(401);
    }
    expect(counts.size).toBe(0);
  });

  it("are stopped by nobody while the limiter is absent or broken", async ({ expect }) => {
    const broken: RateLimit = { limit: () => Promise.reject(new Error("down")) };
    for (const binding of [undefined, broken]) {
      gateway = await startGateway({ env: { STRANGER_LIMITER: binding as unknown as RateLimit } });
      for (let n = 0; n < 6; n++) expect(await guess(`sk-guess-${n}`, HERE)).toBe(401);
    }
  });

  it("are limited by the binding of wrangler.toml: 60 a minute", async ({ expect }) => {
    const calls = Array.from({ length: 121 }, () => env.STRANGER_LIMITER.limit({ key: "a" }));
    const allowed = (await Promise.all(calls)).filter(({ success }) => success).length;
    expect(allowed).toBeGreaterThanOrEqual(60);
    // Twice that when a minute ends meanwhile.
    expect(allowed).toBeLessThanOrEqual(120);
  });
});

describe("an address", () => {
  it.for([
    ["192.0.2.1", "192.0.2.1"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
    ["2001:DB8:0001:2::9", "2001:db8:1:2"],
    ["2001:db8::1", "2001:db8:0:0"],
    ["::1", "0:0:0:0"],
  ] as const)("%s is one of the network %s", ([address, network], { expect }) => {
    expect(networkOf(address)).toBe(network);
  });
});

describe("guesses at the vendor's front", () => {
  const describeTask = (pair: typeof PAIR, sent: Record<string, string>) =>
    call(gateway, "DescribeTaskDetail", { TaskId: "01a1fc4c-0000-7000-8000-000000000000" }, { pair, sent });
  const KNOWN = "InvalidParameterValue.TaskId";

  it("at SecretIds end after a few", async ({ expect }) => {
    const guessed = (n: number) => describeTask({ secretId: `AKIDguess${n}`, secretKey: "x" }, HERE);
    for (let n = 0; n < 3; n++) expect(codeOf(await guessed(n))).toBe("AuthFailure.SecretIdNotFound");
    expect(codeOf(await guessed(3))).toBe("RequestLimitExceeded");
    const before = state.calls;
    for (let n = 4; n < 10; n++) expect(codeOf(await guessed(n))).toBe("RequestLimitExceeded");
    expect(state.calls).toBe(before);
    expect(codeOf(await describeTask(PAIR, ELSEWHERE))).toBe(KNOWN);
    expect(codeOf(await describeTask(PAIR, HERE))).toBe(KNOWN);
  });

  it("at signatures end after a few, before a body is read, for this SecretId from there only", async ({ expect }) => {
    const wrong = { ...PAIR, secretKey: "guess" };
    for (let n = 0; n < 3; n++) expect(codeOf(await describeTask(wrong, HERE))).toBe("AuthFailure.SignatureFailure");
    expect(codeOf(await describeTask(wrong, HERE))).toBe("RequestLimitExceeded");
    const { path, headers, body } = await signedRequest("CreateAigcVideoTask", VIDEO, { pair: wrong, sent: HERE });
    let read = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        read += 1;
        controller.enqueue(new TextEncoder().encode(body));
      },
    });
    const response = await gateway.request(path, { method: "POST", key: null, headers, body: endless });
    expect(await response.json()).toMatchObject({ Response: { Error: { Code: "RequestLimitExceeded" } } });
    // What a stream makes ready before anybody asks.
    expect(read).toBeLessThanOrEqual(1);
    expect(codeOf(await describeTask(PAIR, ELSEWHERE))).toBe(KNOWN);
    gateway.clock.offsetMs += PAUSE_MS;
    expect(codeOf(await describeTask(PAIR, HERE))).toBe(KNOWN);
  });

  it("are refused before anything is made of the body", async ({ expect }) => {
    const deep = `${"[".repeat(40)}${"]".repeat(40)}`;
    const signed = await signedRequest("CreateAigcVideoTask", undefined, { body: deep });
    expect((await send(gateway, signed)).Error?.Message).toMatch(/Nest at most/);
    const forged = await signedRequest("CreateAigcVideoTask", undefined, {
      body: deep,
      pair: { ...PAIR, secretKey: "guess" },
    });
    expect(codeOf(await send(gateway, forged))).toBe("AuthFailure.SignatureFailure");
    const parse = JSON.parse;
    let parsed = 0;
    JSON.parse = (...input: Parameters<typeof parse>) => {
      parsed += input[0].includes("never looked at") ? 1 : 0;
      return parse(...input) as unknown;
    };
    const body = JSON.stringify({ ...VIDEO, Prompt: "never looked at" });
    try {
      const pair = { ...PAIR, secretKey: "guess" };
      expect(codeOf(await send(gateway, await signedRequest("CreateAigcVideoTask", undefined, { body, pair })))).toBe(
        "AuthFailure.SignatureFailure",
      );
      expect(parsed).toBe(0);
      await send(gateway, await signedRequest("CreateAigcVideoTask", undefined, { body }));
      expect(parsed).toBeGreaterThan(0);
    } finally {
      JSON.parse = parse;
    }
  });
});
