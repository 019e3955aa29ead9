import { kvOfTest } from "../support/kv-of-test.ts";

import { beforeEach, describe, it } from "vitest";
import { applyRetention } from "../../src/tasks/retention.ts";
import { CREATE, notifyUntilDone, statusOf, submit, VIDEO } from "../support/client.ts";
import { addKey, CAR, emulator, type Gateway, type Json, recordHasAll, startGateway } from "../support/gateway.ts";
import { pass } from "../support/quiet.ts";

const IMAGE = "/tencent-vod/v1/aigc-image";
const THREE_DAYS_MS = 3 * 24 * 60 * 60 * 1000;

let gateway: Gateway;

beforeEach(async () => {
  await emulator.reset();
  gateway = await startGateway();
});

async function bodyOf(response: Response): Promise<Json> {
  return response.json();
}

/** Posts the same thing `count` times at once. */
function volley(count: number, body: Json, headers: Record<string, string> = {}): Promise<Response[]> {
  return Promise.all(Array.from({ length: count }, () => gateway.post(VIDEO, body, { headers })));
}

describe("session_id", () => {
  it("makes one vendor task of fifty simultaneous posts and names the first to the others", async ({ expect }) => {
    const answers = await volley(50, { ...CAR, session_id: "one" });
    const accepted = answers.filter((answer) => answer.status === 200);
    const refused = answers.filter((answer) => answer.status === 409);
    expect([accepted.length, refused.length]).toEqual([1, 49]);
    const { request_id: id, ...first } = await bodyOf(accepted[0] as Response);
    for (const answer of refused) {
      expect(answer.headers.get("x-should-retry")).toBe("false");
      expect(await bodyOf(answer)).toMatchObject({
        code: "duplicate_session_id",
        request_id: id,
        status_url: first.status_url,
        response_url: first.response_url,
        cancel_url: first.cancel_url,
      });
    }
    expect(await emulator.tasks()).toHaveLength(1);
  });

  it("belongs to its owner: another owner's equal session_id is another task", async ({ expect }) => {
    await addKey("sk-other", "other", ["submit"]);
    const mine = await gateway.post(VIDEO, { ...CAR, session_id: "same" });
    const theirs = await gateway.post(VIDEO, { ...CAR, session_id: "same" }, { key: "sk-other" });
    expect([mine.status, theirs.status]).toEqual([200, 200]);
    expect(await emulator.tasks()).toHaveLength(2);
  });

  it("counts over both media and over two keys of one owner", async ({ expect }) => {
    await addKey("sk-second", "acme", ["submit"]);
    await gateway.post(VIDEO, { ...CAR, session_id: "both" });
    const image = await gateway.post(IMAGE, { ...CAR, session_id: "both" }, { key: "sk-second" });
    expect(image.status).toBe(409);
  });

  it("dedupes nothing when absent or empty", async ({ expect }) => {
    for (const body of [CAR, CAR, { ...CAR, session_id: "" }, { ...CAR, session_id: "" }]) {
      expect((await gateway.post(VIDEO, body)).status).toBe(200);
    }
    expect(await emulator.tasks()).toHaveLength(4);
  });

  it("is free again three days after its task is over, not before", async ({ expect }) => {
    await submit(gateway, { session_id: "window" });
    await pass(gateway, 60 * 60_000);
    await notifyUntilDone(gateway);
    await recordHasAll(gateway);
    await pass(gateway, THREE_DAYS_MS - 60_000);
    expect((await gateway.post(VIDEO, { ...CAR, session_id: "window" })).status).toBe(409);
    await pass(gateway, 61_000);
    expect((await gateway.post(VIDEO, { ...CAR, session_id: "window" })).status).toBe(200);
  });

  it("is kept for as long as its task waits, however long that is", async ({ expect }) => {
    gateway = await startGateway({ env: { VOD_CONCURRENCY: "1" } });
    await emulator.reset({ task_seconds: 3 * 24 * 3600 });
    await submit(gateway);
    const { id } = await submit(gateway, { session_id: "waits" });
    gateway.clock.offsetMs += THREE_DAYS_MS + 60 * 60_000;
    const again = await gateway.post(VIDEO, { ...CAR, session_id: "waits" });
    expect([again.status, (await bodyOf(again)).request_id]).toEqual([409, id]);
  });

  it("refers to a first task that can be read for as long, however soon tasks are deleted", async ({ expect }) => {
    gateway = await startGateway({ env: { RETENTION_DAYS: "1" } });
    const { id } = await submit(gateway, { session_id: "short" });
    await notifyUntilDone(gateway);
    await recordHasAll(gateway);
    await pass(gateway, 2 * 24 * 60 * 60_000);
    await applyRetention(gateway.services);
    const again = await gateway.post(VIDEO, { ...CAR, session_id: "short" });
    expect([again.status, (await bodyOf(again)).request_id]).toEqual([409, id]);
    expect(await statusOf(gateway, id)).toMatchObject({ status: "COMPLETED" });
    await pass(gateway, THREE_DAYS_MS);
    await applyRetention(gateway.services);
    expect((await gateway.get(`/tencent-vod/v1/requests/${id}`)).status).toBe(404);
  });

  it("is given back when the vendor refuses the task, kept when it accepted it", async ({ expect }) => {
    await emulator.fault({ action: "CreateAigcVideoTask", kind: "error", code: "InvalidParameterValue.FileId" });
    const refused = await gateway.post(VIDEO, { ...CAR, session_id: "back" });
    expect(refused.status).toBe(422);
    expect((await gateway.post(VIDEO, { ...CAR, session_id: "back" })).status).toBe(200);
    expect((await gateway.post(VIDEO, { ...CAR, session_id: "back" })).status).toBe(409);
    expect(await emulator.tasks()).toHaveLength(1);
  });

  it("is refused from KV alone, without the object being asked", async ({ expect }) => {
    const first = await bodyOf(await gateway.post(VIDEO, { ...CAR, session_id: "fast" }));
    await gateway.settleDeferred();
    gateway.services.dispatcher.submit = () => Promise.reject(new Error("The object was asked."));
    const again = await gateway.post(VIDEO, { ...CAR, session_id: "fast" });
    expect(again.status).toBe(409);
    expect(await bodyOf(again)).toMatchObject({ request_id: first.request_id });
  });

  it("is refused by the object when KV is down, and exactly once at that", async ({ expect }) => {
    const down = () => Promise.reject(new Error("KV is down"));
    gateway = await startGateway({ env: { DEDUPE: { get: down, put: down } as unknown as KVNamespace } });
    const answers = await volley(20, { ...CAR, session_id: "dark" });
    expect(answers.map((answer) => answer.status).toSorted((a, b) => a - b)).toEqual([200, ...Array(19).fill(409)]);
    expect(await emulator.tasks()).toHaveLength(1);
  });

  it("survives in the object when KV forgets, also over a restart", async ({ expect }) => {
    await gateway.post(VIDEO, { ...CAR, session_id: "forgotten" });
    await gateway.settleDeferred();
    for (const { name } of (await kvOfTest().list()).keys) await kvOfTest().delete(name);
    await gateway.restart();
    expect((await gateway.post(VIDEO, { ...CAR, session_id: "forgotten" })).status).toBe(409);
  });

  it("that was given back and taken again belongs to the second task", async ({ expect }) => {
    await emulator.fault({ action: CREATE, kind: "error", code: "InvalidParameterValue.FileId" });
    await gateway.post(VIDEO, { ...CAR, session_id: "again" });
    const { id } = await submit(gateway, { session_id: "again" });
    // The first one's row goes when the record has it, and takes nothing of the second's along.
    await recordHasAll(gateway);
    await gateway.restart();
    for (const { name } of (await kvOfTest().list()).keys) await kvOfTest().delete(name);
    const third = await gateway.post(VIDEO, { ...CAR, session_id: "again" });
    expect([third.status, (await bodyOf(third)).request_id]).toEqual([409, id]);
  });

  it("that was taken again after it had lapsed is given back by the second task's refusal", async ({ expect }) => {
    const first = await submit(gateway, { session_id: "old" });
    await pass(gateway, 60 * 60_000);
    await notifyUntilDone(gateway);
    await recordHasAll(gateway);
    await pass(gateway, THREE_DAYS_MS + 1_000);
    await emulator.fault({ action: CREATE, kind: "error", code: "InvalidParameterValue.FileId" });
    expect((await gateway.post(VIDEO, { ...CAR, session_id: "old" })).status).toBe(422);
    const third = await submit(gateway, { session_id: "old" });
    expect(third.id).not.toBe(first.id);
    const fourth = await gateway.post(VIDEO, { ...CAR, session_id: "old" });
    expect([fourth.status, (await bodyOf(fourth)).request_id]).toEqual([409, third.id]);
  });

  it("of two owners shows each its own task in a list", async ({ expect }) => {
    await addKey("sk-other", "other", ["submit", "read"]);
    const mine = await submit(gateway, { session_id: "both" });
    const theirs = await submit(gateway, { session_id: "both" }, { key: "sk-other" });
    await notifyUntilDone(gateway);
    await recordHasAll(gateway);
    for (const [key, id] of [
      ["sk-test", mine.id],
      ["sk-other", theirs.id],
    ] as const) {
      const list = await bodyOf(await gateway.get("/tencent-vod/v1/requests?session_id=both", { key }));
      expect(JSON.stringify(list).match(/"request_id":"[^"]+"/g)).toEqual([`"request_id":"${id}"`]);
    }
  });
});
