/* DELETE, wherever the task is by then; and a late copy of its event (L6). */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, describe, it } from "vitest";
import { notify, REQUESTS, submit, vendorTaskOf, VIDEO } from "../support/client.ts";
import {
  CAR,
  dispatcherObject,
  emulator,
  type Gateway,
  type Json,
  recordHasAll,
  startGateway,
  taskRow,
  vendorFinishes,
} from "../support/gateway.ts";
import { pass } from "../support/quiet.ts";
import { failed, onCell, SECOND_MS } from "./support.ts";

const DAY_MS = 24 * 60 * 60_000;

let gateway: Gateway;

beforeEach(async () => {
  await emulator.reset();
  gateway = await startGateway();
});

async function finished(body: Json = {}): Promise<string> {
  const { id } = await submit(gateway, { session_context: "mine", ...body });
  await vendorFinishes();
  await notify(gateway, await vendorTaskOf(id));
  return id;
}

const erase = (id: string) => gateway.request(`${REQUESTS}/${id}`, { method: "DELETE" });

const NO_CONTENT = { result: null, session_context: null, outline: null, error_message: null, history: "[]" };

/** What object and record hold of a task, whatever state it is in. */
async function everywhere(id: string): Promise<Json[]> {
  const inObject = await runInDurableObject(dispatcherObject(), (_object, { storage }) =>
    storage.sql.exec("SELECT * FROM tasks WHERE id = ?1", id).toArray(),
  );
  const inRecord = await env.DB.prepare("SELECT * FROM tasks WHERE id = ?1").bind(id).first<Json>();
  return [...inObject, ...(inRecord ? [inRecord] : [])];
}

describe("DELETE, then a copy of the event (L6)", () => {
  for (const [when, wait] of [
    ["before the record has the task", async () => undefined],
    ["when both have it", () => recordHasAll(gateway)],
    [
      "when the object has long forgotten it",
      async () => {
        await recordHasAll(gateway);
        await pass(gateway, 20 * 60_000);
        await pass(gateway, 4 * DAY_MS);
      },
    ],
  ] as const) {
    it(`${when}: nothing of the body is stored again, and it is counted once`, async ({ expect }) => {
      const id = await finished();
      await wait();
      expect((await erase(id)).status).toBe(200);
      expect((await notify(gateway, await vendorTaskOf(id))).status).toBe(200);
      await pass(gateway, 10_000);
      await recordHasAll(gateway);
      await gateway.restart();
      expect((await notify(gateway, await vendorTaskOf(id))).status).toBe(200);
      await pass(gateway, 10_000);
      await recordHasAll(gateway);
      for (const row of await everywhere(id))
        expect(row).toMatchObject({ ...NO_CONTENT, deleted_at: expect.any(Number) });
      gateway.services.cache.forget(id);
      expect((await gateway.get(`${REQUESTS}/${id}`)).status).toBe(410);
      expect(await env.DB.prepare("SELECT sum(tasks) AS n FROM hourly_counts").first<Json>()).toEqual({ n: 1 });
    });
  }

  it("takes the names with it, wherever they lie, and the claims stay", async ({ expect }) => {
    const headers = { "idempotency-key": "key of a person" };
    const named = { session_id: "person@example.org" };
    const first = await gateway.post(VIDEO, { ...CAR, ...named }, { headers });
    const { request_id: id } = await first.json<{ request_id: string }>();
    await vendorFinishes();
    await notify(gateway, await vendorTaskOf(id));
    await recordHasAll(gateway);
    for (const _ of ["once", "and again"]) {
      expect((await erase(id)).status).toBe(200);
      await recordHasAll(gateway);
      const rows = await everywhere(id);
      expect(rows).toHaveLength(2);
      expect(JSON.stringify(rows)).not.toMatch(/person/);
      for (const row of rows) expect(row.session_id).toMatch(/^sha256:[0-9a-f]{64}$/);
    }
    const again = await gateway.post(VIDEO, { ...CAR, ...named }, { headers });
    expect([again.status, (await again.json<Json>()).request_id]).toEqual([200, id]);
    const other = await gateway.post(VIDEO, { ...CAR, ...named });
    expect([other.status, (await other.json<Json>()).code]).toEqual([409, "duplicate_session_id"]);
    expect((await gateway.post(VIDEO, { ...CAR, session_id: "another" })).status).toBe(200);
    // The object has long forgotten it.
    const second = await finished({ session_id: "second person" });
    await recordHasAll(gateway);
    await pass(gateway, 20 * 60_000);
    await pass(gateway, 4 * DAY_MS);
    expect((await erase(second)).status).toBe(200);
    expect(JSON.stringify(await everywhere(second))).not.toMatch(/person/);
  });

  it("of a failed task removes the vendor's message, which may repeat the prompt", async ({ expect }) => {
    await emulator.call("PUT", "config", {
      outcome: { ErrCode: 70_000, ErrCodeExt: "ContentModerationFailed", Message: "Refused: a paper boat." },
    });
    const id = await finished();
    await recordHasAll(gateway);
    expect((await everywhere(id)).at(-1)).toMatchObject({ error_message: "Refused: a paper boat." });
    expect((await erase(id)).status).toBe(200);
    await recordHasAll(gateway);
    for (const row of await everywhere(id)) expect(row).toMatchObject({ ...NO_CONTENT, status: "failed" });
  });

  it("is refused while the task is at work, and finds nobody else's", async ({ expect }) => {
    await emulator.reset({ task_seconds: 30 });
    const { id } = await submit(gateway);
    expect((await erase(id)).status).toBeGreaterThanOrEqual(400);
    expect(await taskRow(id)).toMatchObject({ status: "running", deleted_at: null });
    expect(await gateway.services.dispatcher.erase("other", id)).toBe("not_found");
  });
});

