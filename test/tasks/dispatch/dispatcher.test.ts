import { env } from "cloudflare:workers";
import { beforeEach, describe, it } from "vitest";
import {
  addKey,
  CALLBACK,
  CAR,
  completionOf,
  emulator,
  type Gateway,
  type Json,
  startGateway,
  vendorFinishes,
} from "../../support/gateway.ts";

const VIDEO = "/tencent-vod/v1/aigc-video";
const REQUESTS = "/tencent-vod/v1/requests";
const ACTION = "CreateAigcVideoTask";

let gateway: Gateway;

beforeEach(() => emulator.reset());

function limits(concurrency: number, more: Json = {}): Promise<Gateway> {
  return startGateway({ env: { VOD_CONCURRENCY: String(concurrency), ...more } });
}

async function submit(
  body: Json = {},
  init: Parameters<Gateway["post"]>[2] = {},
): Promise<{ id: string; position: number }> {
  const answer = await gateway.post(VIDEO, { ...CAR, ...body }, init);
  if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`);
  const { request_id: id, queue_position: position } = await answer.json<{
    request_id: string;
    queue_position: number;
  }>();
  return { id, position };
}

async function statusOf(id: string): Promise<Json> {
  return (await gateway.get(`${REQUESTS}/${id}/status`)).json<Json>();
}

function cancel(id: string): Promise<Response> {
  return gateway.request(`${REQUESTS}/${id}/cancel`, { method: "PUT" });
}

/** Lets the vendor's notifications through, as they come, until no task is left. */
async function notifyUntilDone(): Promise<void> {
  const told = new Set<string>();
  for (;;) {
    const finished = (await emulator.tasks()).filter((task) => task.Status === "FINISH" && !told.has(task.TaskId));
    for (const task of finished) {
      told.add(task.TaskId);
      await gateway.post(CALLBACK, await completionOf(task), { key: null });
    }
    const { waiting, running } = await gateway.services.dispatcher.report();
    if (waiting + running === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function states(): Promise<Record<string, number>> {
  const rows = await env.DB.prepare("SELECT status, count(*) AS n FROM tasks GROUP BY status").all<{
    status: string;
    n: number;
  }>();
  return Object.fromEntries(rows.results.map(({ status, n }) => [status, n]));
}

/** The order in which the vendor was called, as prompts. */
async function order(): Promise<unknown[]> {
  return (await emulator.tasks()).map((task) => task.request.Prompt);
}

describe("the queue", () => {
  it("keeps to the concurrency, and everything comes out", async ({ expect }) => {
    await emulator.reset({ concurrency: 3 });
    gateway = await limits(3);
    const answers = await Promise.all(Array.from({ length: 30 }, () => submit()));
    expect(answers.map(({ position }) => position).filter((position) => position > 0).length).toBeGreaterThan(20);
    await notifyUntilDone();
    expect(await states()).toEqual({ succeeded: 30 });
    expect((await emulator.tasks()).every((task) => task.SessionId.endsWith("-1"))).toBe(true);
  });

  it("goes by priority, then by owners in turn, then by arrival", async ({ expect }) => {
    gateway = await limits(1);
    await addKey("sk-other", "other", ["submit", "read"]);
    await submit({ prompt: "first" });
    for (const prompt of ["a1", "a2", "a3"]) await submit({ prompt });
    await submit({ prompt: "b1" }, { key: "sk-other" });
    await submit({ prompt: "urgent", tasks_priority: 10 });
    await submit({ prompt: "whenever", tasks_priority: -10 });
    await notifyUntilDone();
    expect(await order()).toEqual(["first", "urgent", "a1", "b1", "a2", "a3", "whenever"]);
  });

  it("keeps to a model's own limit without holding up the others", async ({ expect }) => {
    gateway = await limits(5, { VOD_MODEL_CONCURRENCY: '{"Kling":1}' });
    await emulator.reset({ task_seconds: 0.3 });
    for (const prompt of ["k1", "k2", "k3"]) await submit({ prompt });
    await submit({ prompt: "v1", model_name: "Vidu", model_version: "q2" });
    expect(await order()).toEqual(["k1", "v1"]);
    await notifyUntilDone();
    expect(await order()).toEqual(["k1", "v1", "k2", "k3"]);
  });

  it("tells exact positions that only ever fall", async ({ expect }) => {
    gateway = await limits(1);
    const tasks = [];
    for (let index = 0; index < 6; index++) tasks.push(await submit());
    expect(tasks.map(({ position }) => position)).toEqual([0, 0, 1, 2, 3, 4]);
    const last = tasks.at(-1)?.id ?? "";
    expect(await statusOf(last)).toMatchObject({ status: "IN_QUEUE", queue_position: 4 });
    // Somebody passes; the promise stands.
    await submit({ tasks_priority: 10 });
    expect(await statusOf(last)).toMatchObject({ queue_position: 4 });
    const seen: unknown[] = [];
    const done = notifyUntilDone();
    for (let status = await statusOf(last); status.status === "IN_QUEUE"; status = await statusOf(last)) {
      seen.push(status.queue_position);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await done;
    expect(seen).toEqual(seen.toSorted((a, b) => Number(b) - Number(a)));
  });

  it("comes back from D1 as it was", async ({ expect }) => {
    gateway = await limits(1);
    await emulator.reset({ task_seconds: 0.2 });
    for (let index = 0; index < 8; index++) await submit({ prompt: `p${index}`, tasks_priority: index % 2 });
    await gateway.restart();
    expect(await gateway.services.dispatcher.report()).toMatchObject({ waiting: 7, running: 1 });
    await notifyUntilDone();
    expect(await order()).toEqual(["p0", "p1", "p3", "p5", "p7", "p2", "p4", "p6"]);
    expect(await states()).toEqual({ succeeded: 8 });
  });
});

describe("the vendor's limits", () => {
  it("met after acceptance put the task back, as a new attempt, until there is room", async ({ expect }) => {
    await emulator.reset({ concurrency: 1, task_seconds: 0.05 });
    gateway = await limits(3);
    await Promise.all(Array.from({ length: 6 }, () => submit()));
    await notifyUntilDone();
    expect(await states()).toEqual({ succeeded: 6 });
    const attempts = (await emulator.tasks()).map((task) => task.SessionId.split("-").at(-1));
    expect(attempts).toContain("2");
    expect(new Set((await emulator.tasks()).map((task) => task.SessionId)).size).toBe(attempts.length);
  });

  it("met in the answer do the same, and the client is told it waits", async ({ expect }) => {
    gateway = await limits(2);
    await emulator.fault({ action: ACTION, kind: "error", code: "RequestLimitExceeded" });
    const { id } = await submit();
    expect(await statusOf(id)).toMatchObject({ status: "IN_QUEUE" });
    await notifyUntilDone();
    expect(await states()).toEqual({ succeeded: 1 });
    expect((await emulator.tasks()).map((task) => task.SessionId)).toEqual([`${id}-2`]);
  });

  it("of calls a second are kept in any second", async ({ expect }) => {
    gateway = await limits(1000, { VOD_REQUESTS_PER_SECOND: "5" });
    await emulator.reset({ requests_per_second: 5 });
    await Promise.all(Array.from({ length: 12 }, () => submit()));
    await notifyUntilDone();
    expect(await states()).toEqual({ succeeded: 12 });
    expect((await emulator.calls())[ACTION]).toEqual({ OK: 12 });
  });

  it("hold everything while the vendor does not answer, and readiness says so", async ({ expect }) => {
    gateway = await limits(2);
    await emulator.fault({ action: ACTION, kind: "http_500", times: 1 });
    const { id } = await submit();
    const waiting = await submit();
    expect(waiting.position).toBe(0);
    expect(await statusOf(waiting.id)).toMatchObject({ status: "IN_QUEUE" });
    const ready = await gateway.get("/readyz");
    expect([ready.status, await ready.json()]).toMatchObject([
      200,
      { checks: { d1: "ok", kv: "ok", dispatcher: "ok", vendor: "no_answer" }, queue: { waiting: 1, running: 1 } },
    ]);
    gateway.clock.offsetMs += 10_000;
    await gateway.tick();
    await notifyUntilDone();
    expect(await states()).toEqual({ succeeded: 2 });
    expect((await emulator.tasks()).map((task) => task.SessionId).toSorted()).toEqual(
      [`${id}-1`, `${waiting.id}-1`].toSorted(),
    );
  });
});

describe("D1 that breaks off for a moment", () => {
  it("while a task is started leaves it neither lost nor doubled", async ({ expect }) => {
    let broken = 0;
    const flaky = new Proxy(env.DB, {
      get(db, name: keyof D1Database) {
        if (name === "prepare") {
          return (sql: string) => {
            if (broken > 0 && sql.includes("SET status = 'submitting'")) {
              broken -= 1;
              throw new Error("D1 is away");
            }
            return db.prepare(sql);
          };
        }
        const member = db[name];
        return typeof member === "function" ? member.bind(db) : member;
      },
    });
    gateway = await limits(2, { DB: flaky });
    // Waiting first: a task that starts at once is written as started.
    gateway.services.dispatcher.submit = async () => undefined;
    const { id } = await submit();
    const next = await submit();
    broken = 1;
    await gateway.reconcile();
    expect(await emulator.tasks()).toHaveLength(0);
    gateway.clock.offsetMs += 6_000;
    await gateway.tick();
    await notifyUntilDone();
    // Not the vendor's fault: nothing is lowered for it.
    expect(await gateway.services.dispatcher.report()).toMatchObject({ concurrency: 2 });
    expect(await states()).toEqual({ succeeded: 2 });
    expect((await emulator.tasks()).map((task) => task.SessionId)).toEqual([`${id}-1`, `${next.id}-1`]);
  });
});

describe("a lost notification", () => {
  it("is made good by a re-read, and the slot is free again", async ({ expect }) => {
    gateway = await limits(1);
    const { id } = await submit();
    const next = await submit();
    await vendorFinishes();
    gateway.clock.offsetMs += 4 * 60_000;
    await gateway.tick();
    expect(await statusOf(id)).toMatchObject({ status: "COMPLETED" });
    expect((await statusOf(next.id)).status).not.toBe("IN_QUEUE");
  });

  it("of a slot that D1 knows to be free is found out", async ({ expect }) => {
    gateway = await limits(1);
    const { id } = await submit();
    await submit();
    await env.DB.prepare("UPDATE tasks SET status = 'succeeded' WHERE id = ?1").bind(id).run();
    gateway.clock.offsetMs += 4 * 60_000;
    await gateway.tick();
    expect(await gateway.services.dispatcher.report()).toMatchObject({ waiting: 0, running: 1 });
  });
});

describe("cancel", () => {
  it("ends a waiting task at once, unpaid, and gives its session_id back", async ({ expect }) => {
    gateway = await limits(1);
    await submit();
    const { id } = await submit({ session_id: "mine" });
    const answer = await cancel(id);
    expect([answer.status, await answer.json()]).toEqual([202, { status: "CANCELLATION_REQUESTED", request_id: id }]);
    expect(await statusOf(id)).toMatchObject({ status: "COMPLETED", error_type: "canceled" });
    const again = await cancel(id);
    expect([again.status, await again.json()]).toMatchObject([400, { status: "ALREADY_COMPLETED" }]);
    await submit({ session_id: "mine" });
    await notifyUntilDone();
    expect(await states()).toEqual({ canceled: 1, succeeded: 2 });
    expect(await emulator.tasks()).toHaveLength(2);
  });

  it("of a running task is the vendor's to grant; here it refuses", async ({ expect }) => {
    gateway = await limits(1);
    await emulator.reset({ task_seconds: 5 });
    const { id } = await submit();
    const answer = await cancel(id);
    expect([answer.status, await answer.json()]).toMatchObject([400, { status: "IN_PROGRESS", request_id: id }]);
    expect(Object.keys(await emulator.calls())).toContain("ManageTask");
    expect(await statusOf(id)).toMatchObject({ status: "IN_PROGRESS" });
  });

  it("finds only the owner's own tasks", async ({ expect }) => {
    gateway = await limits(1);
    await addKey("sk-other", "other", ["submit"]);
    await submit();
    const { id } = await submit();
    const foreign = await gateway.request(`${REQUESTS}/${id}/cancel`, { method: "PUT", key: "sk-other" });
    expect([foreign.status, await foreign.json()]).toMatchObject([404, { status: "NOT_FOUND" }]);
    expect(await statusOf(id)).toMatchObject({ status: "IN_QUEUE" });
    expect((await cancel("nonsense")).status).toBe(404);
  });

  it("that comes as the task is taken from the queue never leaves it both canceled and paid", async ({ expect }) => {
    gateway = await limits(1);
    const first = await submit();
    const { id } = await submit();
    const [task] = await emulator.tasks();
    if (!task) throw new Error("The vendor has the first task.");
    await new Promise((resolve) => setTimeout(resolve, 80));
    const [, canceled] = await Promise.all([
      gateway.post(CALLBACK, await completionOf(task), { key: null }),
      cancel(id),
    ]);
    await notifyUntilDone();
    const paid = (await emulator.tasks()).map(({ SessionId }) => SessionId);
    expect(paid).toEqual(canceled.status === 202 ? [`${first.id}-1`] : [`${first.id}-1`, `${id}-1`]);
  });
});

describe("a start deadline", () => {
  for (const [name, body, headers] of [
    ["in fal's header", {}, { "x-fal-request-timeout": "30" }],
    ["in the body", { start_timeout: "30" }, {}],
  ] as const) {
    it(`${name} that passes fails the task, unpaid`, async ({ expect }) => {
      gateway = await limits(1);
      await submit();
      const { id } = await submit({ ...body, session_id: "late" }, { headers });
      gateway.clock.offsetMs += 29_000;
      await gateway.tick();
      expect(await statusOf(id)).toMatchObject({ status: "IN_QUEUE" });
      gateway.clock.offsetMs += 2_000;
      await gateway.tick();
      const answer = await gateway.get(`${REQUESTS}/${id}`);
      expect([answer.status, answer.headers.get("x-fal-request-timeout-type")]).toEqual([504, "user"]);
      expect(await answer.json()).toMatchObject({ code: "startup_timeout" });
      expect(await statusOf(id)).toMatchObject({ status: "COMPLETED", error_type: "startup_timeout" });
      await submit({ session_id: "late" });
      expect(await emulator.tasks()).toHaveLength(1);
    });
  }

  it("that is met means nothing any more", async ({ expect }) => {
    gateway = await limits(1);
    const { id } = await submit({ start_timeout: 5 });
    gateway.clock.offsetMs += 10_000;
    await gateway.tick();
    await notifyUntilDone();
    expect(await statusOf(id)).not.toHaveProperty("error");
  });

  it("survives a restart, and is refused out of range", async ({ expect }) => {
    gateway = await limits(1);
    await submit();
    const { id } = await submit({ start_timeout: 30 });
    await gateway.restart();
    gateway.clock.offsetMs += 31_000;
    await gateway.tick();
    expect(await statusOf(id)).toMatchObject({ error_type: "startup_timeout" });
    for (const value of ["0", "-1", "soon", "1e9"]) {
      const answer = await gateway.post(VIDEO, CAR, { headers: { "x-fal-request-timeout": value } });
      expect([answer.status, await answer.json()]).toMatchObject([
        422,
        { detail: [{ loc: ["header", "x-fal-request-timeout"] }] },
      ]);
    }
  });
});

describe("fal_max_queue_length", () => {
  it("refuses behind a longer queue, and creates nothing", async ({ expect }) => {
    gateway = await limits(1);
    for (let index = 0; index < 4; index++) await submit();
    const answer = await gateway.post(`${VIDEO}?fal_max_queue_length=2`, CAR);
    expect([answer.status, await answer.json()]).toMatchObject([429, { code: "queue_full" }]);
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await gateway.post(`${VIDEO}?fal_max_queue_length=3`, CAR)).status).toBe(200);
    expect(await states()).toMatchObject({ queued: 4 });
  });
});

describe("late news", () => {
  it("of an attempt that was followed by another leaves the other's slot alone", async ({ expect }) => {
    await emulator.reset({ task_seconds: 30 });
    gateway = await limits(1);
    const { id } = await submit();
    const row = await gateway.services.store.tasks.findById(id);
    if (!row) throw new Error("It was just made.");
    await gateway.services.store.tasks.requeue({ id, attempt: 1, now: Date.now() });
    await gateway.restart();
    while ((await emulator.tasks()).length < 2) {
      await gateway.tick();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await gateway.services.dispatcher.left(id, { attempt: 1, requeued: { ...row, attempt: 2 } });
    expect(await gateway.services.dispatcher.report()).toMatchObject({ waiting: 0, running: 1 });
    expect(await statusOf(id)).toMatchObject({ status: "IN_PROGRESS" });
  });
});

describe("a re-read that fails", () => {
  it("is made again soon, not after twice the time", async ({ expect }) => {
    gateway = await limits(1);
    const { id } = await submit();
    await vendorFinishes();
    await emulator.fault({ action: "DescribeTaskDetail", kind: "http_500" });
    gateway.clock.offsetMs += 181_000;
    await gateway.tick();
    expect(await statusOf(id)).toMatchObject({ status: "IN_PROGRESS" });
    gateway.clock.offsetMs += 6_000;
    await gateway.tick();
    gateway.clock.offsetMs += 11_000;
    expect(await statusOf(id)).toMatchObject({ status: "COMPLETED" });
  });
});
