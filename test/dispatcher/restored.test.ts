import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, describe, it } from "vitest";
import { HOUR_MS, MINUTE_MS, onCell, SILENT } from "./support.ts";
import { CAR, dispatcherObject, emulator, type Gateway, type Json, startGateway, taskRow } from "../support/gateway.ts";

const VIDEO = "/tencent-vod/v1/aigc-video";

let gateway: Gateway;

beforeEach(async () => {
  await emulator.reset({ task_seconds: 60 });
  gateway = await startGateway({ env: { VOD_CONCURRENCY: "1", VOD_RESEND_SECONDS: "2" } });
});

async function submit(body: Json = {}): Promise<string> {
  const answer = await gateway.post(VIDEO, { ...CAR, ...body });
  if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`);
  return (await answer.json<{ request_id: string }>()).request_id;
}

/** As `Dispatcher.restore` leaves it behind: the platform's own part does not exist locally. */
async function noteRestored(to: number): Promise<void> {
  const at = gateway.services.deps.now();
  const restored = JSON.stringify({ epoch: at, to, at });
  await gateway.services.store.record.setCell(`restore/${env.VOD_SUB_APP_ID}`, restored);
}

async function tickUntil(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) {
    await gateway.tick();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe("an object that was set back", () => {
  it("takes nothing and sends nothing until a look has shown what it has forgotten", async ({ expect }) => {
    const before = gateway.services.deps.now();
    const first = await submit();
    const second = await submit();
    await noteRestored(before);
    await gateway.restart();
    const refused = await gateway.post(VIDEO, CAR);
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, expect.any(String)]);
    expect(await gateway.services.dispatcher.report()).toMatchObject({ taking: false, waiting: 0 });
    expect((await gateway.get("/readyz")).status).toBe(503);

    // Beyond the time in which the last forgotten call may still become a task.
    gateway.clock.offsetMs += 60_000;
    await tickUntil(async () => (await gateway.services.dispatcher.report()).taking);
    expect(await taskRow(first)).toMatchObject({ status: "running" });
    expect(await taskRow(second)).toMatchObject({ status: "queued", attempt: 1 });
    expect(await emulator.tasks()).toHaveLength(1);
    await submit();
    // And it stays so in its next life.
    await gateway.restart();
    expect(await gateway.services.dispatcher.report()).toMatchObject({ taking: true, waiting: 2, running: 1 });
  });

  it("finds a task again that it had sent in the time it has forgotten", async ({ expect }) => {
    const before = gateway.services.deps.now();
    await submit();
    const second = await submit();
    // The forgotten life sent it: the vendor has it, the rows know nothing of that.
    await emulator.call("PUT", "config", { concurrency: 1000 });
    const forgotten = await startGateway({ env: { VOD_CONCURRENCY: "2" } });
    await forgotten.tick();
    while ((await emulator.tasks()).length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
    const [, sent] = await emulator.tasks();
    expect(sent?.SessionId).toBe(`${second}-1`);
    await forgetSent(second);

    gateway = await startGateway({ env: { VOD_CONCURRENCY: "1", VOD_RESEND_SECONDS: "2" } });
    await noteRestored(before);
    await gateway.restart();
    gateway.clock.offsetMs += 60_000;
    await tickUntil(async () => (await gateway.services.dispatcher.report()).taking);
    expect(await taskRow(second)).toMatchObject({ status: "running", vendor_task_id: sent?.TaskId });
    expect(await emulator.tasks()).toHaveLength(2);
  });
});

/** The row as it was before its task was sent. */
async function forgetSent(id: string): Promise<void> {
  await runInDurableObject(dispatcherObject(), (_object, { storage }) => {
    storage.sql.exec(
      `UPDATE tasks SET status = 'queued', calls = 0, vendor_task_id = NULL, submitted_at = NULL, doubt_from = NULL,
         call_ends_at = NULL, reached = 0 WHERE id = ?1`,
      id,
    );
  });
}

describe("what was in doubt already at the time it was set back to", () => {
  it("is looked for from its own call on", ({ expect }) =>
    onCell((cell) => {
      const before = cell.begin();
      before.submit(1);
      before.created(1, SILENT);
      const called = cell.row(1).doubt_from;
      cell.now += HOUR_MS;
      const life = cell.begin({ epoch: 1, to: cell.now, at: cell.now });
      life.pass(2 * MINUTE_MS);
      expect(life.take("look")).toMatchObject({ from: called });
    }));
});
