/*
 * Events by PULL. No test here posts a notification: what completes, completes by what the gateway fetches.
 */
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, it } from "vitest";
import { createTc3Signer } from "../../../src/signing/tc3-signer.ts";
import { CAR, emulator, type Gateway, type Json, startGateway, vendorFinishes } from "../../support/gateway.ts";

const VIDEO = "/tencent-vod/v1/aigc-video";
/** The vendor holds an empty pull for 5 s; shorter here, and over at once when a test is. */
const HOLD_MS = 1_100;
const POLL_MS = 10;
/** Just more than an event that was pulled and not confirmed stays hidden. */
const HIDDEN_SECONDS = 31;

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

type Answer = (request: Request) => Response | undefined | Promise<Response | undefined>;

/** The way to the vendor, with the vendor's actions in the order they were called. */
function wire() {
  const calls: string[] = [];
  const pulls = { now: 0, most: 0 };
  const line = {
    calls,
    pulls,
    /** Ends the pull that is being held. */
    release: false,
    /** Answers a call instead of the vendor, or throws. */
    instead: {} as Record<string, Answer>,
    async fetch(request: Request): Promise<Response> {
      const action = request.headers.get("x-tc-action") ?? "";
      calls.push(action);
      const answer = await line.instead[action]?.(request);
      if (answer) return answer;
      if (action !== "PullEvents") return env.EMULATOR.fetch(request);
      pulls.now += 1;
      pulls.most = Math.max(pulls.most, pulls.now);
      try {
        for (let waited = 0; (await eventsToPull()) === 0; waited += POLL_MS) {
          if (waited >= HOLD_MS || line.release) return Response.json({ Response: { EventSet: null, RequestId: "r" } });
          await pause(POLL_MS);
        }
        return await env.EMULATOR.fetch(request);
      } finally {
        pulls.now -= 1;
      }
    },
    count: (action: string) => calls.filter((call) => call === action).length,
  };
  return line;
}

const signer = createTc3Signer({
  credentials: { secretId: env.VOD_SECRET_ID, secretKey: env.VOD_SECRET_KEY },
  service: "vod",
});

/** A call of the vendor's API past the gateway. */
async function atVendor(action: string, parameters: Json = {}): Promise<Json> {
  const payload = JSON.stringify({ ...parameters, SubAppId: Number(env.VOD_SUB_APP_ID) });
  const url = new URL(env.VOD_ENDPOINT);
  const timestamp = Math.floor(Date.now() / 1000);
  const headers = await signer.sign({ host: url.host, action, version: "2018-07-17", payload, timestamp });
  const response = await env.EMULATOR.fetch(url, { method: "POST", headers, body: payload });
  return (await response.json<{ Response: Json }>()).Response;
}

/** Events in the vendor's queue that are not hidden. */
async function eventsToPull(): Promise<number> {
  return Number((await atVendor("DescribeEventsState")).CountOfEventsToPull);
}

/** Whether nothing is left in the queue, hidden events included. */
async function queueIsEmpty(): Promise<boolean> {
  await emulator.call("POST", "clock", { advance_seconds: HIDDEN_SECONDS });
  return (await eventsToPull()) === 0;
}

let line: ReturnType<typeof wire>;
let gateway: Gateway;

const PULL = { VOD_EVENT_MODE: "pull" };

async function start(bindings: Json = {}): Promise<void> {
  line = wire();
  gateway = await startGateway({ env: { ...PULL, ...bindings }, deps: { fetch: (request) => line.fetch(request) } });
}

beforeEach(async () => {
  await emulator.reset({ mode: "PULL" });
  await start();
});

// A pull that outlived its test would take the next one's events.
afterEach(async () => {
  line.instead = {};
  await until(async () => (await gateway.services.dispatcher.report()).running === 0);
  await released();
  // Its timers may still fire, and the next test's events would be due by its clock.
  gateway.services.store.events.due = async () => [];
});

