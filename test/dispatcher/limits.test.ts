/* What one owner may have at once, each with a 429 that says so; the others notice nothing (R7). */
import { runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, it } from "vitest";
import type { Deps } from "../../src/deps.ts";
import { cancel, notifyUntilDone, REQUESTS, submit, VIDEO } from "../support/client.ts";
import {
  addKey,
  CAR,
  dispatcherObject,
  emulator,
  type Gateway,
  type Json,
  startGateway,
  taskStates,
} from "../support/gateway.ts";
import { until } from "../support/quiet.ts";
import { onCell } from "./support.ts";

let gateway: Gateway;

async function start(bindings: Json, deps: Partial<Deps> = {}): Promise<void> {
  await emulator.reset({ task_seconds: 30 });
  gateway = await startGateway({ env: { VOD_CONCURRENCY: "1", ...bindings }, deps });
  await addKey("sk-other", "other", ["submit", "read"]);
}

async function refused(answer: Response) {
  const body = await answer.json<Json>();
  return {
    status: answer.status,
    code: body.code,
    text: String(body.detail),
    after: answer.headers.get("retry-after"),
  };
}

describe("MAX_WAITING", () => {
  beforeEach(() => start({ MAX_WAITING: "3" }));

  it("bounds an owner's waiting tasks, not those that run, and nobody else's", async ({ expect }) => {
    const ids: string[] = [];
    for (let n = 0; n < 4; n++) ids.push((await submit(gateway)).id);
    const answer = await refused(await gateway.post(VIDEO, CAR));
    expect(answer).toMatchObject({ status: 429, code: "too_many_waiting" });
    expect(answer.text).toContain("3 tasks");
    expect(Number(answer.after)).toBeGreaterThan(0);
    await submit(gateway, {}, { key: "sk-other" });
    expect(await taskStates()).toEqual({ running: 1, queued: 4 });
    // Room again.
    expect((await cancel(gateway, ids.at(-1) ?? "")).status).toBe(202);
    await submit(gateway);
  });

  it("holds over a restart", async ({ expect }) => {
    for (let n = 0; n < 4; n++) await submit(gateway);
    await gateway.restart();
    expect(await refused(await gateway.post(VIDEO, CAR))).toMatchObject({ status: 429, code: "too_many_waiting" });
  });

  it("does not stand before what was taken already: a repetition gets its answer", async ({ expect }) => {
    const headers = { "idempotency-key": "k" };
    await submit(gateway);
    const { id } = await submit(gateway, { session_id: "s" }, { headers });
    for (let n = 0; n < 2; n++) await submit(gateway);
    expect((await submit(gateway, { session_id: "s" }, { headers })).id).toBe(id);
    expect((await gateway.post(VIDEO, { ...CAR, session_id: "s" })).status).toBe(409);
  });

  it("spends no name on what it refuses", async ({ expect }) => {
    for (let n = 0; n < 4; n++) await submit(gateway);
    const headers = { "idempotency-key": "k" };
    expect((await gateway.post(VIDEO, { ...CAR, session_id: "s" }, { headers })).status).toBe(429);
    await emulator.call("PUT", "config", { task_seconds: 0.05 });
    await emulator.call("POST", "clock", { advance_seconds: 60 });
    await notifyUntilDone(gateway);
    expect((await gateway.post(VIDEO, { ...CAR, session_id: "s" }, { headers })).status).toBe(200);
  });
});

describe("MAX_WAITING_MEGABYTES", () => {
  it("bounds the bytes of an owner's unfinished requests, and gives them back with each end", async ({ expect }) => {
    await start({ MAX_WAITING_MEGABYTES: "1" });
    const large = { ext_info: "x".repeat(400_000) };
    await submit(gateway, large);
    const { id } = await submit(gateway, large);
    const answer = await refused(await gateway.post(VIDEO, { ...CAR, ...large }));
    expect(answer).toMatchObject({ status: 429, code: "too_many_waiting" });
    expect(answer.text).toContain("1 MB");
    // A small one has room, another owner's large one too.
    await submit(gateway);
    await submit(gateway, large, { key: "sk-other" });
    await gateway.restart();
    expect((await gateway.post(VIDEO, { ...CAR, ...large })).status).toBe(429);
    await cancel(gateway, id);
    await submit(gateway, large);
  });
});

