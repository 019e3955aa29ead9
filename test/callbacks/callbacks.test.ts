import { env } from "cloudflare:workers";
import { beforeEach, describe, it } from "vitest";
import { CREATE, notify, REQUESTS, submit, VIDEO, vendorTaskOf } from "../support/client.ts";
import {
  CALLBACK,
  CAR,
  completionOf,
  emulator,
  type Gateway,
  type Json,
  recordHasAll,
  startGateway,
  taskRow,
  vendorFinishes,
} from "../support/gateway.ts";
import { activity, pass, startStill, until } from "../support/quiet.ts";
import { finishedTask, otherEvents, post, reads, statusOfRow } from "./support.ts";

let gateway: Gateway;

beforeEach(async () => {
  await emulator.reset();
  gateway = await startGateway();
});

describe("a completion", () => {
  it("is checked with the vendor, and durable, before it is answered", async ({ expect }) => {
    const { id, task } = await finishedTask(gateway, { session_context: "mine", session_id: "sid" });
    const event = await completionOf(task, { content: { SomethingNew: { Kept: true } } });
    const answer = await post(gateway, event);
    await gateway.restart();
    expect([answer.status, await answer.json()]).toEqual([200, { code: 0 }]);
    expect(await taskRow(id)).toMatchObject({ status: "succeeded", vendor_task_id: task.TaskId });
    const result = await (await gateway.get(`${REQUESTS}/${id}`)).json<Json>();
    expect(result).toMatchObject({ request_id: id, session_id: "sid", session_context: "mine" });
    expect(result.video).toMatchObject({ content_type: "video/mp4", width: 160, height: 90, fps: 24 });
    expect(await otherEvents()).toEqual([]);
  });

  it("delivered twenty times at once is applied once and answered twenty times with 200", async ({ expect }) => {
    const { id, task } = await finishedTask(gateway);
    const event = await completionOf(task);
    const answers = await Promise.all(Array.from({ length: 20 }, () => post(gateway, event)));
    expect(answers.map((answer) => answer.status)).toEqual(Array(20).fill(200));
    expect([await statusOfRow(id), await reads()]).toEqual(["succeeded", 1]);
    await recordHasAll(gateway);
    expect(await env.DB.prepare("SELECT sum(tasks) AS n FROM hourly_counts").first<Json>()).toEqual({ n: 1 });
  });

  it("sent again later with a fresh signature is the same event", async ({ expect }) => {
    const { id, task } = await finishedTask(gateway);
    await post(gateway, await completionOf(task));
    const before = await taskRow(id);
    const again = await completionOf(task, { t: Math.floor(Date.now() / 1000) + 300 });
    expect((await post(gateway, again)).status).toBe(200);
    await recordHasAll(gateway);
    expect((await post(gateway, again)).status).toBe(200);
    expect(await reads()).toBe(1);
    expect(await taskRow(id)).toMatchObject({ finished_at: before?.finished_at, rev: 1 });
  });

  it("of a failed task gives the vendor's code and message", async ({ expect }) => {
    await emulator.call("PUT", "config", {
      outcome: { ErrCode: 70000, ErrCodeExt: "ContentModerationFailed", Message: "The prompt was refused." },
    });
    const { id, task } = await finishedTask(gateway);
    // Whatever the event itself claims: the vendor's own reading counts.
    await post(gateway, await completionOf(task, { content: { ErrCode: 0, ErrCodeExt: "" } }));
    const answer = await gateway.get(`${REQUESTS}/${id}`);
    expect(answer.status).toBe(422);
    expect(await answer.json()).toEqual({
      detail: "The prompt was refused.",
      message: "The prompt was refused.",
      code: "ContentModerationFailed",
      request_id: id,
    });
    const status = await (await gateway.get(`${REQUESTS}/${id}/status`)).json<Json>();
    expect(status).toMatchObject({
      status: "COMPLETED",
      error: "The prompt was refused.",
      error_type: "ContentModerationFailed",
    });
  });

  it("may carry its signature in the query instead of the body", async ({ expect }) => {
    const { id, task } = await finishedTask(gateway);
    const { Sign, T, ...event } = (await completionOf(task)) as Json;
    expect((await post(gateway, event, `${CALLBACK}?Sign=${String(Sign)}&T=${String(T)}`)).status).toBe(200);
    expect(await statusOfRow(id)).toBe("succeeded");
  });

  it("of an image task is applied alike", async ({ expect }) => {
    const body = { model_name: "GEM", model_version: "3.0", prompt: "anime" };
    const answer = await gateway.post("/tencent-vod/v1/aigc-image", body);
    const { request_id: id } = await answer.json<{ request_id: string }>();
    const [task] = await vendorFinishes();
    if (!task) throw new Error("The vendor has the task.");
    await post(gateway, await completionOf(task));
    const result = await (await gateway.get(`${REQUESTS}/${id}`)).json<Json>();
    expect(result).toMatchObject({ image: { content_type: "image/png" }, videos: [] });
    expect(result.images).toHaveLength(1);
  });

  it("that comes before the answer to its create is applied, and the answer changes nothing", async ({ expect }) => {
    await emulator.fault({ action: CREATE, kind: "slow", delay_ms: 700 });
    const posted = gateway.post(VIDEO, CAR);
    await until(async () => (await emulator.tasks()).length === 1);
    const [task] = await vendorFinishes();
    if (!task) throw new Error("The vendor has the task.");
    expect((await post(gateway, await completionOf(task))).status).toBe(200);
    const { request_id: id } = await (await posted).json<{ request_id: string }>();
    expect(await statusOfRow(id)).toBe("succeeded");
    await until(async () => (await activity()).open === 0);
    expect(await taskRow(id)).toMatchObject({ status: "succeeded", vendor_task_id: task.TaskId });
  });

  it("that shows the files of its request, megabytes of them, is taken", async ({ expect }) => {
    const { id, task } = await finishedTask(gateway);
    const Input = { FileInfos: [{ Type: "Base64", Base64: "A".repeat(3 * 1024 * 1024) }] };
    expect((await post(gateway, await completionOf(task, { content: { Input } }))).status).toBe(200);
    expect(await statusOfRow(id)).toBe("succeeded");
  });
});

