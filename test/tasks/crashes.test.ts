/* The object dies at the worst moments, and its Worker tells it again. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, it } from "vitest";
import type { NewTask } from "../../src/tasks/contract.ts";
import { CREATE, notify, paidSessions, REQUESTS, submit, VIDEO, vendorTaskOf } from "../support/client.ts";
import { CAR, emulator, type Gateway, type Json, startGateway, taskRow, vendorFinishes } from "../support/gateway.ts";
import { activity, pass, until } from "../support/quiet.ts";

const MINUTE_MS = 60_000;

let gateway: Gateway;

beforeEach(async () => {
  await emulator.reset();
  gateway = await startGateway();
});

/** A way to the vendor on which the first create call is held: before the vendor has it, or with its answer. */
async function startHolding(stage: "request" | "answer", bindings: Json = {}) {
  const state = { arrived: false, released: false, calls: 0 };
  const fetch = async (request: Request) => {
    if (request.headers.get("x-tc-action") !== CREATE) return env.EMULATOR.fetch(request);
    state.calls += 1;
    if (state.calls > 1) return env.EMULATOR.fetch(request);
    const answer = stage === "answer" ? await env.EMULATOR.fetch(request) : undefined;
    state.arrived = true;
    await until(() => state.released);
    return answer ?? env.EMULATOR.fetch(request);
  };
  gateway = await startGateway({ env: bindings, deps: { fetch } });
  return state;
}

describe("a crash of the object", () => {
  it("between the vendor's yes and its note leaves one paid task, and the client its id", async ({ expect }) => {
    const state = await startHolding("answer");
    const posted = gateway.post(VIDEO, { ...CAR, session_id: "noted" });
    await until(() => state.arrived);
    await gateway.restart();
    const answer = await posted;
    const { request_id: id } = await answer.json<{ request_id: string }>();
    expect([answer.status, await paidSessions()]).toEqual([200, [`${id}-1`]]);
    expect(await taskRow(id)).toMatchObject({ status: "unknown" });

    await pass(gateway, 3_000);
    const { TaskId: vendorTaskId } = await vendorTaskOf(id);
    expect(await taskRow(id)).toMatchObject({ vendor_task_id: vendorTaskId });
    expect((await gateway.post(VIDEO, { ...CAR, session_id: "noted" })).status).toBe(409);
    await vendorFinishes();
    await notify(gateway, await vendorTaskOf(id));
    expect(await taskRow(id)).toMatchObject({ status: "succeeded" });
    expect(state.calls).toBe(1);
  });

  it("between intent and call leaves a task that is submitted once, when the call can no longer arrive (M7)", async ({
    expect,
  }) => {
    const state = await startHolding("request");
    const posted = gateway.post(VIDEO, CAR);
    await until(() => state.arrived);
    await gateway.restart();
    const { request_id: id } = await (await posted).json<{ request_id: string }>();
    await pass(gateway, 3_000);
    await pass(gateway, 10_000);
    expect([await paidSessions(), state.calls]).toEqual([[], 1]);
    await pass(gateway, 6 * MINUTE_MS);
    expect([await paidSessions(), state.calls]).toEqual([[`${id}-1`], 2]);
    expect(await taskRow(id)).toMatchObject({
      status: "running",
      attempt: 1,
      vendor_task_id: (await vendorTaskOf(id)).TaskId,
    });
  });

  it("mid-call, with a resend that is throttled, leaves it paid once", async ({ expect }) => {
    const state = await startHolding("request");
    const posted = gateway.post(VIDEO, CAR);
    await until(() => state.arrived);
    await gateway.restart();
    const { request_id: id } = await (await posted).json<{ request_id: string }>();
    await emulator.fault({ action: CREATE, kind: "error", code: "RequestLimitExceeded" });
    await pass(gateway, 6 * MINUTE_MS);
    // A refusal of a resend: it counts once a look has found nothing of either call.
    expect(await taskRow(id)).toMatchObject({ status: "unknown", attempt: 1 });
    await pass(gateway, 6 * MINUTE_MS);
    await pass(gateway, 2_000);
    expect(await paidSessions()).toEqual([`${id}-2`]);
    expect(await taskRow(id)).toMatchObject({ status: "running", attempt: 2 });
  });

  it("before the record has a finished task leaves it to be told, once", async ({ expect }) => {
    let told = false;
    const db = new Proxy(env.DB, {
      get(target, name: keyof D1Database) {
        const member = target[name] as (...input: unknown[]) => unknown;
        if (name !== "batch") return member.bind(target);
        // The batch arrives; whoever waits for its answer is dead by then.
        return async (...input: unknown[]) => {
          await member.apply(target, input);
          told = true;
          return new Promise(() => {});
        };
      },
    });
    gateway = await startGateway({ env: { DB: db } });
    const { id } = await submit(gateway);
    await vendorFinishes();
    await notify(gateway, await vendorTaskOf(id));
    await until(() => told);
    gateway = await startGateway();
    await until(async () => (await gateway.services.dispatcher.report()).untold === 0);
    expect((await gateway.get(`${REQUESTS}/${id}`)).status).toBe(200);
    const counted = await env.DB.prepare("SELECT sum(tasks) AS n FROM hourly_counts").first<Json>();
    expect(counted).toEqual({ n: 1 });
  });
});

