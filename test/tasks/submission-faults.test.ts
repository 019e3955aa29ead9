import { env } from "cloudflare:workers";
import { beforeEach, describe, it } from "vitest";
import { CREATE_CALL_MAX_MS } from "../../src/vod/client.ts";
import { CREATE, notify, paidSessions, REQUESTS, submit, VIDEO, vendorTaskOf } from "../support/client.ts";
import { CAR, emulator, type Gateway, type Json, startGateway, taskRow, vendorFinishes } from "../support/gateway.ts";
import { pass, startStill } from "../support/quiet.ts";

const MINUTE_MS = 60_000;
/** Of VOD_RESEND_SECONDS' default. */
const RESEND_AFTER_MS = 60_000;

let gateway: Gateway;

beforeEach(async () => {
  await emulator.reset();
  gateway = await startGateway();
});

/** Longer than anything the gateway waits for while it is in doubt for the first time. */
const later = () => pass(gateway, 6 * MINUTE_MS);

async function callsOf(action: string): Promise<number> {
  return Object.values((await emulator.calls())[action] ?? {}).reduce((sum, count) => sum + count, 0);
}

describe("an unanswered create call", () => {
  const silences = [
    { kind: "drop_after_accept", paid: 1 },
    { kind: "drop_before_accept", paid: 0 },
    { kind: "bad_json", paid: 1 },
    { kind: "http_500", paid: 0 },
    { kind: "error", code: "InternalError", paid: 0 },
    { kind: "error", code: "FailedOperation", paid: 0 },
    { kind: "error", code: "SomethingNobodyKnows", paid: 0 },
  ];

  for (const { paid, ...fault } of silences) {
    const name = [fault.kind, fault.code].filter(Boolean).join(" ");
    it(`(${name}) is an accepted task in state unknown, and never paid twice`, async ({ expect }) => {
      await emulator.fault({ action: CREATE, ...fault });
      const { id } = await submit(gateway, { session_id: "s" });
      expect(await taskRow(id)).toMatchObject({ status: "unknown", vendor_task_id: null });
      expect(await emulator.tasks()).toHaveLength(paid);

      const duplicate = await gateway.post(VIDEO, { ...CAR, session_id: "s" });
      expect(duplicate.status).toBe(409);

      await later();
      const tasks = await vendorFinishes();
      expect(tasks.map((task) => task.SessionId)).toEqual([`${id}-1`]);

      const [task] = tasks;
      if (!task) throw new Error("There is one.");
      expect((await notify(gateway, task)).status).toBe(200);
      expect((await gateway.get(`${REQUESTS}/${id}`)).status).toBe(200);
      expect(await taskRow(id)).toMatchObject({ status: "succeeded", vendor_task_id: task.TaskId });
    });
  }

  it("is looked for after 2 s, and then ever later; sent again only when it cannot be at work any more", async ({
    expect,
  }) => {
    gateway = await startStill();
    await emulator.fault({ action: CREATE, kind: "drop_before_accept", times: 2 });
    const { id } = await submit(gateway);
    const looked: number[] = [];
    const sent: number[] = [];
    let [looks, calls] = [0, 1];
    for (let second = 1; second <= 190; second++) {
      await pass(gateway, 1_000);
      const now = [await callsOf("DescribeTasks"), await callsOf(CREATE)] as const;
      if (now[0] > looks) looked.push(second);
      if (now[1] > calls) sent.push(second);
      [looks, calls] = now;
    }
    const provable = Math.floor((CREATE_CALL_MAX_MS + RESEND_AFTER_MS) / 1_000);
    expect(looked.slice(0, 6)).toEqual([2, 6, 14, 30, 62, provable]);
    expect(sent).toHaveLength(2);
    for (const [index, second] of sent.entries()) {
      const waited = second - (sent[index - 1] ?? 0);
      expect(waited).toBeGreaterThanOrEqual(provable);
      expect(waited).toBeLessThan(provable + 5);
    }
    expect(await taskRow(id)).toMatchObject({ status: "running", attempt: 1 });
    expect(await paidSessions()).toEqual([`${id}-1`]);
  });

  it("is not resent once the vendor may have forgotten the SessionId: the task expires", async ({ expect }) => {
    await emulator.fault({ action: CREATE, kind: "drop_after_accept" });
    const { id } = await submit(gateway, { session_id: "gone" });
    await pass(gateway, 3 * 24 * 60 * MINUTE_MS);
    expect(await taskRow(id)).toMatchObject({ status: "expired" });
    expect((await emulator.calls())[CREATE]).toEqual({ drop_after_accept: 1 });
    const answer = await gateway.get(`${REQUESTS}/${id}`);
    expect([answer.status, await answer.json()]).toMatchObject([500, { code: "expired" }]);
    // It may have been paid: its name is not given back.
    expect((await gateway.post(VIDEO, { ...CAR, session_id: "gone" })).status).toBe(409);
  });

  it("fails, and gives the session_id back, when the resend finds the request itself at fault", async ({ expect }) => {
    await emulator.fault({ action: CREATE, kind: "drop_before_accept" });
    const { id } = await submit(gateway, { session_id: "wrong" });
    await emulator.fault({ action: CREATE, kind: "error", code: "InvalidParameterValue.FileId" });
    await later();
    // The refusal of a resend proves nothing before a look has found neither call's task.
    expect(await taskRow(id)).toMatchObject({ status: "unknown" });
    expect((await gateway.post(VIDEO, { ...CAR, session_id: "wrong" })).status).toBe(409);
    await later();
    expect(await taskRow(id)).toMatchObject({ status: "failed", error_code: "InvalidParameterValue.FileId" });
    expect((await gateway.post(VIDEO, { ...CAR, session_id: "wrong" })).status).toBe(200);
  });

  it("is found at the vendor by its SessionId, though answer and notification are lost", async ({ expect }) => {
    await emulator.fault({ action: CREATE, kind: "drop_after_accept" });
    const { id } = await submit(gateway);
    const [task] = await vendorFinishes();
    await later();
    expect((await emulator.calls())[CREATE]).toEqual({ drop_after_accept: 1 });
    expect(await taskRow(id)).toMatchObject({ status: "succeeded", vendor_task_id: task?.TaskId });
  });

  it("is completed by its event even while nobody has learnt the vendor's id", async ({ expect }) => {
    await emulator.fault({ action: CREATE, kind: "drop_after_accept" });
    const { id } = await submit(gateway);
    const [task] = await vendorFinishes();
    if (!task) throw new Error("The vendor has the task.");
    await notify(gateway, task);
    expect(await taskRow(id)).toMatchObject({ status: "succeeded", vendor_task_id: task.TaskId });
  });

  it("whose refusal says that the vendor knows the SessionId is never sent again, only looked for", async ({
    expect,
  }) => {
    await emulator.fault({ action: CREATE, kind: "error", code: "InvalidParameterValue.SessionId" });
    const { id } = await submit(gateway);
    for (let hours = 0; hours < 5; hours++) await pass(gateway, 60 * MINUTE_MS);
    expect(await taskRow(id)).toMatchObject({ status: "unknown" });
    expect(await callsOf(CREATE)).toBe(1);
  });
});

