import { env } from "cloudflare:workers";
import { beforeEach, describe, it } from "vitest";
import { addKey, CAR, emulator, type Gateway, type Json, startGateway } from "../support/gateway.ts";

const VIDEO = "/tencent-vod/v1/aigc-video";
const IMAGE = "/tencent-vod/v1/aigc-image";
const THREE_DAYS_MS = 3 * 24 * 60 * 60 * 1000;

let gateway: Gateway;

beforeEach(async () => {
  await emulator.reset();
  gateway = await startGateway();
});

async function bodyOf(response: Response): Promise<Json> {
  return response.json();
}

/** Posts the same thing `count` times at once. */
function volley(count: number, body: Json, headers: Record<string, string> = {}): Promise<Response[]> {
  return Promise.all(Array.from({ length: count }, () => gateway.post(VIDEO, body, { headers })));
}

describe("session_id", () => {
  it("makes one vendor task of fifty simultaneous posts and names the first to the others", async ({ expect }) => {
    const answers = await volley(50, { ...CAR, session_id: "one" });
    const accepted = answers.filter((answer) => answer.status === 200);
    const refused = answers.filter((answer) => answer.status === 409);
    expect([accepted.length, refused.length]).toEqual([1, 49]);
    const { request_id: id, ...first } = await bodyOf(accepted[0] as Response);
    for (const answer of refused) {
      expect(answer.headers.get("x-should-retry")).toBe("false");
      expect(await bodyOf(answer)).toMatchObject({
        code: "duplicate_session_id",
        request_id: id,
        status_url: first.status_url,
        response_url: first.response_url,
        cancel_url: first.cancel_url,
      });
    }
    expect(await emulator.tasks()).toHaveLength(1);
  });

  it("belongs to its owner: another owner's equal session_id is another task", async ({ expect }) => {
    await addKey("sk-other", "other", ["submit"]);
    const mine = await gateway.post(VIDEO, { ...CAR, session_id: "same" });
    const theirs = await gateway.post(VIDEO, { ...CAR, session_id: "same" }, { key: "sk-other" });
    expect([mine.status, theirs.status]).toEqual([200, 200]);
    expect(await emulator.tasks()).toHaveLength(2);
  });

  it("counts over both media and over two keys of one owner", async ({ expect }) => {
    await addKey("sk-second", "acme", ["submit"]);
    await gateway.post(VIDEO, { ...CAR, session_id: "both" });
    const image = await gateway.post(IMAGE, { ...CAR, session_id: "both" }, { key: "sk-second" });
    expect(image.status).toBe(409);
  });

  it("dedupes nothing when absent or empty", async ({ expect }) => {
    for (const body of [CAR, CAR, { ...CAR, session_id: "" }, { ...CAR, session_id: "" }]) {
      expect((await gateway.post(VIDEO, body)).status).toBe(200);
    }
    expect(await emulator.tasks()).toHaveLength(4);
  });

  it("is free again after three days, not before", async ({ expect }) => {
    await gateway.post(VIDEO, { ...CAR, session_id: "window" });
    await gateway.settleDeferred();
    gateway.clock.offsetMs = THREE_DAYS_MS - 60_000;
    expect((await gateway.post(VIDEO, { ...CAR, session_id: "window" })).status).toBe(409);
    gateway.clock.offsetMs = THREE_DAYS_MS + 1_000;
    const later = await startGateway({
      deps: { now: () => Date.now() + THREE_DAYS_MS + 1_000, fetch: acceptAnything },
    });
    expect((await later.post(VIDEO, { ...CAR, session_id: "window" })).status).toBe(200);
  });

  it("is given back when the vendor refuses the task, kept when it accepted it", async ({ expect }) => {
    await emulator.fault({ action: "CreateAigcVideoTask", kind: "error", code: "InvalidParameterValue.FileId" });
    const refused = await gateway.post(VIDEO, { ...CAR, session_id: "back" });
    expect(refused.status).toBe(422);
    expect((await gateway.post(VIDEO, { ...CAR, session_id: "back" })).status).toBe(200);
    expect((await gateway.post(VIDEO, { ...CAR, session_id: "back" })).status).toBe(409);
    expect(await emulator.tasks()).toHaveLength(1);
  });

  it("is refused from KV alone, without a statement on the claims", async ({ expect }) => {
    const first = await bodyOf(await gateway.post(VIDEO, { ...CAR, session_id: "fast" }));
    await gateway.settleDeferred();
    await env.DB.exec("DELETE FROM session_claims");
    const again = await gateway.post(VIDEO, { ...CAR, session_id: "fast" });
    expect(again.status).toBe(409);
    expect(await bodyOf(again)).toMatchObject({ request_id: first.request_id });
  });

  it("is refused by D1 when KV is down, and exactly once at that", async ({ expect }) => {
    const down = () => Promise.reject(new Error("KV is down"));
    gateway = await startGateway({ env: { DEDUPE: { get: down, put: down } as unknown as KVNamespace } });
    const answers = await volley(20, { ...CAR, session_id: "dark" });
    expect(answers.map((answer) => answer.status).toSorted((a, b) => a - b)).toEqual([200, ...Array(19).fill(409)]);
    expect(await emulator.tasks()).toHaveLength(1);
  });

  it("survives in D1 when KV forgets", async ({ expect }) => {
    await gateway.post(VIDEO, { ...CAR, session_id: "forgotten" });
    await gateway.settleDeferred();
    for (const { name } of (await env.DEDUPE.list()).keys) await env.DEDUPE.delete(name);
    expect((await gateway.post(VIDEO, { ...CAR, session_id: "forgotten" })).status).toBe(409);
  });
});

