/* ?dry_run=1: what would be sent, in every dialect; nothing stored, nobody called. */
import { kvOfTest } from "../support/kv-of-test.ts";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, it } from "vitest";
import { SEED_REQUESTS, TENCENT_SEED } from "../fixtures/seeds/vendor-requests.ts";
import { CAR, emulator, type Gateway, type Json, taskStates } from "../support/gateway.ts";
import { call, startTencentGateway } from "./support/tencent-api.ts";

const VIDEO = "/tencent-vod/v1/aigc-video";
const GENERATIONS = "/v1/video/generations";
const KLING = { model: "kling-2.5", prompt: "a car" };

let gateway: Gateway;

beforeEach(async () => {
  await emulator.reset();
  gateway = await startTencentGateway();
});

// Of every test here.
afterEach(async ({ expect }) => {
  await gateway.settleDeferred();
  expect(await taskStates()).toEqual({});
  expect((await kvOfTest().list()).keys).toEqual([]);
  expect((await env.BLOBS.list()).objects).toEqual([]);
  expect(await emulator.calls()).toEqual({});
});

const QUEUE = { waiting: 0, concurrency: 1000, estimated_wait_seconds: 0 };

const post = async (path: string, body: unknown, headers: Record<string, string> = {}) => {
  const response = await gateway.post(path, body, { headers });
  return { status: response.status, headers: response.headers, body: await response.json<Json>() };
};

describe("a seed's example, as it stands", () => {
  it.for(SEED_REQUESTS)("$name", async ({ path, body, action, request }, { expect }) => {
    const answer = await post(`${path}?dry_run=1`, body);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      dry_run: true,
      action,
      request,
      set_when_sent: ["SessionId", "SessionContext"],
      warnings: expect.any(Array) as unknown[],
      queue: QUEUE,
    });
    expect(answer.headers.get("x-fal-request-id")).toBeNull();
  });

  it(TENCENT_SEED.name, async ({ expect }) => {
    const { action, body, request } = TENCENT_SEED;
    const { RequestId: _, ...answer } = await call(gateway, action, body, { query: "dry_run=1" });
    expect(answer).toEqual({
      dry_run: true,
      action,
      request,
      set_when_sent: ["SessionId", "SessionContext"],
      warnings: expect.any(Array) as unknown[],
      queue: QUEUE,
    });
  });
});

describe("a dry run", () => {
  it.for([
    [VIDEO, { model_name: "Kling", model_version: "2.5", prompt: "a car" }],
    ["/tencent-vod/v1/aigc-image", { model_name: "GG", model_version: "3.0", prompt: "a car" }],
    [GENERATIONS, KLING],
    ["/v1/videos", KLING],
  ] as const)("of %s leaves its keys and names free", async ([path, body], { expect }) => {
    const headers = { "idempotency-key": "used by no task" };
    for (const word of ["1", "true", "1"]) {
      const answer = await post(`${path}?dry_run=${word}`, body, headers);
      expect([answer.status, answer.body["dry_run"]]).toEqual([200, true]);
      expect(answer.headers.get("idempotent-replayed")).toBeNull();
    }
  });

  it("has the catalogue's warnings with the client's names", async ({ expect }) => {
    const { body } = await post(`${GENERATIONS}?dry_run=1`, { ...KLING, seconds: 8 });
    expect(body["warnings"]).toMatchObject([{ loc: ["body", "seconds"], type: "doubtful", ctx: { nearest: 10 } }]);
  });

  it.for<[string, string, unknown, number, string]>([
    ["nothing", VIDEO, {}, 422, "validation_error"],
    ["nothing", GENERATIONS, {}, 400, "validation_error"],
    ["nothing", "/v1/videos", {}, 400, "missing_required_parameter"],
    ["no JSON", VIDEO, "{", 400, "malformed_json"],
    ["no JSON", GENERATIONS, "{", 400, "malformed_json"],
    ["what no model can do", GENERATIONS, { ...KLING, duration: 0 }, 400, "validation_error"],
    ["what no model can do", "/v1/videos", { ...KLING, seconds: 0 }, 400, "validation_error"],
    ["what no model can do", VIDEO, { ...CAR, file_infos: { base64: "data:,a" } }, 422, "validation_error"],
  ])("of %s is refused like the request itself: %s", async ([, path, body, status, code], { expect }) => {
    const [dry, real] = [await post(`${path}?dry_run=1`, body), await post(path, body)];
    expect([dry.status, real.status]).toEqual([status, status]);
    expect(dry.body).toEqual(real.body);
    expect(JSON.stringify(dry.body)).toContain(`"${code}"`);
  });

  it("of the vendor's API is refused like the request itself", async ({ expect }) => {
    const wrong = { ModelName: "Kling", ModelVersion: "2.5", Prompt: "x", FileInfos: [{ Base64: "data:,a" }] };
    const dry = await call(gateway, "CreateAigcVideoTask", wrong, { query: "dry_run=1" });
    const real = await call(gateway, "CreateAigcVideoTask", wrong);
    expect(dry.Error?.Code).toMatch(/^InvalidParameter/);
    expect(dry.Error).toEqual(real.Error);
  });

  it("needs a key, and a word that says whether it is one", async ({ expect }) => {
    const stranger = await gateway.post(`${GENERATIONS}?dry_run=1`, KLING, { key: null });
    expect(stranger.status).toBe(401);
    const maybe = await post(`${GENERATIONS}?dry_run=maybe`, KLING);
    expect([maybe.status, maybe.body["message"]]).toEqual([400, "dry_run: Use 1 or 0."]);
  });
});
