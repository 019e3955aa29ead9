import { beforeEach, describe, it } from "vitest";
import { addKey, emulator, type Gateway, recordHasAll, startGateway, taskRow, taskStates } from "../support/gateway.ts";
import {
  cancel,
  notify,
  notifyUntilDone,
  paidSessions,
  REQUESTS,
  statusOf,
  submit,
  vendorTaskOf,
} from "../support/client.ts";
import { pass, until } from "../support/quiet.ts";
import { accepted, failed, onCell, SECOND_MS } from "./support.ts";

let gateway: Gateway;

beforeEach(async () => {
  await emulator.reset();
  gateway = await startGateway({ env: { VOD_CONCURRENCY: "1" } });
});

describe("cancel", () => {
  it("ends a waiting task at once, unpaid, and gives its session_id back", async ({ expect }) => {
    await submit(gateway);
    const { id } = await submit(gateway, { session_id: "mine" });
    const answer = await cancel(gateway, id);
    expect([answer.status, await answer.json()]).toEqual([202, { status: "CANCELLATION_REQUESTED", request_id: id }]);
    expect(await statusOf(gateway, id)).toMatchObject({ status: "COMPLETED", error_type: "canceled" });
    const again = await cancel(gateway, id);
    expect([again.status, await again.json()]).toMatchObject([400, { status: "ALREADY_COMPLETED" }]);
    await submit(gateway, { session_id: "mine" });
    await notifyUntilDone(gateway);
    expect(await taskStates()).toEqual({ canceled: 1, succeeded: 2 });
    expect(await emulator.tasks()).toHaveLength(2);
  });

  it("of a task that the record alone still has is too late, too", async ({ expect }) => {
    const { id } = await submit(gateway);
    await notifyUntilDone(gateway);
    await recordHasAll(gateway);
    // Nameless, so the object drops it before long.
    await pass(gateway, 20 * 60_000);
    expect(await gateway.services.dispatcher.cancel("acme", id)).toBe("not_found");
    const answer = await cancel(gateway, id);
    expect([answer.status, await answer.json()]).toMatchObject([400, { status: "ALREADY_COMPLETED" }]);
  });

  it("of a running task is the vendor's to grant; here it refuses", async ({ expect }) => {
    await emulator.reset({ task_seconds: 5 });
    const { id } = await submit(gateway);
    const answer = await cancel(gateway, id);
    expect([answer.status, await answer.json()]).toMatchObject([400, { status: "IN_PROGRESS", request_id: id }]);
    expect(Object.keys(await emulator.calls())).toContain("ManageTask");
    expect(await statusOf(gateway, id)).toMatchObject({ status: "IN_PROGRESS" });
  });

  it("that the vendor grants ends the task, frees its slot, and keeps its session_id", async ({ expect }) => {
    await emulator.reset({ task_seconds: 30, abort: "allow" });
    const { id } = await submit(gateway, { session_id: "mine" });
    const next = await submit(gateway);
    const answer = await cancel(gateway, id);
    expect([answer.status, await answer.json()]).toEqual([202, { status: "CANCELLATION_REQUESTED", request_id: id }]);
    expect(await taskRow(id)).toMatchObject({ status: "canceled" });
    expect(await gateway.services.dispatcher.report()).toMatchObject({ waiting: 0, running: 1 });
    await until(async () => (await taskRow(next.id))?.status === "running");
    const result = await gateway.get(`${REQUESTS}/${id}`);
    expect([result.status, await result.json()]).toMatchObject([410, { code: "canceled" }]);
    // It reached the vendor.
    await expect(submit(gateway, { session_id: "mine" })).rejects.toThrow("409");
    // The vendor's event of it changes nothing.
    expect((await notify(gateway, await vendorTaskOf(id))).status).toBe(200);
    expect(await taskRow(id)).toMatchObject({ status: "canceled" });
  });

  it("that somebody else has had granted at the vendor is found out, and is nobody's failure", async ({ expect }) => {
    await emulator.reset({ task_seconds: 30, abort: "allow" });
    const { id } = await submit(gateway);
    // Its answer is lost on the way to the object.
    const task = await vendorTaskOf(id);
    const abort = gateway.services.dispatcher.cancel("acme", id);
    await gateway.restart();
    await abort.catch(() => undefined);
    await until(async () => (await vendorTaskOf(id)).Status !== "PROCESSING");
    await notify(gateway, task);
    await pass(gateway, 3_000);
    expect(await taskRow(id)).toMatchObject({ finished_at: expect.any(Number) });
    expect((await gateway.get(`${REQUESTS}/${id}`)).status).toBe(410);
  });

  it("finds only the owner's own tasks", async ({ expect }) => {
    await addKey("sk-other", "other", ["submit"]);
    await submit(gateway);
    const { id } = await submit(gateway);
    const foreign = await cancel(gateway, id, "sk-other");
    expect([foreign.status, await foreign.json()]).toMatchObject([404, { status: "NOT_FOUND" }]);
    expect(await statusOf(gateway, id)).toMatchObject({ status: "IN_QUEUE" });
    expect((await cancel(gateway, "nonsense")).status).toBe(404);
  });

  it("that comes as the task is taken from the queue never leaves it both canceled and paid", async ({ expect }) => {
    const first = await submit(gateway);
    const { id } = await submit(gateway);
    const task = await vendorTaskOf(first.id);
    await until(async () => (await vendorTaskOf(first.id)).Status === "FINISH");
    const [, canceled] = await Promise.all([notify(gateway, task), cancel(gateway, id)]);
    await notifyUntilDone(gateway);
    expect(await paidSessions()).toEqual(canceled.status === 202 ? [`${first.id}-1`] : [`${first.id}-1`, `${id}-1`]);
  });
});