describe("a re-read that fails", () => {
  for (const fault of [{ kind: "http_500" }, { kind: "error", code: "InternalError" }, { kind: "bad_json" }]) {
    it(`(${fault.kind}) ends nothing, and is made again every five seconds`, async ({ expect }) => {
      gateway = await startStill();
      const { id, task } = await finishedTask(gateway);
      await emulator.fault({ action: "DescribeTaskDetail", times: 2, ...fault });
      expect((await post(gateway, await completionOf(task))).status).toBe(200);
      expect([await statusOfRow(id), await reads()]).toEqual(["running", 1]);
      await pass(gateway, 4_900);
      expect(await reads()).toBe(1);
      await pass(gateway, 100);
      expect([await statusOfRow(id), await reads()]).toEqual(["running", 2]);
      await pass(gateway, 5_000);
      expect([await statusOfRow(id), await reads()]).toEqual(["succeeded", 3]);
    });
  }

  it("is also made again by another delivery, at once", async ({ expect }) => {
    const { id, task } = await finishedTask(gateway);
    await emulator.fault({ action: "DescribeTaskDetail", kind: "http_500" });
    const event = await completionOf(task);
    await post(gateway, event);
    expect(await statusOfRow(id)).toBe("running");
    await post(gateway, event);
    expect(await statusOfRow(id)).toBe("succeeded");
  });

  it("because the task is still at work ends nothing yet", async ({ expect }) => {
    await emulator.reset({ task_seconds: 0.5 });
    const { id } = await submit(gateway);
    expect((await notify(gateway, await vendorTaskOf(id))).status).toBe(200);
    expect(await statusOfRow(id)).toBe("running");
    await vendorFinishes();
    await pass(gateway, 31_000);
    expect(await statusOfRow(id)).toBe("succeeded");
  });
});

describe("a re-read that hangs", () => {
  /** The vendor's answers to re-reads are held. */
  async function startHolding() {
    const state = { held: true, asked: 0 };
    const fetch = async (request: Request) => {
      if (request.headers.get("x-tc-action") === "DescribeTaskDetail") {
        state.asked += 1;
        await until(() => !state.held);
      }
      return env.EMULATOR.fetch(request);
    };
    gateway = await startGateway({ deps: { fetch } });
    return state;
  }

  /** A task of which the gateway knows nothing but that it was sent. */
  async function unknownTask(): Promise<string> {
    await emulator.fault({ action: CREATE, kind: "drop_after_accept" });
    await emulator.fault({ action: "DescribeTasks", kind: "http_500", times: 1_000 });
    const { id } = await submit(gateway);
    await vendorFinishes();
    return id;
  }

  it("does not make the vendor wait for its 200: what the event says is written down by then", async ({ expect }) => {
    const state = await startHolding();
    const id = await unknownTask();
    const answered = notify(gateway, await vendorTaskOf(id));
    await until(() => state.asked === 1);
    await pass(gateway, 4_000, 1);
    expect((await answered).status).toBe(200);
    expect(await taskRow(id)).toMatchObject({ status: "unknown", hint: (await vendorTaskOf(id)).TaskId });
    await gateway.restart();
    state.held = false;
    await until(async () => (await statusOfRow(id)) === "succeeded");
  });

  it("and whose object then crashes is made again, by the event that is told again", async ({ expect }) => {
    const state = await startHolding();
    const id = await unknownTask();
    const answered = notify(gateway, await vendorTaskOf(id));
    await until(() => state.asked === 1);
    await gateway.restart();
    state.held = false;
    expect((await answered).status).toBe(200);
    expect(await statusOfRow(id)).toBe("succeeded");
  });
});
