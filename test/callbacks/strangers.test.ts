import { env } from "cloudflare:workers";
import { beforeEach, describe, it } from "vitest";
import { EVENT_MAX_BYTES } from "../../src/callbacks/route.ts";
import { callbackPathSecrets } from "../../src/signing/callback-path.ts";
import { createSessionToken } from "../../src/signing/session-token.ts";
import { CREATE, submit, vendorTaskOf } from "../support/client.ts";
import {
  CALLBACK,
  CALLBACK_SECRET,
  completionOf,
  emulator,
  type Gateway,
  type Json,
  startGateway,
} from "../support/gateway.ts";
import { pass } from "../support/quiet.ts";
import { everything, finishedTask, otherEvents, post, reads, statusOfRow } from "./support.ts";

let gateway: Gateway;

beforeEach(async () => {
  await emulator.reset();
  gateway = await startGateway();
});

describe("a stranger", () => {
  type Vi = (typeof import("vitest"))["expect"];

  async function unchanged(expect: Vi, send: () => Promise<Response>, status: number): Promise<Json> {
    const before = await everything();
    const answer = await send();
    expect(answer.status).toBe(status);
    expect(await everything()).toEqual(before);
    return answer.json();
  }

  it("with a wrong path secret finds nothing there", async ({ expect }) => {
    const { task } = await finishedTask(gateway);
    const event = await completionOf(task);
    for (const secret of ["wrong", CALLBACK_SECRET.slice(0, -1), `${CALLBACK_SECRET}2`, "%00"]) {
      await unchanged(expect, () => post(gateway, event, `/callbacks/vod/${secret}`), 404);
    }
  });

  it("with a wrong, old, far-future or missing signature gets one generic 401", async ({ expect }) => {
    const { task } = await finishedTask(gateway);
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
    for (const event of bad) answers.push(await unchanged(expect, () => post(gateway, event), 401));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
  });

  it("with a token that is not ours gets the same 401", async ({ expect }) => {
    const { id, task } = await finishedTask(gateway);
    const forged = await createSessionToken({ taskId: id, attempt: 1, owner: "acme", roots: ["another secret"] });
    const [version, taskId, attempt, , mac] = task.SessionContext.split(".");
    const otherOwner = [version, taskId, attempt, btoa("other").replaceAll("=", ""), mac].join(".");
    const wrong = [forged, task.SessionContext.slice(0, -1), otherOwner, "", undefined, null, 5, "rg2.x.1.y.z"];
    for (const token of wrong) {
      const event = await completionOf(task, { content: { SessionContext: token } });
      await unchanged(expect, () => post(gateway, event), 401);
    }
  });

  it("cannot finish a task with a genuine signature on a forged body", async ({ expect }) => {
    await emulator.reset({ task_seconds: 30 });
    const { id } = await submit(gateway);
    const content = { Output: { FileInfos: [{ FileUrl: "https://evil.test/x.mp4" }] } };
    expect((await post(gateway, await completionOf(await vendorTaskOf(id), { content }))).status).toBe(200);
    expect(await statusOfRow(id)).toBe("running");
  });

  it("cannot put one task's result under another's id (M8)", async ({ expect }) => {
    const mine = await finishedTask(gateway);
    const other = await finishedTask(gateway, { prompt: "other" });
    const event = await completionOf(mine.task, { content: { TaskId: other.task.TaskId } });
    await unchanged(expect, () => post(gateway, event), 200);
    expect((await post(gateway, await completionOf(mine.task))).status).toBe(200);
    expect(await statusOfRow(mine.id)).toBe("succeeded");
    expect(await statusOfRow(other.id)).toBe("running");
  });

  it("cannot do so while our id for the task is not known either: the vendor's reading has the other's token", async ({
    expect,
  }) => {
    const other = await finishedTask(gateway);
    await emulator.fault({ action: CREATE, kind: "drop_after_accept" });
    const mine = await finishedTask(gateway, { prompt: "mine" });
    const event = await completionOf(mine.task, { content: { TaskId: other.task.TaskId } });
    expect((await post(gateway, event)).status).toBe(200);
    expect([await statusOfRow(mine.id), await statusOfRow(other.id)]).toEqual(["unknown", "running"]);
    await post(gateway, await completionOf(mine.task));
    expect(await statusOfRow(mine.id)).toBe("succeeded");
  });

  it("cannot have an invented task asked about for ever", async ({ expect }) => {
    await emulator.fault({ action: CREATE, kind: "drop_after_accept" });
    await emulator.fault({ action: "DescribeTasks", kind: "http_500", times: 1_000 });
    const { id, task } = await finishedTask(gateway);
    await post(gateway, await completionOf(task, { content: { TaskId: "251007502-AigcVideoTask-invented" } }));
    for (let round = 0; round < 8; round++) await pass(gateway, 6_000);
    const asked = await reads();
    expect(asked).toBeLessThanOrEqual(6);
    for (let round = 0; round < 3; round++) await pass(gateway, 60_000);
    expect([await reads(), await statusOfRow(id)]).toEqual([asked, "unknown"]);
    // And the genuine one is believed after all.
    await post(gateway, await completionOf(task, { t: Math.floor(gateway.services.deps.now() / 1000) + 600 }));
    expect(await statusOfRow(id)).toBe("succeeded");
  });

  it("is not read beyond what is kept, and not believed when it is no notification", async ({ expect }) => {
    await unchanged(expect, () => post(gateway, "x".repeat(EVENT_MAX_BYTES + 1)), 413);
    for (const body of ["", "{", "[]", "null", '{"EventType":5}', '{"EventType":""}']) {
      await unchanged(expect, () => post(gateway, body), 400);
    }
  });
});