describe("a cancel in the core", () => {
  it("that comes after the start gives no name back", ({ expect }) =>
    onCell((cell) => {
      const life = cell.begin();
      const named = { session_id: "s", idempotency_key: "k", fingerprint: "f" };
      life.submit(1, named);
      expect(life.cancel(1)).toBe("in_progress");
      expect(cell.row(1)).toMatchObject({ status: "submitting", holds_session: 1, holds_key: 1 });
      life.created(1, accepted("v1"));
      expect(life.submit(2, named)).toMatchObject({ taskId: cell.id(1), replayed: true });
    }));

  it("after a requeue keeps the session_id: the vendor had the task once", ({ expect }) =>
    onCell((cell) => {
      const life = cell.begin();
      life.accept(1, { session_id: "s" });
      life.finish(1, failed("RequestLimitExceeded"));
      expect(life.cancel(1)).toBe("canceled");
      expect(cell.row(1)).toMatchObject({ status: "canceled", holds_session: 1 });
      expect(life.submit(2, { session_id: "s" })).toMatchObject({ kind: "duplicate_session" });
    }));

  it("of a waiting task that an event speaks of waits for what the vendor says", ({ expect }) =>
    onCell((cell) => {
      const life = cell.begin();
      life.accept(1);
      life.finish(1, failed("RequestLimitExceeded"));
      life.event(1, "v2");
      expect(life.cancel(1)).toBe("in_progress");
      life.read(1, { kind: "foreign" });
      expect(life.cancel(1)).toBe("canceled");
    }));

  it("is answered, also when an earlier abort of the task is still in the air", ({ expect }) =>
    onCell((cell) => {
      const life = cell.begin();
      life.accept(1);
      expect(life.cancel(1)).toBeUndefined();
      life.finish(1, failed("RequestLimitExceeded"));
      expect(life.take("cancel_answer", 1)).toMatchObject({ outcome: "in_progress" });
      life.pass(2 * SECOND_MS);
      life.created(1, accepted("v1b"));
      expect(life.cancel(1)).toBeUndefined();
      // The first one comes back only now; it was about the attempt before.
      life.aborted(1, true);
      for (const { vendorTaskId } of life.asked("abort")) {
        expect(vendorTaskId).toBe("v1b");
        life.aborted(1, false);
      }
      expect(life.take("cancel_answer", 1)).toMatchObject({ outcome: "in_progress" });
      expect(cell.row(1)).toMatchObject({ status: "running", vendor_task_id: "v1b" });
    }));
});
