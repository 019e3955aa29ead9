/* Which create a repetition belongs to. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, it } from "vitest";
import { platformDeps } from "../../src/deps.ts";
import { lowestIdAt, newTaskId } from "../../src/tasks/task-id.ts";
import { joinRecentCreates } from "../../src/store/recent-creates.ts";
import { type Gateway, startGateway } from "../support/gateway.ts";

const START = Date.UTC(2026, 0, 1);
const WINDOW_MS = 600_000;

let gateway: Gateway;

beforeEach(async () => {
  gateway = await startGateway();
});

type Sent = { attempt: number; atMs: number; owner?: string; fingerprint?: string; requestId?: string };

/** @returns the request's own id and the group it is in */
async function send({ attempt, atMs, owner = "acme", fingerprint = "f", requestId }: Sent) {
  const at = START + atMs;
  const id = requestId ?? newTaskId(platformDeps, at);
  const group = await joinRecentCreates(env.DB, {
    owner,
    fingerprint,
    requestId: id,
    attempt,
    afterRequestId: lowestIdAt(at - WINDOW_MS),
    expiresAt: at + WINDOW_MS,
  });
  return { id, group };
}

describe("a first attempt", () => {
  it("opens a group, however equal the one before", async ({ expect }) => {
    const a = await send({ attempt: 0, atMs: 0 });
    const b = await send({ attempt: 0, atMs: 1 });
    expect([a.group, b.group]).toEqual([a.id, b.id]);
  });

  it("that a repetition has overtaken joins it; one that came later does not", async ({ expect }) => {
    const repetition = await send({ attempt: 1, atMs: 500 });
    const overtaken = await send({ attempt: 0, atMs: 0 });
    const later = await send({ attempt: 0, atMs: 900 });
    expect([overtaken.group, later.group]).toEqual([repetition.id, later.id]);
    expect((await send({ attempt: 0, atMs: 100 })).group).not.toBe(repetition.id);
  });
});

describe("a repetition", () => {
  it("joins the first, and the next one too, also when one between is missing", async ({ expect }) => {
    const first = await send({ attempt: 0, atMs: 0 });
    expect((await send({ attempt: 1, atMs: 500 })).group).toBe(first.id);
    expect((await send({ attempt: 2, atMs: 900 })).group).toBe(first.id);
    expect((await send({ attempt: 4, atMs: 990 })).group).toBe(first.id);
    expect((await send({ attempt: 3, atMs: 999 })).group).toBe(first.id);
  });

  it("of a first that never came is a first", async ({ expect }) => {
    const repetition = await send({ attempt: 1, atMs: 0 });
    expect(repetition.group).toBe(repetition.id);
    expect((await send({ attempt: 2, atMs: 500 })).group).toBe(repetition.id);
  });

  it("never shares a group with an equal one of another create", async ({ expect }) => {
    const firsts = [];
    for (const atMs of [0, 1, 2, 3]) firsts.push((await send({ attempt: 0, atMs })).group);
    for (const [attempt, from] of [
      [1, 500],
      [2, 900],
    ] as const) {
      const groups = [];
      for (const later of [0, 1, 2, 3]) groups.push((await send({ attempt, atMs: from + later })).group);
      expect(groups.toSorted()).toEqual(firsts.toSorted());
    }
  });

  it("belongs where its predecessor is, before the newest", async ({ expect }) => {
    const older = await send({ attempt: 0, atMs: 0 });
    await send({ attempt: 1, atMs: 500 });
    const newer = await send({ attempt: 0, atMs: 600 });
    expect((await send({ attempt: 2, atMs: 900 })).group).toBe(older.id);
    expect((await send({ attempt: 1, atMs: 950 })).group).toBe(newer.id);
  });

  it("is of the same owner and content, and of the last minutes", async ({ expect }) => {
    const first = await send({ attempt: 0, atMs: 0 });
    for (const other of [{ owner: "other" }, { fingerprint: "g" }, { atMs: WINDOW_MS + 1 }]) {
      const sent = await send({ attempt: 1, atMs: 500, ...other });
      expect(sent.group).toBe(sent.id);
    }
    expect((await send({ attempt: 1, atMs: WINDOW_MS - 1 })).group).toBe(first.id);
  });
});

describe("a note", () => {
  it("that is written twice, as after a lost answer of the database, is one", async ({ expect }) => {
    const first = await send({ attempt: 0, atMs: 0 });
    const requestId = newTaskId(platformDeps, START + 500);
    const groups = [];
    for (const _ of [1, 2, 3]) groups.push((await send({ attempt: 1, atMs: 500, requestId })).group);
    expect(groups).toEqual([first.id, first.id, first.id]);
    const count = await env.DB.prepare("SELECT count(*) AS n FROM recent_creates").first<{ n: number }>();
    expect(count?.n).toBe(2);
  });

  it("reads no more rows the more there are", async ({ expect }) => {
    const rows = async (attempt: number, atMs: number) => {
      let read = 0;
      const counting = new Proxy(env.DB, {
        get: (db, name: keyof D1Database) =>
          name === "batch"
            ? async (statements: D1PreparedStatement[]) => {
                const results = await db.batch(statements);
                read += results.reduce((sum, result) => sum + result.meta.rows_read, 0);
                return results;
              }
            : db[name].bind(db),
      });
      const id = newTaskId(platformDeps, START + atMs);
      const after = lowestIdAt(START + atMs - WINDOW_MS);
      const create = {
        owner: "acme",
        fingerprint: "f",
        requestId: id,
        attempt,
        afterRequestId: after,
        expiresAt: START,
      };
      await joinRecentCreates(counting, create);
      return read;
    };
    for (let index = 0; index < 60; index++) await send({ attempt: 0, atMs: index });
    const few = await rows(1, 100);
    for (let index = 0; index < 240; index++) await send({ attempt: 0, atMs: 200 + index });
    expect(few).toBeGreaterThan(0);
    expect(await rows(1, 500)).toBeLessThanOrEqual(few);
  });

  it("is gone after its time", async ({ expect }) => {
    await send({ attempt: 0, atMs: 0 });
    await send({ attempt: 0, atMs: 10 * WINDOW_MS });
    const input = { beforeId: lowestIdAt(0), now: START + 5 * WINDOW_MS };
    expect(await gateway.services.store.retention.deleteExpired(input)).toMatchObject({ claims: 1 });
    expect(await gateway.services.store.retention.deleteExpired(input)).toMatchObject({ claims: 0 });
  });
});