describe("Idempotency-Key", () => {
  it("gives fifty simultaneous posts one vendor task and fifty equal answers", async ({ expect }) => {
    const answers = await volley(50, CAR, { "idempotency-key": "k1" });
    const bodies = await Promise.all(answers.map(bodyOf));
    expect(answers.map((answer) => answer.status)).toEqual(Array(50).fill(200));
    expect(new Set(bodies.map((body) => JSON.stringify(body))).size).toBe(1);
    expect(answers.filter((answer) => answer.headers.get("idempotent-replayed") === "true")).toHaveLength(49);
    expect(await emulator.tasks()).toHaveLength(1);
  });

  it("makes a repetition wait for the first, slow answer", async ({ expect }) => {
    await emulator.fault({ action: "CreateAigcVideoTask", kind: "slow", delay_ms: 600 });
    const [first, second] = await volley(2, CAR, { "idempotency-key": "slow" });
    expect(await bodyOf(first as Response)).toEqual(await bodyOf(second as Response));
    expect(await emulator.tasks()).toHaveLength(1);
  });

  it("goes before session_id: the repetition is answered, not refused", async ({ expect }) => {
    const body = { ...CAR, session_id: "with-key" };
    const first = await gateway.post(VIDEO, body, { headers: { "idempotency-key": "k2" } });
    await gateway.settleDeferred();
    const again = await gateway.post(VIDEO, body, { headers: { "idempotency-key": "k2" } });
    expect(again.status).toBe(200);
    expect(await bodyOf(again)).toEqual(await bodyOf(first));
  });

  it("is not spent on a request that its session_id refused", async ({ expect }) => {
    await gateway.post(VIDEO, { ...CAR, session_id: "taken" });
    const headers = { "idempotency-key": "k3" };
    expect((await gateway.post(VIDEO, { ...CAR, session_id: "taken" }, { headers })).status).toBe(409);
    expect((await gateway.post(VIDEO, { ...CAR, session_id: "free" }, { headers })).status).toBe(200);
  });

  it("takes the same request however it is written", async ({ expect }) => {
    const headers = { "idempotency-key": "k4" };
    await gateway.post(VIDEO, { ...CAR, output_config: { duration: 8, resolution: "720P" } }, { headers });
    const spelled = `{ "prompt": "${CAR.prompt}", "output_config": {"resolution":"720P","duration":"8.0"},
      "model_version":"1.6", "model_name":"Kling" }`;
    const again = await gateway.post(VIDEO, spelled, { headers: { "idempotency-key": '"k4"' } });
    expect([again.status, again.headers.get("idempotent-replayed")]).toEqual([200, "true"]);
  });

  it("refuses another request under the same key, also in another dialect", async ({ expect }) => {
    const headers = { "idempotency-key": "k5" };
    await gateway.post(VIDEO, CAR, { headers });
    const other = await gateway.post(VIDEO, { ...CAR, prompt: "another" }, { headers });
    expect([other.status, (await bodyOf(other)).code]).toEqual([422, "idempotency_key_reused"]);
    const dialect = await gateway.post("/v1/video/generations", { model: "viduq3p-720p", prompt: "x" }, { headers });
    expect(dialect.status).toBe(422);
    expect(await emulator.tasks()).toHaveLength(1);
  });

  it("repeats a refusal that a repetition cannot change, and frees the key after one that is not the client's", async ({
    expect,
  }) => {
    await emulator.fault({ action: "CreateAigcVideoTask", kind: "error", code: "InvalidParameterValue.FileId" });
    const final = await gateway.post(VIDEO, CAR, { headers: { "idempotency-key": "final" } });
    const repeated = await gateway.post(VIDEO, CAR, { headers: { "idempotency-key": "final" } });
    expect([final.status, repeated.status]).toEqual([422, 422]);
    expect(await bodyOf(repeated)).toEqual(await bodyOf(final));
    expect(repeated.headers.get("idempotent-replayed")).toBe("true");

    await emulator.fault({ action: "CreateAigcVideoTask", kind: "error", code: "UnauthorizedOperation" });
    const ours = await gateway.post(VIDEO, CAR, { headers: { "idempotency-key": "ours" } });
    expect(ours.status).toBe(500);
    expect((await gateway.post(VIDEO, CAR, { headers: { "idempotency-key": "ours" } })).status).toBe(200);
  });

  it("is answered with the task's id also when the note of that answer fails", async ({ expect }) => {
    const headers = { "idempotency-key": "unnoted" };
    gateway.services.store.tasks.noteFirstAnswer = () => Promise.reject(new Error("D1 is away"));
    const first = await gateway.post(VIDEO, CAR, { headers });
    gateway.clock.offsetMs += 21_000;
    const again = await gateway.post(VIDEO, CAR, { headers });
    expect([first.status, again.status]).toEqual([200, 200]);
    expect(await bodyOf(again)).toEqual(await bodyOf(first));
    expect(await emulator.tasks()).toHaveLength(1);
  });

  it("is bounded and names itself when it is too long", async ({ expect }) => {
    const answer = await gateway.post(VIDEO, CAR, { headers: { "idempotency-key": "k".repeat(256) } });
    expect(answer.status).toBe(422);
    expect(await bodyOf(answer)).toMatchObject({ detail: [{ loc: ["header", "Idempotency-Key"] }] });
    expect(await emulator.tasks()).toHaveLength(0);
  });
});

/** A vendor whose clock is not ours: for tests that move the gateway days ahead. */
async function acceptAnything(): Promise<Response> {
  return Response.json({ Response: { TaskId: `later-${crypto.randomUUID()}`, RequestId: "r" } });
}
