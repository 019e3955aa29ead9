/* The way between Worker and object: broken calls, and no object at all. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, it } from "vitest";
import { cancel, CREATE, notifyUntilDone, paidSessions, REQUESTS, statusOf, submit, VIDEO } from "../support/client.ts";
import { CAR, emulator, type Gateway, type Json, recordHasAll, startGateway, taskStates } from "../support/gateway.ts";

let gateway: Gateway;

/** The object's binding, with calls that break: `instead` says how, or undefined for those that go through. */
function brokenBinding(instead: (call: string, made: () => Promise<unknown>) => Promise<unknown> | undefined) {
  const getByName = (name: string) =>
    new Proxy(env.DISPATCHER.getByName(name), {
      get(target, call: string) {
        // Called in one go: a stub takes each further name for the name of another call.
        const calls = target as unknown as Record<string, (...input: unknown[]) => Promise<unknown>>;
        return (...input: unknown[]) => {
          const made = () => Promise.resolve(calls[call]?.(...input));
          return instead(call, made) ?? made();
        };
      },
    });
  return { getByName } as unknown as typeof env.DISPATCHER;
}

/** Breaks the first calls of `submit` after they were made. */
function breaking(times: number) {
  let calls = 0;
  return brokenBinding((call, made) => {
    if (call !== "submit" || ++calls > times) return undefined;
    return made().then(() => Promise.reject(new Error("Network connection lost.")));
  });
}

beforeEach(() => emulator.reset());

describe("a call to the object that breaks after it was made", () => {
  for (const broken of [1, 2, 3]) {
    it(`${broken} times leaves one paid task, whose id the client gets`, async ({ expect }) => {
      gateway = await startGateway({ env: { DISPATCHER: breaking(broken) } });
      const { id } = await submit(gateway, { session_id: "s" });
      expect(await paidSessions()).toEqual([`${id}-1`]);
      expect(await taskStates()).toEqual({ running: 1 });
    });

    it(`${broken} times, of a task that the vendor refused, claims nothing again`, async ({ expect }) => {
      gateway = await startGateway({ env: { DISPATCHER: breaking(broken) } });
      await emulator.fault({ action: CREATE, kind: "error", code: "InvalidParameterValue" });
      expect((await gateway.post(VIDEO, { ...CAR, session_id: "s" })).status).toBe(422);
      expect(await emulator.tasks()).toHaveLength(0);
      expect((await gateway.post(VIDEO, { ...CAR, session_id: "s" })).status).toBe(200);
      expect(await emulator.tasks()).toHaveLength(1);
    });
  }

  it("again and again is a 503 with the task's id, and nothing is made twice by a repetition", async ({ expect }) => {
    gateway = await startGateway({ env: { DISPATCHER: breaking(4) } });
    const headers = { "idempotency-key": "k" };
    const lost = await gateway.post(VIDEO, CAR, { headers });
    const { request_id: id } = await lost.json<{ request_id: string }>();
    expect([lost.status, Number(lost.headers.get("retry-after")) > 0]).toEqual([503, true]);
    expect(await paidSessions()).toEqual([`${id}-1`]);
    expect(await statusOf(gateway, id)).toMatchObject({ status: "IN_PROGRESS" });
    expect((await submit(gateway, {}, { headers })).id).toBe(id);
    expect(await emulator.tasks()).toHaveLength(1);
  });
});

describe("an object that says that it has too much to do", () => {
  it("is not asked again at once, and the client is told to wait longer", async ({ expect }) => {
    let calls = 0;
    const overloaded = Object.assign(new Error("Too many requests."), { overloaded: true, retryable: true });
    const binding = brokenBinding((call) => {
      if (call !== "submit") return undefined;
      calls += 1;
      return Promise.reject(overloaded);
    });
    gateway = await startGateway({ env: { DISPATCHER: binding } });
    const answer = await gateway.post(VIDEO, CAR);
    expect([answer.status, answer.headers.get("retry-after"), calls]).toEqual([503, "10", 1]);
    expect(await taskStates()).toEqual({});
  });
});

describe("without an object", () => {
  it("what asks it is a 503 that says when to come back, in the dialect, and changes nothing", async ({ expect }) => {
    gateway = await startGateway();
    const { id } = await submit(gateway);
    await notifyUntilDone(gateway);
    await recordHasAll(gateway);
    const running = await submit(gateway);
    let away = true;
    const binding = brokenBinding(() => (away ? Promise.reject(new Error("Network connection lost.")) : undefined));
    gateway = await startGateway({ env: { DISPATCHER: binding } });
    const asking = [
      await gateway.post(VIDEO, CAR),
      await cancel(gateway, running.id),
      await gateway.get(`${REQUESTS}/${running.id}/status`),
      await gateway.post(`${VIDEO}?fal_max_queue_length=3`, CAR),
      await gateway.post(`${VIDEO}?dry_run=1`, CAR),
    ];
    for (const refused of asking) {
      expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "2"]);
      expect(await refused.json<Json>()).toMatchObject({ code: "unavailable", detail: expect.any(String) });
    }
    // What the record has stands.
    expect((await gateway.get(`${REQUESTS}/${id}`)).status).toBe(200);
    expect((await cancel(gateway, id)).status).toBe(400);
    away = false;
    expect(await taskStates()).toEqual({ succeeded: 1, running: 1 });
    expect(await emulator.tasks()).toHaveLength(2);
  });
});
