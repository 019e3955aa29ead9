import { env } from "cloudflare:workers";
import { beforeEach, describe, it } from "vitest";
import { applyRetention } from "../../src/tasks/retention.ts";
import {
  addKey,
  CALLBACK,
  CAR,
  completionOf,
  emulator,
  type Gateway,
  type Json,
  startGateway,
  vendorFinishes,
} from "../support/gateway.ts";

const VIDEO = "/tencent-vod/v1/aigc-video";
const REQUESTS = "/tencent-vod/v1/requests";
const DAY_MS = 24 * 60 * 60 * 1000;
/** The request is then too large for its task's row. */
const LONG_PROMPT = "long ".repeat(4_000);

let gateway: Gateway;

beforeEach(async () => {
  await emulator.reset();
  gateway = await startGateway();
});

async function submit(body: Json = {}): Promise<string> {
  return (await (await gateway.post(VIDEO, { ...CAR, ...body })).json<{ request_id: string }>()).request_id;
}

async function finishAll(): Promise<void> {
  for (const task of await vendorFinishes()) await gateway.post(CALLBACK, await completionOf(task), { key: null });
}

async function counts(): Promise<Record<string, number>> {
  const tables = ["tasks", "task_requests", "events", "session_claims", "idempotency_keys"];
  const sql = tables.map((table) => `SELECT '${table}' AS name, count(*) AS n FROM ${table}`).join(" UNION ALL ");
  const rows = await env.DB.prepare(sql).all<{ name: string; n: number }>();
  return Object.fromEntries(rows.results.map(({ name, n }) => [name, n]));
}

describe("retention", () => {
  it("deletes finished tasks with all that hangs on them once they are old, their claims too", async ({ expect }) => {
    const long = { ...CAR, session_id: "s", prompt: LONG_PROMPT };
    await gateway.post(VIDEO, long, { headers: { "idempotency-key": "k" } });
    await finishAll();
    const before = await counts();
    expect(before).toEqual({ tasks: 1, task_requests: 1, events: 1, session_claims: 1, idempotency_keys: 1 });
    gateway.clock.offsetMs = 29 * DAY_MS;
    await applyRetention(gateway.services);
    expect(await counts()).toEqual(before);
    gateway.clock.offsetMs = 30 * DAY_MS + 1_000;
    await applyRetention(gateway.services);
    expect(Object.values(await counts())).toEqual([0, 0, 0, 0, 0]);
  });

  it("leaves alone what is not finished, however old", async ({ expect }) => {
    await emulator.reset({ task_seconds: 60 });
    await submit({ prompt: LONG_PROMPT });
    gateway.clock.offsetMs = 400 * DAY_MS;
    await applyRetention(gateway.services);
    expect(await counts()).toMatchObject({ tasks: 1, task_requests: 1 });
  });

  it("follows RETENTION_DAYS, and works through more than one batch", async ({ expect }) => {
    gateway = await startGateway({ env: { RETENTION_DAYS: "7" } });
    const insert = env.DB.prepare(
      `INSERT INTO tasks (id, owner, dialect, action, model_name, model_version, status, attempt, priority, created_at,
                          finished_at)
       VALUES (?1, 'acme', 'aigc', 'CreateAigcVideoTask', 'Kling', '1', 'succeeded', 1, 0, 1, 2)`,
    );
    const ids = Array.from(
      { length: 1_200 },
      (_, index) => `00000000-0001-7000-8000-${String(index).padStart(12, "0")}`,
    );
    await env.DB.batch(ids.map((id) => insert.bind(id)));
    await submit();
    await finishAll();
    gateway.clock.offsetMs = 6 * DAY_MS;
    await applyRetention(gateway.services);
    expect(await counts()).toMatchObject({ tasks: 1 });
    gateway.clock.offsetMs = 8 * DAY_MS;
    await applyRetention(gateway.services);
    expect(await counts()).toMatchObject({ tasks: 0 });
  });
});

describe("DELETE of a task", () => {
  const erase = (id: string, key = "sk-test") => gateway.request(`${REQUESTS}/${id}`, { method: "DELETE", key });

  it("removes content and leaves a tombstone that still refuses duplicates", async ({ expect }) => {
    const id = await submit({ session_id: "gone", session_context: "private", prompt: "private words" });
    await finishAll();
    const answer = await erase(id);
    expect([answer.status, await answer.json()]).toEqual([200, { request_id: id, deleted: true }]);
    for (const path of [`${REQUESTS}/${id}`, `/tencent-vod/v1/query/${id}`, `/v1/video/generations/${id}`]) {
      expect((await gateway.get(path)).status).toBe(410);
    }
    const everything = await Promise.all(
      ["tasks", "task_requests", "events"].map((table) => env.DB.prepare(`SELECT * FROM ${table}`).all()),
    );
    expect(JSON.stringify(everything.map(({ results }) => results))).not.toMatch(/private|aigcVideoGenFile/);
    const listed = await (await gateway.get(REQUESTS)).json<{ requests: Json[] }>();
    expect(listed.requests).toMatchObject([{ request_id: id, status: "COMPLETED", deleted_at: expect.any(String) }]);
    expect((await gateway.post(VIDEO, { ...CAR, session_id: "gone" })).status).toBe(409);
    expect((await erase(id)).status).toBe(200);
  });

  it("is refused while the task is not finished, and finds only the owner's own", async ({ expect }) => {
    await emulator.reset({ task_seconds: 60 });
    await addKey("sk-other", "other", ["submit"]);
    const id = await submit();
    expect((await erase(id)).status).toBe(400);
    expect((await erase(id, "sk-other")).status).toBe(404);
    expect((await erase("nonsense")).status).toBe(404);
    expect((await gateway.get(`${REQUESTS}/${id}/status`)).status).toBe(202);
  });
});
