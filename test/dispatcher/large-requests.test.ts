/* Requests too large for a row lie in R2 for as long as their task may need them. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, it } from "vitest";
import { keepHouse } from "../../src/tasks/housekeeping.ts";
import {
  cancel,
  CREATE,
  notify,
  notifyUntilDone,
  paidSessions,
  REQUESTS,
  submit,
  VIDEO,
  vendorTaskOf,
} from "../support/client.ts";
import {
  CAR,
  emulator,
  type Gateway,
  type Json,
  startGateway,
  taskRow,
  taskStates,
  vendorFinishes,
} from "../support/gateway.ts";
import { pass, quiet, until } from "../support/quiet.ts";

let gateway: Gateway;
/** The bodies of the create calls, as they left. */
let sent: Uint8Array[];

async function start(bindings: Json = {}): Promise<void> {
  sent = [];
  const fetch = async (request: Request) => {
    if (request.headers.get("x-tc-action") !== CREATE) return env.EMULATOR.fetch(request);
    const body = new Uint8Array(await request.arrayBuffer());
    sent.push(body);
    return env.EMULATOR.fetch(request.url, { method: "POST", headers: request.headers, body });
  };
  gateway = await startGateway({ env: bindings, deps: { fetch } });
}

beforeEach(async () => {
  await emulator.reset();
  await start();
});

const blobs = async () => (await env.BLOBS.list()).objects.map(({ key }) => key);

/** More characters beyond ASCII than a body may have would be refused. */
const MIXED_MAX_BYTES = 900_000;

/** Text of so many bytes, of characters of all lengths, and of "x" from where that would be too many. */
function textOf(bytes: number): string {
  const unit = "aé汽🚗";
  const size = new TextEncoder().encode(unit).byteLength;
  const units = Math.floor(Math.min(bytes, MIXED_MAX_BYTES) / size);
  return unit.repeat(units) + "x".repeat(bytes - units * size);
}

/** Without a look at the difference, should there be one: it would be megabytes. */
function sameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a !== undefined && b !== undefined && a.byteLength === b.byteLength && a.every((byte, at) => byte === b[at]);
}

const large = (bytes = 40_000) => ({ ext_info: textOf(bytes) });

