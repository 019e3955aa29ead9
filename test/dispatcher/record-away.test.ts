/* D1 is away: it is not on the way of money, and what has ended meanwhile is told when it is back. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, it } from "vitest";
import { API_KEY_CACHE_MS } from "../../src/auth/key-ring.ts";
import {
  cancel,
  CREATE,
  notify,
  notifyUntilDone,
  paidSessions,
  REQUESTS,
  statusOf,
  submit,
  VIDEO,
  vendorTaskOf,
} from "../support/client.ts";
import {
  addKey,
  CAR,
  emulator,
  type Gateway,
  type Json,
  recordHasAll,
  startGateway,
  taskRow,
  taskStates,
  vendorFinishes,
} from "../support/gateway.ts";
import { fragileRecord, type RecordState } from "../support/record-away.ts";
import { pass, until } from "../support/quiet.ts";

const MINUTE_MS = 60_000;

let gateway: Gateway;
let record: RecordState;

async function start(bindings: Json = {}): Promise<void> {
  const { db, state } = fragileRecord();
  record = state;
  gateway = await startGateway({ env: { DB: db, ...bindings } });
}

beforeEach(async () => {
  await emulator.reset();
  await start();
});

/** Somebody was here a moment ago; then D1 goes. */
async function goAway(): Promise<void> {
  expect200(await gateway.get(REQUESTS));
  await gateway.settleDeferred();
  record.mode = "away";
}

function expect200({ status }: Response): void {
  if (status !== 200) throw new Error(`The answer was ${status}.`);
}

async function inRecord(): Promise<Json[]> {
  return (await env.DB.prepare("SELECT id, status, rev FROM tasks ORDER BY id").all<Json>()).results;
}

describe("while D1 is away", () => {
  it("tasks are taken, completed and read; each is told once D1 is back", async ({ expect }) => {
    await goAway();
    const ids: string[] = [];
    for (let n = 0; n < 3; n++) ids.push((await submit(gateway, { session_id: `s${n}` })).id);
    expect((await gateway.post(VIDEO, { ...CAR, session_id: "s0" })).status).toBe(409);
    await vendorFinishes();
    for (const id of ids) expect((await notify(gateway, await vendorTaskOf(id))).status).toBe(200);
    for (const id of ids) {
      expect(await statusOf(gateway, id)).toMatchObject({ status: "COMPLETED" });
      expect((await gateway.get(`${REQUESTS}/${id}`)).status).toBe(200);
    }
    const away = await gateway.services.dispatcher.report();
    expect(away).toMatchObject({ running: 0, untold: 3, taking: true, recordAwaySince: expect.any(Number) });
    expect(await inRecord()).toEqual([]);

    record.mode = "there";
    await pass(gateway, 31_000);
    await recordHasAll(gateway);
    expect(await inRecord()).toEqual(ids.toSorted().map((id) => ({ id, status: "succeeded", rev: 1 })));
    expect((await gateway.services.dispatcher.report()).recordAwaySince).toBeNull();
  });

  it("no call to it is on the way of a submission, an event or a status", async ({ expect }) => {
    await goAway();
    const before = record.calls;
    const { id } = await submit(gateway, { session_id: "s" });
    await statusOf(gateway, id);
    expect(record.calls).toBe(before);
    // What is not over is not there.
    expect(await inRecord()).toEqual([]);
  });

  it("readiness says so and stays ready: nothing that is taken can be lost", async ({ expect }) => {
    await goAway();
    const answer = await gateway.get("/readyz");
    expect([answer.status, await answer.json()]).toMatchObject([200, { checks: { d1: "down", dispatcher: "ok" } }]);
  });

  it("a slot is free as soon as its task is over", async ({ expect }) => {
    await start({ VOD_CONCURRENCY: "1" });
    await goAway();
    const first = await submit(gateway);
    const next = await submit(gateway);
    await vendorFinishes();
    await notify(gateway, await vendorTaskOf(first.id));
    await until(async () => (await taskRow(next.id))?.status === "running");
    expect(await gateway.services.dispatcher.report()).toMatchObject({ waiting: 0, running: 1, untold: 1 });
  });

  it("what has ended survives a restart of the object and is told afterwards", async ({ expect }) => {
    await goAway();
    const { id } = await submit(gateway);
    await notifyUntilDone(gateway);
    await gateway.restart();
    expect(await gateway.services.dispatcher.report()).toMatchObject({ untold: 1 });
    expect((await gateway.get(`${REQUESTS}/${id}`)).status).toBe(200);
    record.mode = "there";
    await pass(gateway, 31_000);
    await recordHasAll(gateway);
    expect(await inRecord()).toMatchObject([{ id, status: "succeeded" }]);
  });

  it("a task that only D1 has is a 503 with a time to come back, in no way a 404", async ({ expect }) => {
    const { id } = await submit(gateway);
    await notifyUntilDone(gateway);
    await recordHasAll(gateway);
    await goAway();
    for (const answer of [
      await gateway.get(`${REQUESTS}/${id}`),
      await gateway.get(`${REQUESTS}/${id}/status`),
      await gateway.get(REQUESTS),
    ]) {
      expect([answer.status, Number(answer.headers.get("retry-after")) > 0]).toEqual([503, true]);
    }
    record.mode = "there";
    expect((await gateway.get(`${REQUESTS}/${id}`)).status).toBe(200);
  });

  it("keys that were seen within the hour are honoured, others are a 503, and a wrong one is never let in", async ({
    expect,
  }) => {
    await addKey("sk-later", "acme", ["read"]);
    await goAway();
    gateway.clock.offsetMs += API_KEY_CACHE_MS + 1;
    expect((await gateway.post(VIDEO, CAR)).status).toBe(200);
    expect((await gateway.get(REQUESTS, { key: "sk-later" })).status).toBe(503);
    expect((await gateway.get(REQUESTS, { key: "sk-wrong" })).status).toBe(503);
    // Also by an isolate that has never seen it, and after a restart of the object.
    const fragile = fragileRecord();
    fragile.state.mode = "away";
    const offsetMs = gateway.clock.offsetMs;
    const now = () => Date.now() + offsetMs;
    gateway = await startGateway({ env: { DB: fragile.db }, deps: { now } });
    expect((await gateway.post(VIDEO, CAR)).status).toBe(200);
    const hour = offsetMs + 60 * MINUTE_MS;
    gateway = await startGateway({ env: { DB: fragile.db }, deps: { now: () => Date.now() + hour } });
    expect((await gateway.post(VIDEO, CAR)).status).toBe(503);
  });

  it("cancel and DELETE of what the object has go on", async ({ expect }) => {
    await start({ VOD_CONCURRENCY: "1" });
    await goAway();
    const first = await submit(gateway);
    const { id } = await submit(gateway);
    expect((await cancel(gateway, id)).status).toBe(202);
    await notifyUntilDone(gateway);
    expect((await gateway.request(`${REQUESTS}/${first.id}`, { method: "DELETE" })).status).toBe(200);
    expect((await gateway.get(`${REQUESTS}/${first.id}`)).status).toBe(410);
    record.mode = "there";
    await pass(gateway, 31_000);
    await recordHasAll(gateway);
    expect(await env.DB.prepare("SELECT result FROM tasks WHERE id = ?1").bind(first.id).first<Json>()).toEqual({
      result: null,
    });
  });
});

