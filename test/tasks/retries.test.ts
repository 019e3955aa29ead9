/* Clients that number their attempts and send no Idempotency-Key: one create is one paid task, two creates are two. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, it } from "vitest";
import { addKey, emulator, type Gateway, type Json, startGateway } from "../support/gateway.ts";

const VIDEOS = "/v1/videos";
const AGENT = "OpenAI/JS 7.55.0";
const ELEVEN_MINUTES_MS = 11 * 60 * 1000;

let gateway: Gateway;

beforeEach(async () => {
  await emulator.reset();
  gateway = await startGateway();
});

type Sent = { headers?: Record<string, string>; key?: string; body?: Json; path?: string; at?: Gateway };

async function attempt(
  number: number,
  { headers, key, body = { prompt: "a car" }, path = VIDEOS, at = gateway }: Sent = {},
) {
  const response = await at.post(path, body, {
    headers: { "x-stainless-retry-count": String(number), "user-agent": AGENT, ...headers },
    ...(key !== undefined && { key }),
  });
  const { id, error } = await response.json<{ id?: string; error?: { code: string } | null }>();
  const replayed = response.headers.get("idempotent-replayed") === "true";
  return { status: response.status, id, replayed, code: error?.code };
}

const paid = async () => (await emulator.tasks()).length;

describe("one create", () => {
  it("whose answers are lost is one task, and each repetition gets its id", async ({ expect }) => {
    const answers = [await attempt(0), await attempt(1), await attempt(2)];
    expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
    expect(answers.map(({ status, replayed }) => [status, replayed])).toEqual([
      [200, false],
      [200, true],
      [200, true],
    ]);
    expect(await paid()).toBe(1);
  });

  it("whose repetition comes while the first is with the vendor is one task", async ({ expect }) => {
    await emulator.fault({ action: "CreateAigcVideoTask", kind: "slow", delay_ms: 400, times: 1 });
    const first = attempt(0);
    await platformPause(50);
    const [a, b, c] = await Promise.all([first, attempt(1), attempt(2)]);
    expect([b?.id, c?.id]).toEqual([a?.id, a?.id]);
    expect(await paid()).toBe(1);
  });

  it("whose repetition overtakes the first on its way to the database is one task", async ({ expect }) => {
    const gate = gateFor("INSERT INTO recent_creates");
    const slow = await startGateway({ env: { DB: gate.db } });
    gate.close();
    const first = attempt(0, { at: slow });
    await gate.reached;
    // Their order is that of their times; no repetition comes within the same millisecond.
    await new Promise((resolve) => setTimeout(resolve, 5));
    const second = await attempt(1, { at: slow });
    gate.open();
    expect((await first).id).toBe(second.id);
    expect(await paid()).toBe(1);
  });

  it("whose first never came is one task", async ({ expect }) => {
    const answers = [await attempt(1), await attempt(2)];
    expect(answers[1]?.id).toBe(answers[0]?.id);
    expect(await paid()).toBe(1);
  });

  it("that the gateway failed half-way is made by its repetition, once", async ({ expect }) => {
    const gate = gateFor("INSERT INTO tasks ");
    const failing = await startGateway({ env: { DB: gate.db } });
    gate.fail();
    expect((await attempt(0, { at: failing })).status).toBe(500);
    gate.open();
    const answers = [await attempt(1, { at: failing }), await attempt(2, { at: failing })];
    expect(answers.map(({ status, replayed }) => [status, replayed])).toEqual([
      [200, false],
      [200, true],
    ]);
    expect(await paid()).toBe(1);
  });

  it("that the vendor refused is refused again", async ({ expect }) => {
    await emulator.fault({ action: "CreateAigcVideoTask", kind: "error", code: "InvalidParameterValue", times: 1 });
    const [first, second] = [await attempt(0), await attempt(1)];
    expect(first.code).toBe("InvalidParameterValue");
    expect([second.status, second.code]).toEqual([first.status, first.code]);
    expect(await paid()).toBe(0);
  });

  it("as a remix is one task of its own source", async ({ expect }) => {
    const [a, b] = [await attempt(0, { body: { prompt: "a" } }), await attempt(0, { body: { prompt: "a" } })];
    const remixOf = (id: string | undefined) => ({ path: `${VIDEOS}/${id}/remix`, body: { prompt: "b" } });
    const ofA = await attempt(0, remixOf(a.id));
    const ofB = await attempt(0, remixOf(b.id));
    expect((await attempt(1, remixOf(a.id))).id).toBe(ofA.id);
    expect((await attempt(1, remixOf(b.id))).id).toBe(ofB.id);
    expect(await paid()).toBe(4);
  });
});

describe("two creates", () => {
  it("that are equal are two tasks, and stay two when all answers are lost", async ({ expect }) => {
    const firsts = await Promise.all([attempt(0), attempt(0), attempt(0), attempt(0)]);
    const ids = new Set(firsts.map(({ id }) => id));
    expect(ids.size).toBe(4);
    for (const number of [1, 2]) {
      const repetitions = await Promise.all([attempt(number), attempt(number), attempt(number), attempt(number)]);
      expect(new Set(repetitions.map(({ id }) => id))).toEqual(ids);
    }
    expect(await paid()).toBe(4);
  });

  it("a deliberate one after a lost one is a task of its own", async ({ expect }) => {
    const lost = await attempt(1);
    const deliberate = await attempt(0);
    expect(deliberate.id).not.toBe(lost.id);
    expect((await attempt(1)).id).toBe(deliberate.id);
    expect(await paid()).toBe(2);
  });

  it.for<[string, Sent]>([
    ["another request", { body: { prompt: "a bus" } }],
    ["another client", { headers: { "user-agent": "OpenAI/Python 3.22.1" } }],
    ["another key of the owner", { key: "sk-second" }],
    ["another owner", { key: "sk-other" }],
    ["a number that is none", { headers: { "x-stainless-retry-count": "1st" } }],
    ["an Idempotency-Key", { headers: { "idempotency-key": "mine" } }],
  ])("a repetition with %s is another create", async ([, sent], { expect }) => {
    await addKey("sk-second", "acme", ["submit"]);
    await addKey("sk-other", "other", ["submit"]);
    const first = await attempt(0);
    const other = await attempt(1, sent);
    expect([other.status, other.replayed, other.id === first.id]).toEqual([200, false, false]);
    expect(await paid()).toBe(2);
  });

  it("a repetition after all clients have given up is another create", async ({ expect }) => {
    const first = await attempt(0);
    gateway.clock.offsetMs = ELEVEN_MINUTES_MS;
    expect((await attempt(1)).id).not.toBe(first.id);
  });
});

function platformPause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** D1 that can hold or fail the next batch with a statement that has `text` in it. */
function gateFor(text: string) {
  let mode: "open" | "closed" | "failing" = "open";
  let release = () => {};
  let arrived = () => {};
  const opened = new Promise<void>((resolve) => (release = resolve));
  const reached = new Promise<void>((resolve) => (arrived = resolve));
  const marked = new WeakSet<D1PreparedStatement>();
  const mark = (statement: D1PreparedStatement): D1PreparedStatement => {
    marked.add(statement);
    const bind = statement.bind.bind(statement);
    statement.bind = (...values) => mark(bind(...values));
    return statement;
  };
  const db = new Proxy(env.DB, {
    get(target, name: keyof D1Database) {
      if (name === "prepare") {
        return (sql: string) => (sql.includes(text) ? mark(target.prepare(sql)) : target.prepare(sql));
      }
      if (name === "batch") {
        return async (statements: D1PreparedStatement[]) => {
          if (mode === "failing" && statements.some((statement) => marked.has(statement))) throw new Error("broken");
          if (mode === "closed" && statements.some((statement) => marked.has(statement))) {
            mode = "open";
            arrived();
            await opened;
          }
          return target.batch(statements);
        };
      }
      return target[name].bind(target);
    },
  });
  return {
    db,
    reached,
    close: () => void (mode = "closed"),
    fail: () => void (mode = "failing"),
    open: () => {
      mode = "open";
      release();
    },
  };
}
