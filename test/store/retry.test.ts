import { env } from "cloudflare:workers";
import { beforeEach, describe, it } from "vitest";
import { CAR, emulator, type Gateway, type Json, startGateway } from "../support/gateway.ts";

const VIDEO = "/tencent-vod/v1/aigc-video";

let gateway: Gateway;

/**
 * D1 whose calls fail `times` times with one of the platform's passing faults, before they are executed or, which is
 * worse, after.
 */
function flakyD1(fault: { times: number; after: boolean; message?: string; eachOnce?: boolean }): D1Database {
  const met = new WeakSet<object>();
  const run = async <T>(statement: object, work: () => Promise<T>): Promise<T> => {
    if (fault.times <= 0 || (fault.eachOnce && met.has(statement))) return work();
    fault.times -= 1;
    met.add(statement);
    if (fault.after) await work();
    throw new Error(`D1_ERROR: ${fault.message ?? "Network connection lost."}`);
  };
  const originals = new WeakMap<object, D1PreparedStatement>();
  const wrap = (statement: D1PreparedStatement): D1PreparedStatement => {
    const wrapped = new Proxy(statement, {
      get(target, name: keyof D1PreparedStatement) {
        if (name === "bind") return (...values: unknown[]) => wrap(target.bind(...values));
        const member = target[name];
        return () => run(target, () => member.apply(target));
      },
    });
    originals.set(wrapped, statement);
    return wrapped;
  };
  return new Proxy(env.DB, {
    get(db, name: keyof D1Database) {
      if (name === "prepare") return (sql: string) => wrap(db.prepare(sql));
      if (name === "batch") {
        return (list: D1PreparedStatement[]) =>
          run(list[0] ?? db, () => db.batch(list.map((each) => originals.get(each) ?? each)));
      }
      return db[name];
    },
  });
}

async function bodyOf(answer: Response): Promise<Json> {
  return answer.json();
}

beforeEach(() => emulator.reset());

describe("a passing fault of D1", () => {
  for (const after of [false, true]) {
    it(`${after ? "after" : "before"} a statement is executed is not noticed by the client, and makes nothing twice`, async ({
      expect,
    }) => {
      const fault = { times: 0, after };
      gateway = await startGateway({ env: { DB: flakyD1(fault) } });
      // Each number of faults breaks another statement on the way: the claim, the start, the note of the answer.
      for (let times = 1; times <= 3; times++) {
        fault.times = times;
        const body = { ...CAR, session_id: `s${times}` };
        const headers = { "idempotency-key": `k${times}` };
        const answer = await gateway.post(VIDEO, body, { headers });
        expect(answer.status).toBe(200);
        const again = await gateway.post(VIDEO, body, { headers });
        expect(await bodyOf(again)).toEqual(await bodyOf(answer));
      }
      expect(await emulator.tasks()).toHaveLength(3);
      const rows = await env.DB.prepare("SELECT status FROM tasks").all<{ status: string }>();
      expect(rows.results.map(({ status }) => status)).toEqual(["running", "running", "running"]);
    });
  }

  it("that hits every statement once, the claims above all, still lets one of many through", async ({ expect }) => {
    const fault = { times: Number.POSITIVE_INFINITY, after: true, eachOnce: true };
    gateway = await startGateway({ env: { DB: flakyD1(fault) } });
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => gateway.post(VIDEO, { ...CAR, session_id: "one" })),
    );
    const count = (status: number) => answers.filter((answer) => answer.status === status).length;
    expect([count(200), count(409)]).toEqual([1, 19]);
    expect(await emulator.tasks()).toHaveLength(1);
  });

  it("that does not pass is a 503 that says when to come back, in either dialect, and calls no vendor", async ({
    expect,
  }) => {
    const fault = { times: 0, after: false };
    gateway = await startGateway({ env: { DB: flakyD1(fault) } });
    for (const [path, body] of [
      [VIDEO, CAR],
      ["/v1/video/generations", { model: "viduq3p-720p", prompt: "x" }],
    ] as const) {
      fault.times = 1_000;
      const answer = await gateway.post(path, body);
      expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "2"]);
      expect(await bodyOf(answer)).toMatchObject({ code: "unavailable" });
      fault.times = 0;
    }
    expect(await emulator.calls()).toEqual({});
  });

  it("is told from a fault of ours, which is not repeated", async ({ expect }) => {
    const fault = { times: 1, after: false, message: "no such column: x" };
    gateway = await startGateway();
    gateway = await startGateway({ env: { DB: flakyD1(fault) } }).catch(() => gateway);
    expect(fault.times).toBe(0);
  });
});