describe("a batch on its way to the record", () => {
  it("that was overtaken by a DELETE confirms the older revision only; the newer follows", ({ expect }) =>
    onCell((cell) => {
      const life = cell.begin();
      life.accept(1, { session_context: "mine" });
      life.finish(1, failed("X"));
      expect(life.asked("tell")[0]?.tasks[0]).toMatchObject({ rev: 1, result: expect.any(String) });
      expect(life.erase(1)).toBe("erased");
      life.told();
      expect(cell.row(1)).toMatchObject({ told: 0, rev: 2 });
      expect(life.told().tasks[0]).toMatchObject({ rev: 2, ...NO_CONTENT, deleted_at: cell.now });
      expect(cell.row(1).told ?? 1).toBe(1);
      life.pass(60 * SECOND_MS);
      expect(life.asked("tell")).toEqual([]);
    }));

  it("is kept by the object until the record says that it has it, over any number of failures", ({ expect }) =>
    onCell((cell) => {
      const life = cell.begin();
      life.accept(1);
      life.finish(1);
      for (let failures = 0; failures < 20; failures++) {
        life.told(false);
        life.pass(31 * SECOND_MS);
      }
      expect(life.report()).toMatchObject({ untold: 1, recordAwaySince: expect.any(Number) });
      expect(cell.row(1)).toMatchObject({ told: 0, result: expect.any(String) });
      life.told();
      expect(life.report()).toMatchObject({ untold: 0, recordAwaySince: null });
    }));

  it("holds nobody's task back because the record refuses another's", ({ expect }) =>
    onCell((cell) => {
      const life = cell.begin();
      for (let n = 1; n <= 9; n++) {
        life.accept(n);
        life.finish(n);
      }
      const told = new Set<string>();
      for (let minutes = 0; minutes < 20; minutes++) {
        while (life.asked("tell").length > 0) {
          const refused = life.asked("tell")[0]?.tasks.some(({ id }) => id === cell.id(5)) ?? false;
          const { tasks } = life.told(!refused);
          if (!refused) for (const { id } of tasks) told.add(id);
        }
        life.pass(60 * SECOND_MS);
      }
      expect(told.size).toBe(8);
      expect(life.report()).toMatchObject({ untold: 1 });
    }));
});