describe("MAX_DAILY_MEGABYTES", () => {
  it("bounds the bytes of an owner's requests of a day, whatever became of them, until midnight", async ({
    expect,
  }) => {
    let now = Date.now();
    await start({ MAX_DAILY_MEGABYTES: "1" }, { now: () => now });
    const large = { ext_info: "x".repeat(400_000) };
    await submit(gateway, large);
    await cancel(gateway, (await submit(gateway, large)).id);
    const response = await gateway.post(VIDEO, { ...CAR, ...large });
    const left = Number(response.headers.get("retry-after"));
    expect(await refused(response)).toMatchObject({ status: 429, code: "daily_limit" });
    const midnight = new Date(now);
    midnight.setUTCHours(24, 0, 0, 0);
    expect(left).toBe(Math.ceil((midnight.getTime() - now) / 1000));
    // What has room has, another owner's too; a new life has not forgotten.
    await submit(gateway);
    await submit(gateway, large, { key: "sk-other" });
    await gateway.restart();
    expect((await gateway.post(VIDEO, { ...CAR, ...large })).status).toBe(429);
    now = midnight.getTime();
    await submit(gateway, large);
  });
});

describe("MAX_STREAMS", () => {
  beforeEach(() => start({ MAX_STREAMS: "3" }));

  it("bounds an owner's open streams and waits together", async ({ expect }) => {
    const { id } = await submit(gateway);
    const theirs = await submit(gateway, {}, { key: "sk-other" });
    const waits = [1, 2, 3].map(() => gateway.services.dispatcher.observe(waitFor("acme", id)));
    await until(async () => (await open()) === 3);
    const stream = await refused(await gateway.get(`${REQUESTS}/${id}/status/stream`));
    expect(stream).toMatchObject({ status: 429, code: "too_many_requests" });
    expect(stream.text).toContain("3 streams");
    const wait = await refused(await gateway.get(`${REQUESTS}/${id}?wait=5`));
    expect(wait).toMatchObject({ status: 429, code: "too_many_requests" });
    // Looking is free, and the other owner has streams of its own.
    expect((await gateway.get(`${REQUESTS}/${id}/status`)).status).toBe(202);
    const other = await gateway.open(`${REQUESTS}/${theirs.id}/status/stream`, { authorization: "Bearer sk-other" });
    expect(other.status).toBe(200);
    void other.body?.cancel();
    gateway.clock.offsetMs += 30_000;
    await gateway.tick();
    await Promise.all(waits);
    expect((await gateway.get(`${REQUESTS}/${id}?wait=1`)).status).toBe(400);
  });

  const waitFor = (owner: string, id: string) => ({ owner, id, version: "running.1.1.0.-", timeoutMs: 20_000 });

  async function open(): Promise<number> {
    return runInDurableObject(dispatcherObject(), (object) => {
      const { shell } = object as unknown as { shell: { watchers: { open: number } } };
      return shell.watchers.open;
    });
  }
});

describe("what waits for the record", () => {
  it("is bounded, too: above it nothing new is taken, and every end still fits", ({ expect }) =>
    onCell(
      (cell) => {
        const life = cell.begin();
        for (let n = 1; n <= 4; n++) life.accept(n);
        for (let n = 1; n <= 3; n++) life.finish(n);
        life.told(false);
        expect(life.submit(5)).toMatchObject({ kind: "limited", limit: "storage" });
        expect(life.report()).toMatchObject({ taking: false, untold: 3 });
        life.finish(4);
        expect(cell.row(4)).toMatchObject({ status: "succeeded" });
        life.pass(31_000);
        while (life.asked("tell").length > 0) life.told();
        expect(life.submit(6)).toMatchObject({ kind: "pending" });
      },
      { maxUntold: 3 },
    ));

  it("is bounded by the size of the database as well", ({ expect }) =>
    onCell(
      (cell) => {
        const life = cell.begin();
        expect(life.submit(1, { idempotency_key: "k" })).toMatchObject({ kind: "limited", limit: "storage" });
        expect(life.report()).toMatchObject({ taking: false });
      },
      { maxBytes: 1 },
    ));
});

describe("a list's page", () => {
  it("ends at a megabyte, and the next one goes on after it, without a gap or a task twice", ({ expect }) =>
    onCell((cell) => {
      const life = cell.begin();
      const outline = JSON.stringify({ prompt: "x".repeat(48_000) });
      for (let n = 1; n <= 50; n++) life.submit(n, { outline });
      const ids: string[] = [];
      const sizes: number[] = [];
      for (let after: string | undefined = ""; after !== undefined;) {
        const page: { tasks: { id: string }[]; reached?: string } = life.core.list({
          owner: "acme",
          afterId: after,
          beforeId: "g",
          ascending: true,
          limit: 101,
        });
        ids.push(...page.tasks.map(({ id }) => id));
        sizes.push(JSON.stringify(page).length);
        after = page.reached;
      }
      expect(ids).toEqual(Array.from({ length: 50 }, (_, index) => cell.id(index + 1)));
      expect(sizes).toHaveLength(3);
      expect(Math.max(...sizes)).toBeLessThan(1_100_000);
    }));
});
