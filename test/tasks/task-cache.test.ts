import { env } from "cloudflare:workers";
import { beforeEach, describe, it } from "vitest";
import { TASK_CACHE_LIFETIME_MS } from "../../src/tasks/task-cache.ts";
import {
  addKey,
  CALLBACK,
  CAR,
  completionOf,
  emulator,
  type Gateway,
  startGateway,
  vendorFinishes,
} from "../support/gateway.ts";

const REQUESTS = "/tencent-vod/v1/requests";

let gateway: Gateway;
let id: string;
let statements: number;

/** D1 that counts what it is asked. */
const counting = new Proxy(env.DB, {
  get(db, name: keyof D1Database) {
    statements += 1;
    const member = db[name];
    return member.bind(db);
  },
});

beforeEach(async () => {
  await emulator.reset();
  statements = 0;
  gateway = await startGateway({ env: { DB: counting } });
  id = (await (await gateway.post("/tencent-vod/v1/aigc-video", CAR)).json<{ request_id: string }>()).request_id;
  const [task] = await vendorFinishes();
  if (!task) throw new Error("The vendor has no task.");
  await gateway.post(CALLBACK, await completionOf(task), { key: null });
  await gateway.settleDeferred();
});

const read = (path = "") => gateway.get(`${REQUESTS}/${id}${path}`);

describe("a finished task", () => {
  it("is read from D1 once, however often its result and its status are asked for", async ({ expect }) => {
    const first = await (await read()).json();
    statements = 0;
    for (let poll = 0; poll < 5; poll++) {
      expect(await (await read()).json()).toEqual(first);
      expect((await read("/status")).status).toBe(200);
    }
    expect(statements).toBe(0);
    gateway.clock.offsetMs += TASK_CACHE_LIFETIME_MS;
    expect(await (await read()).json()).toEqual(first);
    expect(statements).toBeGreaterThan(0);
  });

  it("is nobody else's in memory either", async ({ expect }) => {
    await read();
    await addKey("sk-other", "other", ["read"]);
    expect((await gateway.get(`${REQUESTS}/${id}`, { key: "sk-other" })).status).toBe(404);
    expect((await gateway.get(`${REQUESTS}/${id}/status`, { key: "sk-other" })).status).toBe(404);
  });

  it("is gone at once here when its content is removed, and in time when another isolate did it", async ({
    expect,
  }) => {
    await read();
    await gateway.services.store.retention.eraseContent({ owner: "acme", id, now: Date.now() });
    expect((await read()).status).toBe(200);
    gateway.clock.offsetMs += TASK_CACHE_LIFETIME_MS;
    expect((await read()).status).toBe(410);

    gateway.services.cache.forget(id);
    await gateway.request(`${REQUESTS}/${id}`, { method: "DELETE" });
    expect((await read()).status).toBe(410);
  });

  it("shows nothing of its history once its content is removed", async ({ expect }) => {
    const logs = async () => (await (await read("/status?logs=1")).json<{ logs: unknown[] }>()).logs;
    expect(await logs()).toHaveLength(3);
    await gateway.request(`${REQUESTS}/${id}`, { method: "DELETE" });
    expect(await logs()).toEqual([]);
  });

  it("is not held up by polling: its time in memory counts from when it was read", async ({ expect }) => {
    await read();
    await gateway.services.store.retention.eraseContent({ owner: "acme", id, now: Date.now() });
    for (let second = 0; second < 9; second++) {
      gateway.clock.offsetMs += 1_000;
      expect((await read()).status).toBe(200);
    }
    gateway.clock.offsetMs += 1_000;
    expect((await read()).status).toBe(410);
  });
});