for (const [seconds, after] of [
  [2, "2 s"],
  [60, "60 s"],
  [24 * 3600, "a day"],
] as const) {
  it(`D1 that goes as the vendor says yes, and is away for ${after}, loses nothing (M5)`, async ({ expect }) => {
    await emulator.reset({ task_seconds: 1 });
    await goAway();
    await emulator.fault({ action: "DescribeTasks", kind: "error", code: "FailedOperation", times: 1_000 });
    const { id } = await submit(gateway);
    expect(await taskRow(id)).toMatchObject({ status: "running", vendor_task_id: (await vendorTaskOf(id)).TaskId });
    await vendorFinishes();
    await pass(gateway, seconds * 1_000);
    record.mode = "there";
    // Its event is lost.
    await pass(gateway, 4 * MINUTE_MS);
    await pass(gateway, 31_000);
    await recordHasAll(gateway);
    expect(await inRecord()).toEqual([{ id, status: "succeeded", rev: 1 }]);
    expect([await paidSessions(), (await emulator.calls())[CREATE]]).toEqual([[`${id}-1`], { OK: 1 }]);
  });
}

describe("D1 whose answers are lost (L1)", () => {
  it("is told the same again until it confirms, and counts each task once", async ({ expect }) => {
    await goAway();
    record.mode = "lost";
    const ids = await Promise.all(Array.from({ length: 4 }, async () => (await submit(gateway)).id));
    await notifyUntilDone(gateway);
    for (let tries = 0; tries < 5; tries++) await pass(gateway, 31_000);
    expect(await gateway.services.dispatcher.report()).toMatchObject({ running: 0, untold: 4 });
    record.mode = "there";
    await pass(gateway, 31_000);
    await recordHasAll(gateway);
    expect(await inRecord()).toEqual(ids.toSorted().map((id) => ({ id, status: "succeeded", rev: 1 })));
    expect(await env.DB.prepare("SELECT sum(tasks) AS n FROM hourly_counts").first<Json>()).toEqual({ n: 4 });
    expect(await taskStates()).toEqual({ succeeded: 4 });
  });
});