/** Until no pull is in the air. */
async function released(): Promise<void> {
  line.release = true;
  await until(async () => line.pulls.now === 0);
  line.release = false;
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await pause(POLL_MS);
}

async function submit(body: Json = {}): Promise<string> {
  const answer = await gateway.post(VIDEO, { ...CAR, ...body });
  if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`);
  return (await answer.json<{ request_id: string }>()).request_id;
}

async function rows(sql: string): Promise<Json[]> {
  return (await env.DB.prepare(sql).all<Json>()).results;
}

const states = () => rows("SELECT status, count(*) AS n FROM tasks GROUP BY status");
const events = () => rows("SELECT event_type, task_id, state FROM events ORDER BY received_at");

async function succeeded(count: number): Promise<boolean> {
  return (await rows("SELECT id FROM tasks WHERE status = 'succeeded'")).length === count;
}

/** D1 of which statements that contain `part` fail while `times` is above 0. */
function failingDb(part: string) {
  const failure = { times: 0 };
  const db = new Proxy(env.DB, {
    get(target, name: keyof D1Database) {
      if (name === "prepare") {
        return (sql: string) => {
          if (failure.times > 0 && sql.includes(part)) {
            failure.times -= 1;
            throw new Error("D1 is away");
          }
          return target.prepare(sql);
        };
      }
      const member = target[name];
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
  return { db, failure };
}

describe("in pull mode", () => {
  it("a task completes without a notification, is confirmed, and the pulling ends", async ({ expect }) => {
    const id = await submit();
    await until(() => succeeded(1));
    expect(await events()).toEqual([{ event_type: "AigcVideoTaskComplete", task_id: id, state: "applied" }]);
    await released();
    expect(await queueIsEmpty()).toBe(true);
    const pulls = line.count("PullEvents");
    await pause(HOLD_MS + 200);
    await gateway.tick();
    expect(line.count("PullEvents")).toBe(pulls);
  });

  it("more events than one pull gives come one pull after the other, sixteen at most confirmed at once", async ({
    expect,
  }) => {
    const handles: number[] = [];
    line.instead.ConfirmEvents = async (request) => {
      const body = await request.clone().json<{ EventHandles: string[] }>();
      handles.push(body.EventHandles.length);
      return env.EMULATOR.fetch(request);
    };
    // Held back until all are there, so that they come in full pulls.
    line.instead.PullEvents = () => new Response(null, { status: 503 });
    await Promise.all(Array.from({ length: 40 }, () => submit()));
    await vendorFinishes();
    line.instead.PullEvents = () => undefined;
    gateway.clock.offsetMs += 5_000;
    await gateway.tick();
    await until(() => succeeded(40));
    await released();
    expect(handles).toEqual([16, 16, 8]);
    expect(line.pulls.most).toBe(1);
    expect(await queueIsEmpty()).toBe(true);
  });

  it("an event is confirmed after it is stored, not before", async ({ expect }) => {
    const stored: unknown[] = [];
    line.instead.ConfirmEvents = async (request) => {
      stored.push(await events());
      return env.EMULATOR.fetch(request);
    };
    await submit();
    await until(() => succeeded(1));
    expect(stored).toMatchObject([[{ event_type: "AigcVideoTaskComplete" }]]);
  });

  it("an event that D1 did not take is not confirmed, comes again and is applied once", async ({ expect }) => {
    const { db, failure } = failingDb("INSERT INTO events");
    failure.times = 1;
    await start({ DB: db });
    await submit();
    await until(async () => failure.times === 0);
    await vendorFinishes();
    expect(line.count("ConfirmEvents")).toBe(0);
    expect(await events()).toEqual([]);
    await emulator.call("POST", "clock", { advance_seconds: HIDDEN_SECONDS });
    await until(() => succeeded(1));
    expect(await events()).toMatchObject([{ state: "applied" }]);
    await released();
    expect([line.count("ConfirmEvents"), await queueIsEmpty()]).toEqual([1, true]);
  });

  it("one event that D1 does not take does not hold up the others of its pull", async ({ expect }) => {
    const { db, failure } = failingDb("INSERT INTO events");
    await start({ DB: db });
    line.instead.PullEvents = () => new Response(null, { status: 503 });
    await Promise.all(Array.from({ length: 5 }, () => submit()));
    await vendorFinishes();
    failure.times = 1;
    line.instead.PullEvents = () => undefined;
    gateway.clock.offsetMs += 5_000;
    await gateway.tick();
    await until(() => succeeded(4));
    await emulator.call("POST", "clock", { advance_seconds: HIDDEN_SECONDS });
    gateway.clock.offsetMs += 5_000;
    await gateway.tick();
    await until(() => succeeded(5));
    expect((await events()).map(({ state }) => state)).toEqual(Array(5).fill("applied"));
  });

  it("a stored event whose re-read fails is confirmed, and applied by our own retry", async ({ expect }) => {
    await emulator.fault({ action: "DescribeTaskDetail", kind: "http_500", times: 1 });
    await submit();
    await until(async () => line.count("ConfirmEvents") === 1);
    await until(() => succeeded(1));
    expect(await events()).toMatchObject([{ state: "applied" }]);
    expect(await queueIsEmpty()).toBe(true);
  });

  it("an event whose confirmation is lost comes again, and is applied once", async ({ expect }) => {
    let lost = 0;
    line.instead.ConfirmEvents = () => {
      lost += 1;
      if (lost === 1) throw new Error("The connection broke.");
      return undefined;
    };
    await submit();
    await until(() => succeeded(1));
    const described = line.count("DescribeTaskDetail");
    await until(async () => lost === 1);
    await released();
    await emulator.call("POST", "clock", { advance_seconds: HIDDEN_SECONDS });
    expect(await eventsToPull()).toBe(1);
    gateway.clock.offsetMs += 60_000;
    await gateway.reconcile();
    await until(async () => (await eventsToPull()) === 0 && lost === 2);
    expect(await queueIsEmpty()).toBe(true);
    expect([line.count("DescribeTaskDetail"), await states()]).toEqual([described, [{ status: "succeeded", n: 1 }]]);
    expect(await events()).toHaveLength(1);
  });

  it("the same event twice in one pull is applied once", async ({ expect }) => {
    line.instead.PullEvents = async (request) => {
      if ((await eventsToPull()) === 0) return undefined;
      const answer = await (await env.EMULATOR.fetch(request)).json<{ Response: { EventSet: Json[] } }>();
      return Response.json({ Response: { EventSet: answer.Response.EventSet.flatMap((event) => [event, event]) } });
    };
    line.instead.ConfirmEvents = async (request) => {
      const { EventHandles } = await request.json<{ EventHandles: string[] }>();
      return Response.json({ Response: await atVendor("ConfirmEvents", { EventHandles: [...new Set(EventHandles)] }) });
    };
    await submit();
    await vendorFinishes();
    await until(() => succeeded(1));
    expect([await events(), line.count("DescribeTaskDetail")]).toMatchObject([[{ state: "applied" }], 1]);
  });

  it("foreign, unknown and unreadable events are confirmed, kept where they can be, and change nothing", async ({
    expect,
  }) => {
    // A task of somebody else in the same application: its SessionContext is no token of ours.
    const request = { ModelName: "Kling", ModelVersion: "1.6", Prompt: "theirs", SessionContext: "order 7" };
    await atVendor("CreateAigcVideoTask", request);
    await vendorFinishes();
    const others = [
      { EventHandle: "h1", EventType: "NewFileUpload", FileUploadEvent: { FileId: "1" }, AigcVideoCompleteEvent: null },
      { EventHandle: "h2", EventType: "AigcVideoTaskComplete", AigcVideoCompleteEvent: null },
      { EventHandle: "h3", EventType: 5 },
    ];
    const confirmed: string[] = [];
    line.instead.PullEvents = async (pull) => {
      if ((await eventsToPull()) === 0) return undefined;
      const answer = await (await env.EMULATOR.fetch(pull)).json<{ Response: { EventSet: Json[] } }>();
      return Response.json({ Response: { EventSet: [...others, ...answer.Response.EventSet] } });
    };
    line.instead.ConfirmEvents = async (confirm) => {
      const { EventHandles } = await confirm.json<{ EventHandles: string[] }>();
      confirmed.push(...EventHandles);
      const theirs = EventHandles.filter((handle) => !handle.startsWith("h"));
      return Response.json({ Response: await atVendor("ConfirmEvents", { EventHandles: theirs }) });
    };
    const id = await submit();
    await until(() => succeeded(1));
    await released();
    expect(confirmed).toEqual(expect.arrayContaining(["h1", "h2", "h3"]));
    expect(await queueIsEmpty()).toBe(true);
    const kept = await events();
    expect(kept.filter(({ task_id }) => task_id === id)).toMatchObject([{ state: "applied" }]);
    expect(kept.filter(({ task_id }) => task_id === null).map(({ state }) => state)).toEqual(Array(3).fill("ignored"));
    expect(await states()).toEqual([{ status: "succeeded", n: 1 }]);
  });

  it("a vendor that fails is asked again after a pause that grows, beside everything else", async ({ expect }) => {
    for (const fault of [{ kind: "http_500" }, { kind: "error", code: "InternalError" }, { kind: "bad_json" }]) {
      await emulator.fault({ action: "PullEvents", times: 1, ...fault });
    }
    // Straight to the vendor: faults are counted there.
    line.instead.PullEvents = (request) => (line.count("PullEvents") <= 3 ? env.EMULATOR.fetch(request) : undefined);
    const id = await submit();
    await vendorFinishes();
    expect((await gateway.get(`/tencent-vod/v1/requests/${id}/status`)).status).toBe(202);
    for (const [pulls, pauseMs] of [
      [1, 1_000],
      [2, 2_000],
      [3, 4_000],
    ] as const) {
      await until(async () => gateway.scheduled.length > 0 && line.count("PullEvents") === pulls);
      await pause(50);
      gateway.clock.offsetMs += pauseMs - 500;
      await gateway.tick();
      await pause(50);
      expect(line.count("PullEvents")).toBe(pulls);
      gateway.clock.offsetMs += 500;
      await gateway.tick();
    }
    // The answer that was no JSON had the event in it: to the vendor it is pulled.
    await emulator.call("POST", "clock", { advance_seconds: HIDDEN_SECONDS });
    await until(() => succeeded(1));
  });

  it("ResourceNotFound means that there is nothing", async ({ expect }) => {
    await emulator.fault({ action: "PullEvents", kind: "error", code: "ResourceNotFound" });
    line.instead.PullEvents = (request) => (line.count("PullEvents") === 1 ? env.EMULATOR.fetch(request) : undefined);
    await submit();
    await until(() => succeeded(1));
    expect(line.count("PullEvents")).toBeGreaterThan(1);
  });

  it("a queue that fills while nothing runs is emptied by the cron trigger", async ({ expect }) => {
    await atVendor("CreateAigcVideoTask", { ModelName: "Kling", ModelVersion: "1.6", Prompt: "theirs" });
    await vendorFinishes();
    await gateway.tick();
    expect(line.count("PullEvents")).toBe(0);
    await gateway.reconcile();
    await until(async () => line.count("ConfirmEvents") === 1 && line.pulls.now === 0);
    await pause(HOLD_MS + 200);
    expect(await queueIsEmpty()).toBe(true);
    expect(line.count("PullEvents")).toBe(2);
  });
});

it("in push mode nothing is pulled", async ({ expect }) => {
  await emulator.reset();
  await start({ VOD_EVENT_MODE: "push" });
  await submit();
  await vendorFinishes();
  await gateway.reconcile();
  await gateway.tick();
  expect(line.count("PullEvents")).toBe(0);
  gateway.clock.offsetMs += 4 * 60_000;
  await gateway.tick();
  expect(await states()).toEqual([{ status: "succeeded", n: 1 }]);
});
