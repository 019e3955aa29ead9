import { env } from "cloudflare:workers";
import { beforeEach, describe, it } from "vitest";
import { createSessionToken } from "../../src/signing/session-token.ts";
import {
  CALLBACK,
  CAR,
  completionOf,
  emulator,
  type EmulatorTask,
  type Gateway,
  type Json,
  startGateway,
  vendorFinishes,
} from "../support/gateway.ts";

const VIDEO = "/tencent-vod/v1/aigc-video";

let gateway: Gateway;

beforeEach(async () => {
  await emulator.reset();
  gateway = await startGateway();
});

function notify(event: unknown, path = CALLBACK): Promise<Response> {
  return gateway.post(path, event, { key: null });
}

/** A task that the vendor has finished and nobody has told us about. */
async function finishedTask(body: Json = CAR): Promise<{ id: string; task: EmulatorTask }> {
  const before = new Set((await emulator.tasks()).map((task) => task.TaskId));
  const answer = await (await gateway.post(VIDEO, body)).json<{ request_id: string }>();
  const task = (await vendorFinishes()).find(({ TaskId }) => !before.has(TaskId));
  if (!task) throw new Error("The vendor did not get the task.");
  return { id: answer.request_id, task };
}

async function statusOf(id: string): Promise<unknown> {
  return (await env.DB.prepare("SELECT status FROM tasks WHERE id = ?1").bind(id).first<Json>())?.status;
}

async function events(): Promise<Json[]> {
  return (await env.DB.prepare("SELECT * FROM events ORDER BY received_at").all<Json>()).results;
}

describe("a completion", () => {
  it("is stored raw, checked with the vendor and applied before it is answered", async ({ expect }) => {
    const { id, task } = await finishedTask({ ...CAR, session_context: "mine", session_id: "sid" });
    const event = await completionOf(task, { content: { SomethingNew: { Kept: true } } });
    const answer = await notify(event);
    expect([answer.status, await answer.json()]).toEqual([200, { code: 0 }]);
    const result = await (await gateway.get(`/tencent-vod/v1/requests/${id}`)).json<Json>();
    expect(result).toMatchObject({ request_id: id, session_id: "sid", session_context: "mine" });
    expect(result.video).toMatchObject({ content_type: "video/mp4", width: 160, height: 90, fps: 24 });
    const [stored] = await events();
    expect(stored).toMatchObject({ state: "applied", task_id: id, vendor_task_id: task.TaskId, check_at: null });
    const { Sign: _sign, T: _t, ...unsigned } = event as Json;
    expect(JSON.parse(String(stored?.body))).toEqual(unsigned);
  });

  it("delivered twenty times at once is applied once and answered twenty times with 200", async ({ expect }) => {
    const { id, task } = await finishedTask();
    const event = await completionOf(task);
    const answers = await Promise.all(Array.from({ length: 20 }, () => notify(event)));
    expect(answers.map((answer) => answer.status)).toEqual(Array(20).fill(200));
    expect(await events()).toHaveLength(1);
    expect(await statusOf(id)).toBe("succeeded");
    expect((await emulator.calls()).DescribeTaskDetail).toEqual({ OK: 1 });
  });

  it("sent again later with a fresh signature is the same event", async ({ expect }) => {
    const { task } = await finishedTask();
    await notify(await completionOf(task));
    const again = await completionOf(task, { t: Math.floor(Date.now() / 1000) + 300 });
    expect((await notify(again)).status).toBe(200);
    expect(await events()).toHaveLength(1);
  });

  it("of a failed task gives the vendor's code and message", async ({ expect }) => {
    await emulator.call("PUT", "config", {
      outcome: { ErrCode: 70000, ErrCodeExt: "ContentModerationFailed", Message: "The prompt was refused." },
    });
    const { id, task } = await finishedTask();
    // Whatever the event itself claims: the vendor's own reading counts.
    await notify(await completionOf(task, { content: { ErrCode: 0, ErrCodeExt: "" } }));
    const answer = await gateway.get(`/tencent-vod/v1/requests/${id}`);
    expect(answer.status).toBe(422);
    expect(await answer.json()).toEqual({
      detail: "The prompt was refused.",
      message: "The prompt was refused.",
      code: "ContentModerationFailed",
      request_id: id,
    });
    const status = await (await gateway.get(`/tencent-vod/v1/requests/${id}/status`)).json<Json>();
    expect(status).toMatchObject({
      status: "COMPLETED",
      error: "The prompt was refused.",
      error_type: "ContentModerationFailed",
    });
  });

  it("may carry its signature in the query instead of the body", async ({ expect }) => {
    const { id, task } = await finishedTask();
    const { Sign, T, ...event } = (await completionOf(task)) as Json;
    expect((await notify(event, `${CALLBACK}?Sign=${String(Sign)}&T=${String(T)}`)).status).toBe(200);
    expect(await statusOf(id)).toBe("succeeded");
  });

  it("of an image task is applied alike", async ({ expect }) => {
    const answer = await gateway.post("/tencent-vod/v1/aigc-image", {
      model_name: "GEM",
      model_version: "3.0",
      prompt: "anime",
    });
    const { request_id: id } = await answer.json<{ request_id: string }>();
    const [task] = await vendorFinishes();
    if (!task) throw new Error("The vendor has the task.");
    await notify(await completionOf(task));
    const result = await (await gateway.get(`/tencent-vod/v1/requests/${id}`)).json<Json>();
    expect(result).toMatchObject({ image: { content_type: "image/png" }, videos: [] });
    expect(result.images).toHaveLength(1);
  });
});

