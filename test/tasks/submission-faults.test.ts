import { env } from "cloudflare:workers";
import { beforeEach, describe, it } from "vitest";
import { TASK_STATUSES } from "../../src/store/types.ts";
import {
  CALLBACK,
  CAR,
  completionOf,
  emulator,
  type Gateway,
  type Json,
  startGateway,
  vendorFinishes,
} from "../support/gateway.ts";

const VIDEO = "/tencent-vod/v1/aigc-video";
const ACTION = "CreateAigcVideoTask";

let gateway: Gateway;

beforeEach(async () => {
  await emulator.reset();
  gateway = await startGateway();
});

async function submit(body: Json = CAR): Promise<string> {
  const answer = await gateway.post(VIDEO, body);
  if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`);
  return (await answer.json<{ request_id: string }>()).request_id;
}

function row(id: string) {
  return env.DB.prepare("SELECT status, vendor_task_id, attempt FROM tasks WHERE id = ?1").bind(id).first<Json>();
}

/** Moves the clock past whatever the dispatcher is waiting for, and lets it do that. */
async function later(): Promise<void> {
  gateway.clock.offsetMs += 6 * 60_000;
  await gateway.tick();
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
      await emulator.fault({ action: ACTION, ...fault });
      const id = await submit({ ...CAR, session_id: "s" });
      expect(await row(id)).toMatchObject({ status: "unknown", vendor_task_id: null });
      expect(await emulator.tasks()).toHaveLength(paid);

      const duplicate = await gateway.post(VIDEO, { ...CAR, session_id: "s" });
      expect(duplicate.status).toBe(409);

      await later();
      const tasks = await vendorFinishes();
      expect(tasks.map((task) => task.SessionId)).toEqual([`${id}-1`]);

      const [task] = tasks;
      if (!task) throw new Error("There is one.");
      expect((await gateway.post(CALLBACK, await completionOf(task), { key: null })).status).toBe(200);
      expect((await gateway.get(`/tencent-vod/v1/requests/${id}`)).status).toBe(200);
      expect(await row(id)).toMatchObject({ status: "succeeded", vendor_task_id: task.TaskId });
    });
  }

  it("is resent until it is answered, less and less often, always under the same SessionId", async ({ expect }) => {
    await emulator.fault({ action: ACTION, kind: "drop_before_accept", times: 5 });
    const id = await submit();
    const sentAfterSeconds: number[] = [];
    for (let second = 1, sent = 1; second <= 80; second++) {
      gateway.clock.offsetMs += 1_000;
      await gateway.tick();
      const calls = Object.values((await emulator.calls())[ACTION] ?? {}).reduce((sum, count) => sum + count, 0);
      if (calls > sent) sentAfterSeconds.push(second);
      sent = calls;
    }
    const waits = sentAfterSeconds.map((second, index) => second - (sentAfterSeconds[index - 1] ?? 0));
    expect(waits).toHaveLength(5);
    expect(waits).toEqual(waits.toSorted((a, b) => a - b));
    expect(waits.at(-1)).toBeGreaterThan(8 * (waits[0] ?? 0));
    expect(await row(id)).toMatchObject({ status: "running", attempt: 1 });
    expect((await emulator.tasks()).map((task) => task.SessionId)).toEqual([`${id}-1`]);
  });

  it("is not resent once the vendor may have forgotten the SessionId: the task expires", async ({ expect }) => {
    await emulator.fault({ action: ACTION, kind: "drop_after_accept" });
    const id = await submit();
    gateway.clock.offsetMs = 3 * 24 * 60 * 60 * 1000;
    await gateway.tick();
    expect(await row(id)).toMatchObject({ status: "expired" });
    expect((await emulator.calls())[ACTION]).toEqual({ drop_after_accept: 1 });
    const answer = await gateway.get(`/tencent-vod/v1/requests/${id}`);
    expect([answer.status, await answer.json()]).toMatchObject([500, { code: "expired" }]);
  });

  it("stays unknown when the resend is refused for a reason that says nothing about the first call", async ({
    expect,
  }) => {
    await emulator.fault({ action: ACTION, kind: "drop_after_accept" });
    const id = await submit();
    await emulator.fault({ action: "DescribeTasks", kind: "http_500", times: 2 });
    await emulator.fault({ action: ACTION, kind: "error", code: "RequestLimitExceeded" });
    await later();
    expect(await row(id)).toMatchObject({ status: "unknown" });
    await emulator.fault({ action: ACTION, kind: "error", code: "AuthFailure.SignatureFailure" });
    await later();
    expect(await row(id)).toMatchObject({ status: "unknown" });
    expect(await emulator.tasks()).toHaveLength(1);
  });

  it("fails, and gives the session_id back, when the resend finds the request itself at fault", async ({ expect }) => {
    await emulator.fault({ action: ACTION, kind: "drop_before_accept" });
    const id = await submit({ ...CAR, session_id: "wrong" });
    await emulator.fault({ action: ACTION, kind: "error", code: "InvalidParameterValue.FileId" });
    await later();
    expect(await row(id)).toMatchObject({ status: "failed" });
    expect((await gateway.post(VIDEO, { ...CAR, session_id: "wrong" })).status).toBe(200);
  });

  it("is found at the vendor by its SessionId, though answer and notification are lost", async ({ expect }) => {
    await emulator.fault({ action: ACTION, kind: "drop_after_accept" });
    const id = await submit();
    const [task] = await vendorFinishes();
    await later();
    expect((await emulator.calls())[ACTION]).toEqual({ drop_after_accept: 1 });
    expect(await row(id)).toMatchObject({ status: "succeeded", vendor_task_id: task?.TaskId });
  });

  it("is completed by its event even while nobody has learnt the vendor's id", async ({ expect }) => {
    await emulator.fault({ action: ACTION, kind: "drop_after_accept" });
    const id = await submit();
    const [task] = await vendorFinishes();
    if (!task) throw new Error("The vendor has the task.");
    await gateway.post(CALLBACK, await completionOf(task), { key: null });
    expect(await row(id)).toMatchObject({ status: "succeeded", vendor_task_id: task.TaskId });
  });
});

describe("a crash", () => {
  it("of the dispatcher before it wrote anything leaves a task that it finds later", async ({ expect }) => {
    const { dispatcher } = gateway.services;
    dispatcher.submit = async () => undefined;
    const id = await submit();
    expect(await row(id)).toMatchObject({ status: "queued" });
    expect(await emulator.tasks()).toHaveLength(0);
    await gateway.reconcile();
    await until(async () => (await emulator.tasks()).length === 1);
    await gateway.reconcile();
    expect(await emulator.tasks()).toHaveLength(1);
  });

  it("of the dispatcher before its answer leaves one paid task, whose id the client gets", async ({ expect }) => {
    const { dispatcher } = gateway.services;
    const told = dispatcher.submit.bind(dispatcher);
    dispatcher.submit = async (input) => void (await told(input));
    const id = await submit({ ...CAR, session_id: "s" });
    await gateway.reconcile();
    expect((await emulator.tasks()).map(({ SessionId }) => SessionId)).toEqual([`${id}-1`]);
    expect(await row(id)).toMatchObject({ status: "running" });
  });

  it("of the way to the dispatcher, which is told twice, leaves one paid task, or one refusal", async ({ expect }) => {
    const { dispatcher } = gateway.services;
    const told = dispatcher.submit.bind(dispatcher);
    dispatcher.submit = async (input) => {
      const [first] = await Promise.all([told(input), told(input)]);
      await told(input);
      return first;
    };
    const id = await submit();
    expect((await emulator.tasks()).map(({ SessionId }) => SessionId)).toEqual([`${id}-1`]);

    await emulator.fault({ action: ACTION, kind: "error", code: "InvalidParameterValue" });
    expect((await gateway.post(VIDEO, CAR)).status).toBe(422);
    expect(await emulator.tasks()).toHaveLength(1);
  });

  it("between intent and call leaves a task that is submitted, once", async ({ expect }) => {
    gateway = await startGateway({ deps: { fetch: () => new Promise(() => {}) } });
    void gateway.post(VIDEO, CAR);
    const submitting = "SELECT count(*) AS n FROM tasks WHERE status = 'submitting'";
    await until(async () => (await env.DB.prepare(submitting).first<{ n: number }>())?.n === 1);

    gateway = await startGateway();
    expect(await emulator.tasks()).toHaveLength(0);
    await later();
    const tasks = await emulator.tasks();
    expect(tasks).toHaveLength(1);
    const { id } = (await env.DB.prepare("SELECT id FROM tasks").first<{ id: string }>()) ?? { id: "" };
    expect(tasks[0]?.SessionId).toBe(`${id}-1`);
    expect(await row(id)).toMatchObject({ status: "running", vendor_task_id: tasks[0]?.TaskId });
  });

  it("between the vendor's yes and its note leaves one paid task, and the client its id", async ({ expect }) => {
    // The store breaks exactly once the vendor has been called.
    let called = false;
    const broken = new Proxy(env.DB, {
      get(db, name: keyof D1Database) {
        if (called) throw new Error("D1 is away");
        const member = db[name];
        return typeof member === "function" ? member.bind(db) : member;
      },
    });
    gateway = await startGateway({
      env: { DB: broken },
      deps: {
        fetch: async (request) => {
          const answer = await env.EMULATOR.fetch(request);
          called = true;
          return answer;
        },
      },
    });
    const answer = await gateway.post(VIDEO, { ...CAR, session_id: "noted" });
    expect(answer.status).toBe(200);
    const { request_id: id } = await answer.json<{ request_id: string }>();
    expect(await row(id)).toMatchObject({ status: "submitting" });

    gateway = await startGateway();
    await later();
    expect(await row(id)).toMatchObject({ vendor_task_id: (await emulator.tasks())[0]?.TaskId });
    const [task, ...others] = await vendorFinishes();
    expect(others).toEqual([]);
    if (!task) throw new Error("The vendor has the task.");
    await gateway.post(CALLBACK, await completionOf(task), { key: null });
    expect(await row(id)).toMatchObject({ status: "succeeded" });
  });

  it("of D1 before the intent is written calls no vendor", async ({ expect }) => {
    const broken = new Proxy(env.DB, {
      get(db, name: keyof D1Database) {
        if (name === "batch") throw new Error("D1 is away");
        const member = db[name];
        return typeof member === "function" ? member.bind(db) : member;
      },
    });
    gateway = await startGateway({ env: { DB: broken } });
    const answer = await gateway.post(VIDEO, CAR);
    expect(answer.status).toBe(500);
    expect(await answer.json()).toMatchObject({ code: "internal_error" });
    expect(await emulator.calls()).toEqual({});
  });
});

describe("two ticks at once", () => {
  it("resend a task once between them", async ({ expect }) => {
    await emulator.fault({ action: ACTION, kind: "drop_before_accept" });
    await submit();
    gateway.clock.offsetMs += 60_000;
    await Promise.all([gateway.tick(), gateway.tick(), gateway.tick()]);
    const calls = await emulator.calls();
    expect(calls[ACTION]).toEqual({ drop_before_accept: 1, OK: 1 });
  });
});

describe("terminal states", () => {
  const terminal = new Set(["succeeded", "failed", "canceled", "expired"]);
  it("are left by no update the store has", async ({ expect }) => {
    for (const status of TASK_STATUSES.filter((name) => terminal.has(name))) {
      const id = await submit();
      await env.DB.prepare("UPDATE tasks SET status = ?2 WHERE id = ?1").bind(id, status).run();
      const { tasks } = gateway.services.store;
      const at = { id, attempt: 1, now: Date.now() };
      const failure = { code: "X", message: "x" };
      const giveBack = { giveBackSession: true, giveBackIdempotencyKey: true };
      const updates = [
        tasks.begin(id, at.now).then((found) => found !== null),
        tasks.markRunning({ ...at, vendorTaskId: `other-${status}` }),
        tasks.markUnknown(at),
        tasks.markRefused({ ...at, failure, ...giveBack }),
        tasks.requeue(at),
        tasks.endQueued({ ...at, status: "canceled", message: "" }),
        tasks.markAborted(at),
        tasks.markExpired({ ...at, failure }),
        tasks.complete({ ...at, taskId: id, vendorTaskId: "v", outcome: { status: "succeeded", result: "{}" } }),
        tasks.complete({ ...at, taskId: id, vendorTaskId: "v", outcome: { status: "queued" } }),
      ];
      expect(await Promise.all(updates)).toEqual(Array(updates.length).fill(false));
      expect(await row(id)).toMatchObject({ status });
    }
  });
});

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
}

describe("a task that the vendor took and nobody can find", () => {
  it("holds up the others for half an hour and no longer, and is looked for all the same", async ({ expect }) => {
    gateway = await startGateway({ env: { VOD_CONCURRENCY: "1" } });
    await emulator.fault({ action: ACTION, kind: "drop_after_accept" });
    await emulator.fault({ action: "DescribeTasks", kind: "error", code: "FailedOperation", times: 1_000 });
    const lost = await submit();
    const next = await submit();
    for (let minutes = 0; minutes < 24; minutes += 6) await later();
    expect(await row(lost)).toMatchObject({ status: "unknown" });
    expect(await row(next)).toMatchObject({ status: "queued" });
    await later();
    await later();
    expect(await row(next)).toMatchObject({ status: "running" });
    expect(await row(lost)).toMatchObject({ status: "unknown" });
    expect(await emulator.tasks()).toHaveLength(2);

    // Its event comes after all.
    const task = (await vendorFinishes()).find(({ SessionId }) => SessionId === `${lost}-1`);
    if (!task) throw new Error("The vendor has no task.");
    const t = Math.floor(gateway.services.deps.now() / 1000) + 600;
    await gateway.post(CALLBACK, await completionOf(task, { t }), { key: null });
    expect(await row(lost)).toMatchObject({ status: "succeeded" });
    expect(await gateway.services.dispatcher.report()).toMatchObject({ running: 1 });
  });
});
