import { beforeEach, describe, it } from "vitest";
import { emulator, type Gateway, type Json, startGateway, taskRow, taskStates } from "../support/gateway.ts";
import { CREATE, notify, notifyUntilDone, paidSessions, statusOf, submit, vendorTaskOf } from "../support/client.ts";
import { pass, quiet, until } from "../support/quiet.ts";

let gateway: Gateway;

beforeEach(() => emulator.reset());

function limits(concurrency: number, more: Json = {}): Promise<Gateway> {
  return startGateway({ env: { VOD_CONCURRENCY: String(concurrency), ...more } });
}

describe("the vendor's limits", () => {
  it("met after acceptance put the task back, as a new attempt, until there is room", async ({ expect }) => {
    await emulator.reset({ concurrency: 1, task_seconds: 0.05 });
    gateway = await limits(3);
    await Promise.all(Array.from({ length: 6 }, () => submit(gateway)));
    await notifyUntilDone(gateway);
    expect(await taskStates()).toEqual({ succeeded: 6 });
    const sessions = await paidSessions();
    expect(sessions.map((session) => session.split("-").at(-1))).toContain("2");
    expect(new Set(sessions).size).toBe(sessions.length);
  });

  it("met after acceptance halve what runs at once, and half a minute later one more is tried", async ({ expect }) => {
    await emulator.reset({ concurrency: 3, task_seconds: 30 });
    gateway = await limits(4);
    const ids = await Promise.all(Array.from({ length: 4 }, async () => (await submit(gateway)).id));
    await until(async () => (await emulator.tasks()).some(({ Status }) => Status === "FINISH"));
    const refused = (await emulator.tasks()).find(({ Status }) => Status === "FINISH");
    const id = ids.find((each) => refused?.SessionId === `${each}-1`) ?? "";
    await notify(gateway, await vendorTaskOf(id));
    const report = () => gateway.services.dispatcher.report();
    expect(await report()).toMatchObject({ concurrency: 2, waiting: 1, running: 3 });
    await pass(gateway, 31_000);
    expect(await report()).toMatchObject({ concurrency: 3 });
  });

  it("met in the answer do the same, and the client is told it waits", async ({ expect }) => {
    gateway = await limits(2);
    await emulator.fault({ action: CREATE, kind: "error", code: "RequestLimitExceeded" });
    const { id } = await submit(gateway);
    expect(await statusOf(gateway, id)).toMatchObject({ status: "IN_QUEUE" });
    await notifyUntilDone(gateway);
    expect(await taskStates()).toEqual({ succeeded: 1 });
    expect(await paidSessions()).toEqual([`${id}-2`]);
  });

  it("of calls a second are kept in any second", async ({ expect }) => {
    gateway = await limits(1000, { VOD_REQUESTS_PER_SECOND: "5" });
    await emulator.reset({ requests_per_second: 5 });
    await Promise.all(Array.from({ length: 12 }, () => submit(gateway)));
    await notifyUntilDone(gateway);
    expect(await taskStates()).toEqual({ succeeded: 12 });
    expect((await emulator.calls())[CREATE]).toEqual({ OK: 12 });
  });

  it("of calls a second hold over a restart", async ({ expect }) => {
    gateway = await limits(1000, { VOD_REQUESTS_PER_SECOND: "5" });
    await emulator.reset({ requests_per_second: 5 });
    await Promise.all(Array.from({ length: 5 }, () => submit(gateway)));
    await gateway.restart();
    await Promise.all(Array.from({ length: 5 }, () => submit(gateway)));
    await notifyUntilDone(gateway);
    expect((await emulator.calls())[CREATE]).toEqual({ OK: 10 });
  });

  it("hold everything while the vendor does not answer, and readiness says so", async ({ expect }) => {
    gateway = await limits(2);
    await emulator.fault({ action: CREATE, kind: "http_500", times: 1 });
    const { id } = await submit(gateway);
    const waiting = await submit(gateway);
    expect(waiting.position).toBe(0);
    expect(await statusOf(gateway, waiting.id)).toMatchObject({ status: "IN_QUEUE" });
    const ready = await gateway.get("/readyz");
    expect([ready.status, await ready.json()]).toMatchObject([
      200,
      { checks: { d1: "ok", kv: "ok", dispatcher: "ok", vendor: "no_answer" }, queue: { waiting: 1, running: 1 } },
    ]);
    await pass(gateway, 10_000);
    expect(await taskRow(waiting.id)).toMatchObject({ status: "running" });
    // Proved absent only once the vendor cannot be at work on it any more.
    await pass(gateway, 80_000);
    await quiet();
    await notifyUntilDone(gateway);
    expect(await taskStates()).toEqual({ succeeded: 2 });
    expect((await paidSessions()).toSorted()).toEqual([`${id}-1`, `${waiting.id}-1`].toSorted());
  });
});

describe("a vendor that failed seven calls in one instant (L4)", () => {
  it("is called again a second later, and the first answer lets all others go", async ({ expect }) => {
    gateway = await limits(20);
    await emulator.fault({ action: CREATE, kind: "http_500", times: 7 });
    await Promise.all(Array.from({ length: 7 }, () => submit(gateway)));
    const next = await Promise.all(Array.from({ length: 5 }, () => submit(gateway)));
    await pass(gateway, 1_500);
    await until(async () => (await emulator.tasks()).length === 5);
    expect((await paidSessions()).toSorted()).toEqual(next.map(({ id }) => `${id}-1`).toSorted());
    expect((await gateway.services.dispatcher.report()).holdingUntil).toBeNull();
  });
});