describe("an event that completes no task", () => {
  it("is kept once, answered with 200 and changes no task", async ({ expect }) => {
    const { id, task } = await finishedTask(gateway);
    const { Sign, T } = (await completionOf(task)) as Json;
    const event = { EventType: "NewFileUpload", FileUploadEvent: { FileId: "1" }, Sign, T };
    for (const _ of [1, 2]) expect((await post(gateway, event)).status).toBe(200);
    const [kept, ...more] = await otherEvents();
    expect([kept, more]).toMatchObject([{ event_type: "NewFileUpload" }, []]);
    // Without what belongs to one transmission of it.
    expect(JSON.parse(String(kept?.body))).toEqual({ EventType: "NewFileUpload", FileUploadEvent: { FileId: "1" } });
    expect(await statusOfRow(id)).toBe("running");
  });

  it("is noted without what it says when that is long", async ({ expect }) => {
    const { task } = await finishedTask(gateway);
    const { Sign, T } = (await completionOf(task)) as Json;
    const event = { EventType: "NewFileUpload", FileUploadEvent: { FileId: "1".repeat(10_000) }, Sign, T };
    expect((await post(gateway, event)).status).toBe(200);
    expect(await otherEvents()).toMatchObject([{ event_type: "NewFileUpload", body: null }]);
  });
});

const NEW_ROOT = "a new root secret of 32 characters";
const NEW_CALLBACK = "a-new-callback-secret-of-32-letters";

describe("rotation", () => {
  const rotated = {
    GATEWAY_SECRET: NEW_ROOT,
    GATEWAY_SECRET_PREVIOUS: env.GATEWAY_SECRET,
    CALLBACK_SECRET: NEW_CALLBACK,
    CALLBACK_SECRET_PREVIOUS: CALLBACK_SECRET,
    VOD_SIGN_KEY: "newSignKey",
    VOD_SIGN_KEY_PREVIOUS: "localSignKey",
  };

  for (const path of [`/callbacks/vod/${NEW_CALLBACK}`, CALLBACK]) {
    it(`accepts at ${path} what was signed before it, sign key and session token`, async ({ expect }) => {
      const { id, task } = await finishedTask(gateway);
      const event = await completionOf(task);
      gateway = await startGateway({ env: rotated });
      expect((await post(gateway, event, path)).status).toBe(200);
      expect(await statusOfRow(id)).toBe("succeeded");
    });
  }

  it("makes new tokens with the new root, and takes neither an older one nor an older path", async ({ expect }) => {
    gateway = await startGateway({ env: rotated });
    const { id, task } = await finishedTask(gateway);
    const again = {
      ...rotated,
      GATEWAY_SECRET: "the newest root secret of them all",
      GATEWAY_SECRET_PREVIOUS: NEW_ROOT,
      CALLBACK_SECRET: "the-newest-callback-secret-of-them-all",
      CALLBACK_SECRET_PREVIOUS: NEW_CALLBACK,
    };
    gateway = await startGateway({ env: again });
    const roots = [env.GATEWAY_SECRET] as const;
    const old = await createSessionToken({ taskId: id, attempt: 1, owner: "acme", roots });
    const stale = await completionOf(task, { content: { SessionContext: old } });
    expect((await post(gateway, stale, `/callbacks/vod/${NEW_CALLBACK}`)).status).toBe(401);
    expect((await post(gateway, await completionOf(task), CALLBACK)).status).toBe(404);
    expect((await post(gateway, await completionOf(task), `/callbacks/vod/${NEW_CALLBACK}`)).status).toBe(200);
    expect(await statusOfRow(id)).toBe("succeeded");
  });

  it("of a root alone takes its derived path with it; the one before is taken while it is set", async ({ expect }) => {
    const derived = async (root: string) => `/callbacks/vod/${(await callbackPathSecrets([root]))[0]}`;
    const [before, after] = [await derived(env.GATEWAY_SECRET), await derived(NEW_ROOT)];
    const found = async () => {
      const answers = [CALLBACK, before, after].map(async (path) => (await post(gateway, "{}", path)).status !== 404);
      return Promise.all(answers);
    };
    // Set by hand: nothing derives.
    expect(await found()).toEqual([true, false, false]);
    gateway = await startGateway({ env: { ...rotated, CALLBACK_SECRET } });
    expect(await found()).toEqual([true, false, false]);
    gateway = await startGateway({ env: { CALLBACK_SECRET: "" } });
    expect(await found()).toEqual([false, true, false]);
    gateway = await startGateway({ env: { CALLBACK_SECRET: "", CALLBACK_SECRET_PREVIOUS: CALLBACK_SECRET } });
    expect(await found()).toEqual([true, true, false]);
    const { GATEWAY_SECRET, GATEWAY_SECRET_PREVIOUS } = rotated;
    gateway = await startGateway({ env: { GATEWAY_SECRET, GATEWAY_SECRET_PREVIOUS, CALLBACK_SECRET: "" } });
    expect(await found()).toEqual([false, true, true]);
    gateway = await startGateway({ env: { GATEWAY_SECRET, CALLBACK_SECRET: "" } });
    expect(await found()).toEqual([false, false, true]);
  });

  it("takes unsigned notifications only where no sign key is set", async ({ expect }) => {
    const before = await finishedTask(gateway);
    const { Sign: _a, T: _b, ...refused } = (await completionOf(before.task)) as Json;
    expect((await post(gateway, refused)).status).toBe(401);
    gateway = await startGateway({ env: { VOD_SIGN_KEY: "" } });
    const { id, task } = await finishedTask(gateway);
    const { Sign: _s, T: _t, ...unsigned } = (await completionOf(task)) as Json;
    expect((await post(gateway, unsigned)).status).toBe(200);
    expect(await statusOfRow(id)).toBe("succeeded");
  });
});
