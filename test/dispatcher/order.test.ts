import { beforeEach, describe, it } from "vitest";
import { addKey, CAR, emulator, type Gateway, type Json, startGateway, taskStates } from "../support/gateway.ts";
import { notifyUntilDone, statusOf, submit, VIDEO } from "../support/client.ts";

let gateway: Gateway;

beforeEach(() => emulator.reset());

function limits(concurrency: number, more: Json = {}): Promise<Gateway> {
  return startGateway({ env: { VOD_CONCURRENCY: String(concurrency), ...more } });
}

/** The order in which the vendor was called, as prompts. */
async function order(): Promise<unknown[]> {
  return (await emulator.tasks()).map((task) => task.request.Prompt);
}

describe("the queue", () => {
  it("keeps to the concurrency, and everything comes out", async ({ expect }) => {
    await emulator.reset({ concurrency: 3 });
    gateway = await limits(3);
    const answers = await Promise.all(Array.from({ length: 30 }, () => submit(gateway)));
    expect(answers.map(({ position }) => position).filter((position) => position > 0).length).toBeGreaterThan(20);
    await notifyUntilDone(gateway);
    expect(await taskStates()).toEqual({ succeeded: 30 });
    expect((await emulator.tasks()).every((task) => task.SessionId.endsWith("-1"))).toBe(true);
  });

  it("goes by slot time between owners, by priority and then by arrival within one", async ({ expect }) => {
    gateway = await limits(1);
    await addKey("sk-other", "other", ["submit", "read"]);
    await submit(gateway, { prompt: "first" });
    for (const prompt of ["a1", "a2", "a3"]) await submit(gateway, { prompt });
    await submit(gateway, { prompt: "b1" }, { key: "sk-other" });
    await submit(gateway, { prompt: "urgent", tasks_priority: 10 });
    await submit(gateway, { prompt: "whenever", tasks_priority: -10 });
    await notifyUntilDone(gateway);
    expect(await order()).toEqual(["first", "urgent", "b1", "a1", "a2", "a3", "whenever"]);
  });

  it("does not let three hundred urgent tasks of one owner hold another's one", async ({ expect }) => {
    gateway = await limits(1);
    await addKey("sk-other", "other", ["submit", "read"]);
    await submit(gateway, { prompt: "first" });
    await Promise.all(Array.from({ length: 300 }, () => submit(gateway, { prompt: "urgent", tasks_priority: 10 })));
    const { position } = await submit(gateway, { prompt: "theirs" }, { key: "sk-other" });
    expect(position).toBeLessThan(5);
  });

  it("keeps to a model's own limit without holding up the others", async ({ expect }) => {
    gateway = await limits(5, { VOD_MODEL_CONCURRENCY: '{"Kling":1}' });
    await emulator.reset({ task_seconds: 0.3 });
    for (const prompt of ["k1", "k2", "k3"]) await submit(gateway, { prompt });
    await submit(gateway, { prompt: "v1", model_name: "Vidu", model_version: "q2" });
    expect(await order()).toEqual(["k1", "v1"]);
    await notifyUntilDone(gateway);
    expect(await order()).toEqual(["k1", "v1", "k2", "k3"]);
  });

  it("tells exact positions that only ever fall", async ({ expect }) => {
    gateway = await limits(1);
    const tasks = [];
    for (let index = 0; index < 6; index++) tasks.push(await submit(gateway));
    expect(tasks.map(({ position }) => position)).toEqual([0, 0, 1, 2, 3, 4]);
    const last = tasks.at(-1)?.id ?? "";
    expect(await statusOf(gateway, last)).toMatchObject({ status: "IN_QUEUE", queue_position: 4 });
    // Somebody passes; the promise stands.
    await submit(gateway, { tasks_priority: 10 });
    expect(await statusOf(gateway, last)).toMatchObject({ queue_position: 4 });
    const seen: unknown[] = [];
    const done = notifyUntilDone(gateway);
    for (
      let status = await statusOf(gateway, last);
      status.status === "IN_QUEUE";
      status = await statusOf(gateway, last)
    ) {
      seen.push(status.queue_position);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await done;
    expect(seen.length).toBeGreaterThan(1);
    expect(seen).toEqual(seen.toSorted((a, b) => Number(b) - Number(a)));
  });

  it("comes back from the object's rows as it was", async ({ expect }) => {
    gateway = await limits(1);
    await emulator.reset({ task_seconds: 0.2 });
    for (let index = 0; index < 8; index++)
      await submit(gateway, { prompt: `p${index}`, tasks_priority: (index % 2) * 10 });
    await gateway.restart();
    expect(await gateway.services.dispatcher.report()).toMatchObject({ waiting: 7, running: 1 });
    await notifyUntilDone(gateway);
    expect(await order()).toEqual(["p0", "p1", "p3", "p5", "p7", "p2", "p4", "p6"]);
    expect(await taskStates()).toEqual({ succeeded: 8 });
  });
});

describe("fal_max_queue_length", () => {
  it("refuses behind a longer queue, and creates nothing", async ({ expect }) => {
    gateway = await limits(1);
    for (let index = 0; index < 4; index++) await submit(gateway);
    const answer = await gateway.post(`${VIDEO}?fal_max_queue_length=2`, CAR);
    expect([answer.status, await answer.json()]).toMatchObject([429, { code: "queue_full" }]);
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await taskStates()).toMatchObject({ queued: 3 });
    expect((await gateway.post(`${VIDEO}?fal_max_queue_length=3`, CAR)).status).toBe(200);
    expect(await taskStates()).toMatchObject({ queued: 4 });
  });
});