describe("a large request", () => {
  for (const [name, bytes] of [
    ["40 KB", 40_000],
    ["7 MB", 7_000_000],
  ] as const) {
    it(`of ${name} arrives at the vendor byte for byte, and lies in neither database`, async ({ expect }) => {
      const { ext_info: text } = large(bytes);
      const { id } = await submit(gateway, { ext_info: text });
      expect(await blobs()).toEqual([`requests/${id}`]);
      const stored = new Uint8Array((await (await env.BLOBS.get(`requests/${id}`))?.arrayBuffer()) ?? []);
      const [body] = sent;
      // What was stored, and behind it what belongs to this call.
      expect(sameBytes(body?.slice(0, stored.byteLength - 1), stored.slice(0, -1))).toBe(true);
      const parsed = JSON.parse(new TextDecoder().decode(body)) as Json;
      expect(parsed.ExtInfo === text).toBe(true);
      expect(parsed).toMatchObject({ ModelName: "Kling", SessionId: `${id}-1`, SubAppId: Number(env.VOD_SUB_APP_ID) });
      const row = await taskRow(id);
      expect(row).toMatchObject({ request_blob: `requests/${id}` });
      // Only what pollers are shown of it.
      expect(String(row?.["request"]).length).toBeLessThan(1_000);
      await notifyUntilDone(gateway);
      await quiet();
      await until(async () => (await blobs()).length === 0);
      expect((await gateway.get(`${REQUESTS}/${id}`)).status).toBe(200);
    });
  }

  it("stays while its task waits, through a restart and through an attempt for which there was no room", async ({
    expect,
  }) => {
    await start({ VOD_CONCURRENCY: "1" });
    await submit(gateway);
    const { id } = await submit(gateway, large());
    await gateway.restart();
    await emulator.fault({ action: CREATE, kind: "error", code: "RequestLimitExceeded" });
    await notifyUntilDone(gateway);
    expect(await paidSessions()).toContain(`${id}-2`);
    const [refused, taken] = sent.slice(-2).map((body) => JSON.parse(new TextDecoder().decode(body)) as Json);
    expect([refused?.SessionId, taken?.SessionId]).toEqual([`${id}-1`, `${id}-2`]);
    // Compared apart: a difference of 40 KB is not to be printed.
    expect(refused?.ExtInfo === taken?.ExtInfo && taken?.ExtInfo === large().ext_info).toBe(true);
    await until(async () => (await blobs()).length === 0);
  });

  for (const [how, end] of [
    ["canceled", (id: string) => cancel(gateway, id)],
    ["not started in time", () => pass(gateway, 31_000)],
  ] as const) {
    it(`of a task that was ${how} goes with it`, async ({ expect }) => {
      await start({ VOD_CONCURRENCY: "1" });
      await submit(gateway);
      const { id } = await submit(gateway, { ...large(), start_timeout: 30 });
      expect(await blobs()).toHaveLength(1);
      await end(id);
      await until(async () => (await blobs()).length === 0);
      expect(sent).toHaveLength(1);
    });
  }

  it("that the vendor refuses, or that is a duplicate, goes at once", async ({ expect }) => {
    await emulator.fault({ action: CREATE, kind: "error", code: "InvalidParameterValue" });
    expect((await gateway.post(VIDEO, { ...CAR, ...large() })).status).toBe(422);
    await submit(gateway, { session_id: "s" });
    expect((await gateway.post(VIDEO, { ...CAR, ...large(), session_id: "s" })).status).toBe(409);
    await gateway.settleDeferred();
    await until(async () => (await blobs()).length === 0);
  });

  it("of a call without an answer is kept, and sent again as it was", async ({ expect }) => {
    await emulator.fault({ action: CREATE, kind: "drop_before_accept" });
    const { id } = await submit(gateway, large());
    await pass(gateway, 6 * 60_000);
    expect(await paidSessions()).toEqual([`${id}-1`]);
    expect(sent).toHaveLength(2);
    expect(sameBytes(sent[0], sent[1])).toBe(true);
    await vendorFinishes();
    await notify(gateway, await vendorTaskOf(id));
    await until(async () => (await blobs()).length === 0);
  });

  it("that nobody claimed is swept after an hour; one that a waiting task needs is not", async ({ expect }) => {
    await start({ VOD_CONCURRENCY: "1" });
    await emulator.reset({ task_seconds: 3_600 * 24 });
    await submit(gateway);
    const { id } = await submit(gateway, large());
    await env.BLOBS.put("requests/00000000-0000-7000-8000-000000000000", "{}");
    const clean = () => keepHouse(gateway.services, { reconcile: () => gateway.tick() });
    await clean();
    expect(await blobs()).toHaveLength(2);
    gateway.clock.offsetMs += 61 * 60_000;
    await clean();
    expect(await blobs()).toEqual([`requests/${id}`]);
  });

  it("that R2 cannot give for now is sent when it can, and the client has its id meanwhile", async ({ expect }) => {
    let away = false;
    const flaky = new Proxy(env.BLOBS, {
      get(target, name: keyof R2Bucket) {
        if (away && name === "get") return () => Promise.reject(new Error("R2 is away"));
        const member = target[name] as (...input: unknown[]) => unknown;
        return member.bind(target);
      },
    });
    await start({ BLOBS: flaky });
    away = true;
    const { id } = await submit(gateway, large());
    expect(sent).toEqual([]);
    away = false;
    await pass(gateway, 6_000);
    expect(await taskRow(id)).toMatchObject({ status: "running", attempt: 1 });
    expect(await paidSessions()).toEqual([`${id}-1`]);
  });

  it("that is gone for good fails its task, which never reached the vendor and gives its session_id back", async ({
    expect,
  }) => {
    await start({ VOD_CONCURRENCY: "1" });
    await submit(gateway);
    const { id } = await submit(gateway, { ...large(), session_id: "s" });
    await env.BLOBS.delete(`requests/${id}`);
    await notifyUntilDone(gateway);
    expect(await taskStates()).toEqual({ succeeded: 1, failed: 1 });
    expect(sent).toHaveLength(1);
    expect((await gateway.post(VIDEO, { ...CAR, session_id: "s" })).status).toBe(200);
  });
});