describe("a re-read that fails", () => {
  for (const fault of [{ kind: "http_500" }, { kind: "error", code: "InternalError" }, { kind: "bad_json" }]) {
    it(`(${fault.kind}) leaves the event waiting, and it is tried again`, async ({ expect }) => {
      const { id, task } = await finishedTask();
      await emulator.fault({ action: "DescribeTaskDetail", times: 2, ...fault });
      expect((await notify(await completionOf(task))).status).toBe(200);
      expect(await statusOf(id)).toBe("running");
      expect(await events()).toMatchObject([{ state: "waiting" }]);
      await retryWhenDue();
      expect(await statusOf(id)).toBe("running");
      await retryWhenDue();
      expect(await statusOf(id)).toBe("succeeded");
      expect(await gateway.services.store.events.nextCheck()).toBeNull();
    });
  }

  it("is also tried again by another delivery, once its time has come", async ({ expect }) => {
    const { id, task } = await finishedTask();
    await emulator.fault({ action: "DescribeTaskDetail", kind: "http_500" });
    const event = await completionOf(task);
    await notify(event);
    await notify(event);
    expect(await statusOf(id)).toBe("running");
    gateway.clock.offsetMs += 2_000;
    await notify(event);
    expect(await statusOf(id)).toBe("succeeded");
  });

  it("that crashes the isolate is taken over by the dispatcher", async ({ expect }) => {
    const { id, task } = await finishedTask();
    const crashing = await startGateway({ deps: { fetch: () => new Promise(() => {}) } });
    void crashing.post(CALLBACK, await completionOf(task), { key: null });
    while ((await events()).length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await retryWhenDue();
    expect(await statusOf(id)).toBe("succeeded");
  });

  it("because the task is still at work applies nothing yet", async ({ expect }) => {
    await emulator.reset({ task_seconds: 0.5 });
    const { request_id: id } = await (await gateway.post(VIDEO, CAR)).json<{ request_id: string }>();
    const [task] = await emulator.tasks();
    if (!task) throw new Error("The vendor has the task.");
    expect((await notify(await completionOf(task))).status).toBe(200);
    expect(await statusOf(id)).toBe("running");
    await vendorFinishes();
    // It is due within a second; the dispatcher does the rest by itself.
    while ((await statusOf(id)) !== "succeeded") await new Promise((resolve) => setTimeout(resolve, 20));
  });
});

describe("a stranger", () => {
  async function unchanged(expect: Vi, send: () => Promise<Response>, status: number): Promise<Json> {
    const before = await snapshot();
    const answer = await send();
    expect(answer.status).toBe(status);
    expect(await snapshot()).toEqual(before);
    return answer.json();
  }
  type Vi = (typeof import("vitest"))["expect"];

  async function snapshot() {
    const tasks = await env.DB.prepare("SELECT * FROM tasks ORDER BY id").all();
    return { tasks: tasks.results, events: await events(), described: (await emulator.calls()).DescribeTaskDetail };
  }

  it("with a wrong path secret finds nothing there", async ({ expect }) => {
    const { task } = await finishedTask();
    const event = await completionOf(task);
    for (const secret of ["wrong", "local-callbac", "local-callback2", "%00"]) {
      await unchanged(expect, () => notify(event, `/callbacks/vod/${secret}`), 404);
    }
  });

  it("with a wrong, old, far-future or missing signature gets one generic 401", async ({ expect }) => {
    const { task } = await finishedTask();
    const now = Math.floor(Date.now() / 1000);
    const good = (await completionOf(task)) as Json;
    const { Sign: _s, T: _t, ...unsigned } = good;
    const bad = [
      { ...good, Sign: "0".repeat(32) },
      { ...good, T: Number(good.T) + 1 },
      await completionOf(task, { t: now - 120 }),
      await completionOf(task, { t: now + 3600 }),
      { ...good, Sign: 7, T: {} },
      unsigned,
    ];
    const answers = [];
    for (const event of bad) answers.push(await unchanged(expect, () => notify(event), 401));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
  });

  it("with a token that is not ours gets the same 401", async ({ expect }) => {
    const { id, task } = await finishedTask();
    const forged = await createSessionToken({ taskId: id, attempt: 1, key: "another secret" });
    const wrong = [forged, task.SessionContext.slice(0, -1), "", undefined, null, 5, "rg1.x.1.y"];
    for (const token of wrong) {
      const event = await completionOf(task, { content: { SessionContext: token } });
      await unchanged(expect, () => notify(event), 401);
    }
  });

  it("cannot finish a task with a genuine signature on a forged body", async ({ expect }) => {
    await emulator.reset({ task_seconds: 30 });
    const { request_id: id } = await (await gateway.post(VIDEO, CAR)).json<{ request_id: string }>();
    const [task] = await emulator.tasks();
    if (!task) throw new Error("The vendor has the task.");
    const content = { Output: { FileInfos: [{ FileUrl: "https://evil.test/x.mp4" }] } };
    expect((await notify(await completionOf(task, { content }))).status).toBe(200);
    expect(await statusOf(id)).toBe("running");
  });

  it("cannot put one task's result under another's id", async ({ expect }) => {
    const mine = await finishedTask();
    const other = await finishedTask({ ...CAR, prompt: "other" });
    const event = await completionOf(mine.task, { content: { TaskId: other.task.TaskId } });
    expect((await notify(event)).status).toBe(200);
    expect(await statusOf(mine.id)).toBe("running");
    expect(await events()).toMatchObject([{ state: "ignored" }]);
    await notify(await completionOf(mine.task));
    expect(await statusOf(mine.id)).toBe("succeeded");
  });

  it("cannot keep an invented task id waiting for ever", async ({ expect }) => {
    const { id, task } = await finishedTask();
    await notify(await completionOf(task, { content: { TaskId: "251007502-AigcVideoTask-invented" } }));
    for (let round = 0; round < 4; round++) await retryWhenDue();
    expect(await events()).toMatchObject([{ state: "ignored", check_at: null }]);
    expect(await statusOf(id)).toBe("running");
  });

  it("is not read beyond a megabyte, and not believed when it is no notification", async ({ expect }) => {
    await unchanged(expect, () => notify("x".repeat(1024 * 1024 + 1)), 413);
    for (const body of ["", "{", "[]", "null", '{"EventType":5}', '{"EventType":""}']) {
      await unchanged(expect, () => notify(body), 400);
    }
  });
});

describe("an unknown event type", () => {
  it("is stored, answered with 200 and changes no task", async ({ expect }) => {
    const { id, task } = await finishedTask();
    const { Sign, T } = (await completionOf(task)) as Json;
    const event = { EventType: "NewFileUpload", FileUploadEvent: { FileId: "1" }, Sign, T };
    for (const _ of [1, 2]) expect((await notify(event)).status).toBe(200);
    expect(await events()).toMatchObject([{ event_type: "NewFileUpload", state: "ignored", task_id: null }]);
    expect(await statusOf(id)).toBe("running");
  });
});

describe("rotation", () => {
  it("accepts the previous path secret, sign key and session token beside the current ones", async ({ expect }) => {
    const { id, task } = await finishedTask();
    const event = await completionOf(task);
    gateway = await startGateway({
      env: {
        CALLBACK_SECRET: "new-secret",
        CALLBACK_SECRET_PREVIOUS: "local-callback",
        VOD_SIGN_KEY: "newSignKey",
        VOD_SIGN_KEY_PREVIOUS: "localSignKey",
      },
    });
    expect((await notify(event, "/callbacks/vod/new-secret")).status).toBe(200);
    expect(await statusOf(id)).toBe("succeeded");
  });

  it("takes unsigned notifications only where no sign key is set", async ({ expect }) => {
    gateway = await startGateway({ env: { VOD_SIGN_KEY: "" } });
    const { id, task } = await finishedTask();
    const { Sign: _s, T: _t, ...unsigned } = (await completionOf(task)) as Json;
    expect((await notify(unsigned)).status).toBe(200);
    expect(await statusOf(id)).toBe("succeeded");
  });
});

/** Moves the clock to when an event is due, and lets the dispatcher try it. */
async function retryWhenDue(): Promise<void> {
  const next = await gateway.services.store.events.nextCheck();
  if (next === null) throw new Error("No event waits.");
  gateway.clock.offsetMs = next - Date.now() + 1;
  await gateway.tick();
}
