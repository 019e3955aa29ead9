import { env } from "cloudflare:workers";
import { beforeEach, describe, it } from "vitest";
import { TASK_CACHE_LIFETIME_MS } from "../../src/tasks/task-cache.ts";
import { notify, REQUESTS, submit } from "../support/client.ts";
import { addKey, emulator, type Gateway, recordHasAll, startGateway, vendorFinishes } from "../support/gateway.ts";

let gateway: Gateway;
let id: string;
/** What was asked of D1 and of the object. */
let asked: string[];

const counting = new Proxy(env.DB, {
  get(db, name: keyof D1Database) {
    asked.push(`D1 ${name}`);
    const member = db[name];
    return member.bind(db);
  },
});

beforeEach(async () => {
  await emulator.reset();
  asked = [];
  gateway = await startGateway({ env: { DB: counting } });
  ({ id } = await submit(gateway));
  for (const task of await vendorFinishes()) await notify(gateway, task);
  await recordHasAll(gateway);
  await gateway.settleDeferred();
  const { dispatcher } = gateway.services;
  for (const call of ["observe", "read"] as const) {
    const through = dispatcher[call].bind(dispatcher) as (...input: unknown[]) => Promise<never>;
    dispatcher[call] = (...input: unknown[]) => {
      asked.push(call);
      return through(...input);
    };
  }
});

const read = (path = "") => gateway.get(`${REQUESTS}/${id}${path}`);

/** Another isolate removes the content: this one's memory is not told. */
const eraseElsewhere = () => gateway.services.dispatcher.erase("acme", id);

describe("a finished task", () => {
  it("is asked for once, however often its result and its status are polled", async ({ expect }) => {
    const first = await (await read()).json();
    asked = [];
    for (let poll = 0; poll < 5; poll++) {
      expect(await (await read()).json()).toEqual(first);
      expect((await read("/status")).status).toBe(200);
    }
    expect(asked).toEqual([]);
    gateway.clock.offsetMs += TASK_CACHE_LIFETIME_MS;
    expect(await (await read()).json()).toEqual(first);
    expect(asked).toContain("read");
    expect(asked).toContain("D1 prepare");
  });

  it("is nobody else's in memory either", async ({ expect }) => {
    await read();
    await addKey("sk-other", "other", ["read"]);
    expect((await gateway.get(`${REQUESTS}/${id}`, { key: "sk-other" })).status).toBe(404);
    expect((await gateway.get(`${REQUESTS}/${id}/status`, { key: "sk-other" })).status).toBe(404);
  });

  it("is gone here at once when its content is removed here", async ({ expect }) => {
    expect((await read()).status).toBe(200);
    expect((await read("/status?logs=1")).status).toBe(200);
    expect((await gateway.request(`${REQUESTS}/${id}`, { method: "DELETE" })).status).toBe(200);
    expect((await read()).status).toBe(410);
    expect(await (await read("/status?logs=1")).json()).toMatchObject({ logs: [] });
  });

  it("is gone in time when its content is removed in another isolate", async ({ expect }) => {
    await read();
    expect(await eraseElsewhere()).toBe("erased");
    expect((await read()).status).toBe(200);
    gateway.clock.offsetMs += TASK_CACHE_LIFETIME_MS;
    expect((await read()).status).toBe(410);
  });

  it("is not held up by polling: its time in memory counts from when it was read", async ({ expect }) => {
    await read();
    await eraseElsewhere();
    for (let second = 0; second < 9; second++) {
      gateway.clock.offsetMs += 1_000;
      expect((await read()).status).toBe(200);
    }
    gateway.clock.offsetMs += 1_000;
    expect((await read()).status).toBe(410);
  });
});

describe("an unfinished task", () => {
  it("is never answered from memory", async ({ expect }) => {
    await emulator.reset({ task_seconds: 30 });
    ({ id } = await submit(gateway));
    asked = [];
    for (let poll = 0; poll < 3; poll++) expect((await read("/status")).status).toBe(202);
    expect(asked.filter((call) => call === "observe")).toHaveLength(3);
  });
});
