import { beforeEach, describe, it } from "vitest";
import { CREATE, notifyUntilDone, submit, VIDEO } from "../support/client.ts";
import { CAR, emulator, type Gateway, type Json, recordHasAll, startGateway } from "../support/gateway.ts";
import { pass } from "../support/quiet.ts";

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

  it("is answered with the first answer after a restart, too, and when its task has failed since", async ({
    expect,
  }) => {
    const headers = { "idempotency-key": "kept" };
    await emulator.call("PUT", "config", { outcome: { ErrCode: 70_000, ErrCodeExt: "X", Message: "Failed later." } });
    const first = await gateway.post(VIDEO, CAR, { headers });
    const body = await bodyOf(first);
    for (const pause of [() => gateway.restart(), () => notifyUntilDone(gateway), () => recordHasAll(gateway)]) {
      await pause();
      const again = await gateway.post(VIDEO, CAR, { headers });
      expect([again.status, again.headers.get("idempotent-replayed"), await bodyOf(again)]).toEqual([
        200,
        "true",
        body,
      ]);
    }
    expect(await emulator.tasks()).toHaveLength(1);
  });

  it("is free again three days after its task is over, and is then another task's", async ({ expect }) => {
    const headers = { "idempotency-key": "lapses" };
    const first = await submit(gateway, {}, { headers });
    await notifyUntilDone(gateway);
    await pass(gateway, THREE_DAYS_MS - 60_000);
    expect((await submit(gateway, {}, { headers })).id).toBe(first.id);
    await pass(gateway, 61_000);
    await emulator.fault({ action: CREATE, kind: "slow", delay_ms: 300 });
    const [second, third] = await Promise.all([submit(gateway, {}, { headers }), submit(gateway, {}, { headers })]);
    expect([second.id === first.id, third.id]).toEqual([false, second.id]);
  });

  it("is bounded and names itself when it is too long", async ({ expect }) => {
    const answer = await gateway.post(VIDEO, CAR, { headers: { "idempotency-key": "k".repeat(256) } });
    expect(answer.status).toBe(422);
    expect(await bodyOf(answer)).toMatchObject({ detail: [{ loc: ["header", "Idempotency-Key"] }] });
    expect(await emulator.tasks()).toHaveLength(0);
  });
});