describe("the vendor's list", () => {
  const FAULTS: [name: string, fault: Json][] = [
    ["answers 500", { action: "DescribeTasks", kind: "http_500", times: 1_000 }],
    ["is refused", { action: "DescribeTasks", kind: "error", code: "FailedOperation", times: 1_000 }],
    ["is no JSON", { action: "DescribeTasks", kind: "bad_json", times: 1_000 }],
  ];
  for (const [name, fault] of FAULTS) {
    it(`that ${name} allows no resend (M3, M4), and the event is believed`, async ({ expect }) => {
      await emulator.fault({ action: CREATE, kind: "drop_after_accept" });
      await emulator.fault(fault);
      const { id } = await submit(gateway, { session_id: "s" });
      await vendorFinishes();
      for (let hours = 0; hours < 12; hours++) await pass(gateway, 60 * MINUTE_MS);
      expect(await taskRow(id)).toMatchObject({ status: "unknown" });
      expect(await callsOf(CREATE)).toBe(1);
      expect((await gateway.post(VIDEO, { ...CAR, session_id: "s" })).status).toBe(409);
      await notify(gateway, await vendorTaskOf(id));
      expect(await taskRow(id)).toMatchObject({ status: "succeeded" });
    });
  }

  it("that runs out of pages before it comes to the task allows no resend (M4)", async ({ expect }) => {
    let pages = 0;
    gateway = await startGateway({
      deps: {
        fetch: async (request) => {
          if (request.headers.get("x-tc-action") !== "DescribeTasks") return env.EMULATOR.fetch(request);
          pages += 1;
          return Response.json({ Response: { TaskSet: [], ScrollToken: `page ${pages}`, RequestId: "r" } });
        },
      },
    });
    await emulator.fault({ action: CREATE, kind: "drop_after_accept" });
    const { id } = await submit(gateway);
    await later();
    await later();
    expect(pages).toBeGreaterThanOrEqual(200);
    expect(await taskRow(id)).toMatchObject({ status: "unknown" });
    expect(await callsOf(CREATE)).toBe(1);
  });
});

describe("three ticks at once", () => {
  it("resend a task once between them", async ({ expect }) => {
    await emulator.fault({ action: CREATE, kind: "drop_before_accept" });
    const { id } = await submit(gateway);
    gateway.clock.offsetMs += 6 * MINUTE_MS;
    await Promise.all([gateway.tick(), gateway.tick(), gateway.tick()]);
    await pass(gateway, 0);
    expect((await emulator.calls())[CREATE]).toEqual({ drop_before_accept: 1, OK: 1 });
    expect(await taskRow(id)).toMatchObject({ status: "running" });
  });
});

describe("a task that the vendor took and nobody can find", () => {
  it("holds up the others for half an hour and no longer, and is looked for all the same", async ({ expect }) => {
    gateway = await startGateway({ env: { VOD_CONCURRENCY: "1" } });
    await emulator.fault({ action: CREATE, kind: "drop_after_accept" });
    await emulator.fault({ action: "DescribeTasks", kind: "error", code: "FailedOperation", times: 1_000 });
    const lost = await submit(gateway);
    const next = await submit(gateway);
    for (let minutes = 0; minutes < 24; minutes += 6) await later();
    expect(await taskRow(lost.id)).toMatchObject({ status: "unknown" });
    expect(await taskRow(next.id)).toMatchObject({ status: "queued" });
    await later();
    await later();
    expect(await taskRow(next.id)).toMatchObject({ status: "running" });
    expect(await taskRow(lost.id)).toMatchObject({ status: "unknown" });
    const looks = await callsOf("DescribeTasks");
    await later();
    expect(await callsOf("DescribeTasks")).toBeGreaterThan(looks);
    expect(await emulator.tasks()).toHaveLength(2);

    // Its event comes after all.
    await vendorFinishes();
    await notify(gateway, await vendorTaskOf(lost.id));
    expect(await taskRow(lost.id)).toMatchObject({ status: "succeeded" });
  });
});