describe("a task that is told twice", () => {
  /** What the Worker told the object last. */
  function recorded() {
    const { dispatcher } = gateway.services;
    const submitTask = dispatcher.submit.bind(dispatcher);
    const told: NewTask[] = [];
    dispatcher.submit = (task) => {
      told.push(task);
      return submitTask(task);
    };
    return { told, again: () => submitTask(told.at(-1) as NewTask) };
  }

  it("at once and later is one paid task, or one refusal", async ({ expect }) => {
    const { dispatcher } = gateway.services;
    const submitTask = dispatcher.submit.bind(dispatcher);
    const answers: unknown[] = [];
    dispatcher.submit = async (task) => {
      const both = await Promise.all([submitTask(task), submitTask(task)]);
      answers.push(...both, await submitTask(task));
      return both[0];
    };
    const { id } = await submit(gateway, { session_id: "s" });
    expect(await paidSessions()).toEqual([`${id}-1`]);
    expect(answers).toEqual(Array(3).fill(expect.objectContaining({ kind: "accepted", taskId: id, sent: true })));

    await emulator.fault({ action: CREATE, kind: "error", code: "InvalidParameterValue" });
    expect((await gateway.post(VIDEO, CAR)).status).toBe(422);
    expect(await emulator.tasks()).toHaveLength(1);
    expect(answers.slice(3)).toEqual(Array(3).fill(expect.objectContaining({ kind: "refused" })));
  });

  it("while its first call is with a slow vendor keeps its slot, and is found though its event is lost", async ({
    expect,
  }) => {
    const state = await startHolding("answer", { VOD_CONCURRENCY: "1" });
    const { again } = recorded();
    const posted = gateway.post(VIDEO, CAR);
    await until(() => state.arrived);
    await pass(gateway, 12_000, 1);
    const second = again();
    await until(async () => (await activity()).submissions === 2);
    state.released = true;
    expect((await posted).status).toBe(200);
    expect(await second).toMatchObject({ kind: "accepted", sent: true });
    await pass(gateway, 12_000);
    expect(await again()).toMatchObject({ kind: "accepted", sent: true });
    expect(state.calls).toBe(1);
    expect(await gateway.services.dispatcher.report()).toMatchObject({ running: 1 });
    const { request_id: id } = await (await posted).json<{ request_id: string }>();
    await vendorFinishes();
    await pass(gateway, 4 * MINUTE_MS);
    expect([(await taskRow(id))?.status, (await gateway.services.dispatcher.report()).running]).toEqual([
      "succeeded",
      0,
    ]);
  });

  it("after it was over, dropped and forgotten is not begun again within the time a Worker tries", async ({
    expect,
  }) => {
    const { again } = recorded();
    const { id } = await submit(gateway);
    await vendorFinishes();
    await notify(gateway, await vendorTaskOf(id));
    await until(async () => (await gateway.services.dispatcher.report()).untold === 0);
    expect(await again()).toMatchObject({ kind: "accepted", taskId: id });
    expect(await emulator.tasks()).toHaveLength(1);
  });
});
