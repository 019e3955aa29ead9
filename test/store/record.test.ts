/* What is done to single rows of the record. */
import { env } from "cloudflare:workers";
import { describe, it } from "vitest";
import { OTHER_EVENTS_MAX_PER_DAY } from "../../src/store/record.ts";
import { idOf, NOW, rowsOf, startStore, told } from "./support.ts";

const store = startStore();
const { record } = store;

describe("erasing a task that only the record has", () => {
  it("removes content, raises the revision and leaves a tombstone", async ({ expect }) => {
    const secret = { session_context: "private", outline: '{"prompt":"private"}', error_message: "private" };
    const task = told(1, { ...secret, request: "private", result: "private", history: "private", rev: 4 });
    await record.tell([task]);
    expect(await record.erase({ owner: "acme", id: idOf(1), now: NOW, standIn: null })).toBe(true);
    expect(await rowsOf("tasks")).toEqual([
      {
        ...task,
        session_context: null,
        outline: null,
        error_message: null,
        request: null,
        result: null,
        history: "[]",
        deleted_at: NOW,
        rev: 5,
      },
    ]);
    await record.tell([task]);
    expect(JSON.stringify(await rowsOf("tasks"))).not.toContain("private");
  });

  it("again is as good, and keeps the time of the first", async ({ expect }) => {
    await record.tell([told(1)]);
    await record.erase({ owner: "acme", id: idOf(1), now: NOW, standIn: null });
    expect(await record.erase({ owner: "acme", id: idOf(1), now: NOW + 9, standIn: null })).toBe(true);
    expect((await record.find("acme", idOf(1)))?.deleted_at).toBe(NOW);
  });

  it("finds only the owner's own, of either kind", async ({ expect }) => {
    await record.tell([told(1, { action: "CreateAigcImageTask" })]);
    expect(await record.erase({ owner: "other", id: idOf(1), now: NOW, standIn: null })).toBe(false);
    expect(await record.erase({ owner: "acme", id: idOf(2), now: NOW, standIn: null })).toBe(false);
    expect((await record.find("acme", idOf(1)))?.result).not.toBeNull();
    expect(await record.erase({ owner: "acme", id: idOf(1), now: NOW, standIn: null })).toBe(true);
  });
});

describe("other events", () => {
  const keep = (id: string, body: string, now = NOW) =>
    record.keepOtherEvent({ id, eventType: "ProcedureStateChanged", body, now });

  it("are kept once, however often they come", async ({ expect }) => {
    await keep("a", "first", 1);
    await keep("a", "second", 2);
    expect(await rowsOf("other_events")).toEqual([
      { id: "a", event_type: "ProcedureStateChanged", body: "first", received_at: 1 },
    ]);
  });

  it("that are long are noted without what they say", async ({ expect }) => {
    await keep("long", "x".repeat(8_193));
    await keep("wide", "汽".repeat(2_731));
    await keep("fits", "x".repeat(8_192));
    const bodies = (await rowsOf<{ id: string; body: string | null }>("other_events")).map(({ id, body }) => [
      id,
      body?.length,
    ]);
    expect(Object.fromEntries(bodies)).toEqual({ long: undefined, wide: undefined, fits: 8_192 });
  });
});

describe("other events without end", () => {
  const DAY_MS = 24 * 60 * 60 * 1000;
  const count = async () => (await rowsOf("other_events")).length;

  it("are kept as a sample of each day", async ({ expect }) => {
    const flood = async (day: number) => {
      for (let n = 0; n < OTHER_EVENTS_MAX_PER_DAY + 20; n++)
        await record.keepOtherEvent({ id: `${day}/${n}`, eventType: "x", body: `${n}`, now: NOW + day * DAY_MS + n });
    };
    await flood(0);
    expect(await count()).toBe(OTHER_EVENTS_MAX_PER_DAY);
    const last = NOW + OTHER_EVENTS_MAX_PER_DAY - 1;
    await record.keepOtherEvent({ id: "soon", eventType: "x", body: "", now: NOW + DAY_MS - 1 });
    expect(await count()).toBe(OTHER_EVENTS_MAX_PER_DAY);
    await record.keepOtherEvent({ id: "later", eventType: "x", body: "", now: last + DAY_MS });
    expect(await count()).toBe(OTHER_EVENTS_MAX_PER_DAY + 1);
    await flood(2);
    expect(await count()).toBe(2 * OTHER_EVENTS_MAX_PER_DAY + 1);
  });
});

describe("a cell", () => {
  it("is empty until it is set, and then what it was set to last", async ({ expect }) => {
    expect(await record.cell("epoch/a")).toBeNull();
    await record.setCell("epoch/a", "1");
    await record.setCell("epoch/a", "2");
    await record.setCell("epoch/b", "3");
    expect([await record.cell("epoch/a"), await record.cell("epoch/b")]).toEqual(["2", "3"]);
  });
});

describe("ping", () => {
  it("says of D1 and of KV whether they answer", async ({ expect }) => {
    const up = store.ping();
    expect([await up.d1, await up.kv]).toEqual([true, true]);
    const away = { prepare: () => ({ first: () => Promise.reject(new Error("no such table")) }) };
    const silent = { get: () => Promise.reject(new Error("503")) };
    const broken = startStore({ DB: away as unknown as D1Database, DEDUPE: silent as unknown as KVNamespace });
    const down = broken.ping();
    expect([await down.d1, await down.kv]).toEqual([false, false]);
  });

  it("says of KV that it answers while D1 hangs", async ({ expect }) => {
    const hanging = { prepare: () => ({ first: () => new Promise(() => {}) }) };
    expect(await startStore({ DB: hanging as unknown as D1Database }).ping().kv).toBe(true);
  });
});

describe("the tables", () => {
  it("are those of finished tasks", async ({ expect }) => {
    const tables = await env.DB.prepare(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%\\_%' ESCAPE '\\' ORDER BY name",
    ).all<{ name: string }>();
    expect(tables.results.map(({ name }) => name)).toEqual(["cells", "tasks"]);
  });
});
