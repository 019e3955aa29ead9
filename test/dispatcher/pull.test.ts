/*
 * Events by PULL. No test here posts a notification: what completes, completes by what the gateway fetches.
 */
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, it } from "vitest";
import {
  emulator,
  type Gateway,
  type Json,
  startGateway,
  taskRow,
  taskStates,
  vendorFinishes,
} from "../support/gateway.ts";
import { submit } from "../support/client.ts";
import { startStill, until } from "../support/quiet.ts";
import {
  atVendor,
  emptyPull,
  eventsToPull,
  HOLD_MS,
  type Line,
  pause,
  pulledBy,
  queueIsEmpty,
  unhide,
  wire,
} from "./pull-support.ts";

let line: Line;
let gateway: Gateway;

async function start(bindings: Json = {}, begin = startGateway): Promise<void> {
  line = wire();
  const deps = { fetch: (request: Request) => line.fetch(request) };
  gateway = await begin({ env: { VOD_EVENT_MODE: "pull", ...bindings }, deps });
}

beforeEach(async () => {
  await emulator.reset({ mode: "PULL" });
  await start();
});

// A pull that outlived its test would take the next one's events.
afterEach(async () => {
  line.instead = {};
  await until(async () => (await gateway.services.dispatcher.report()).running === 0);
  await line.released();
});

const succeeded = async (count: number) => (await taskStates()).succeeded === count;

describe("in pull mode", () => {
  it("a task completes without a notification, is confirmed, and the pulling ends", async ({ expect }) => {
    const { id } = await submit(gateway);
    await until(() => succeeded(1));
    expect(await taskRow(id)).toMatchObject({ status: "succeeded" });
    await line.released();
    expect(await queueIsEmpty()).toBe(true);
    const pulls = line.count("PullEvents");
    await pause(HOLD_MS + 200);
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
    await Promise.all(Array.from({ length: 40 }, () => submit(gateway)));
    await until(async () => (await emulator.tasks()).length === 40);
    await vendorFinishes();
    line.instead.PullEvents = () => undefined;
    gateway.clock.offsetMs += 5_000;
    await gateway.tick();
    await until(() => succeeded(40));
    await line.released();
    expect(handles).toEqual([16, 16, 8]);
    expect(line.pulls.most).toBe(1);
    expect(await queueIsEmpty()).toBe(true);
  });

  it("an event is confirmed once what it says is durable, not before", async ({ expect }) => {
    const states: unknown[] = [];
    line.instead.ConfirmEvents = async () => {
      states.push(await taskStates());
      return undefined;
    };
    await submit(gateway);
    await until(() => states.length > 0);
    expect(states).toEqual([{ succeeded: 1 }]);
  });

  it("an event that a crash overtook is not confirmed, comes again and is applied once", async ({ expect }) => {
    let crashing = true;
    line.instead.DescribeTaskDetail = async () => (crashing ? new Promise(() => {}) : undefined);
    await submit(gateway);
    await until(() => line.count("DescribeTaskDetail") === 1);
    await gateway.restart();
    crashing = false;
    line.pulls.now = 0;
    expect(line.count("ConfirmEvents")).toBe(0);
    await unhide();
    expect(await gateway.services.dispatcher.report()).toMatchObject({ running: 1 });
    await until(() => succeeded(1));
    await until(async () => line.count("ConfirmEvents") === 1);
    await line.released();
    expect(await queueIsEmpty()).toBe(true);
  });

  it("one event whose re-read hangs holds up none of the others of its pull, and is kept", async ({ expect }) => {
    line.instead.PullEvents = () => new Response(null, { status: 503 });
    await Promise.all(Array.from({ length: 5 }, () => submit(gateway)));
    await until(async () => (await emulator.tasks()).length === 5);
    await vendorFinishes();
    let held = true;
    line.instead.DescribeTaskDetail = async () => {
      if (line.count("DescribeTaskDetail") === 1) await until(() => !held);
      return undefined;
    };
    line.instead.PullEvents = () => undefined;
    gateway.clock.offsetMs += 5_000;
    await gateway.tick();
    await until(() => succeeded(4));
    expect(line.count("ConfirmEvents")).toBe(0);
    gateway.clock.offsetMs += 4_000;
    await gateway.tick();
    await until(() => line.count("ConfirmEvents") === 1);
    expect(await taskStates()).toEqual({ succeeded: 4, running: 1 });
    held = false;
    await until(() => succeeded(5));
    expect(await queueIsEmpty()).toBe(true);
  });

  it("an event whose re-read fails is confirmed, and applied by our own retry", async ({ expect }) => {
    await emulator.fault({ action: "DescribeTaskDetail", kind: "http_500", times: 1 });
    await submit(gateway);
    await until(() => line.count("ConfirmEvents") === 1);
    expect(await taskStates()).toEqual({ running: 1 });
    expect(await queueIsEmpty()).toBe(true);
    gateway.clock.offsetMs += 6_000;
    await gateway.tick();
    await until(() => succeeded(1));
    expect(line.count("DescribeTaskDetail")).toBe(2);
  });

  it("an event whose confirmation is lost comes again, and is applied once", async ({ expect }) => {
    let lost = 0;
    line.instead.ConfirmEvents = () => {
      lost += 1;
      if (lost === 1) throw new Error("The connection broke.");
      return undefined;
    };
    await submit(gateway);
    await until(() => succeeded(1));
    await until(() => lost === 1);
    const described = line.count("DescribeTaskDetail");
    await line.released();
    await unhide();
    expect(await eventsToPull()).toBe(1);
    gateway.clock.offsetMs += 60_000;
    await gateway.tick();
    await until(async () => (await eventsToPull()) === 0 && lost === 2);
    expect(await queueIsEmpty()).toBe(true);
    expect([line.count("DescribeTaskDetail"), await taskStates()]).toEqual([described, { succeeded: 1 }]);
  });

  it("the same event twice in one pull is applied once", async ({ expect }) => {
    line.instead.PullEvents = async (request) => {
      const events = await pulledBy(request);
      return events && Response.json({ Response: { EventSet: events.flatMap((event) => [event, event]) } });
    };
    line.instead.ConfirmEvents = async (request) => {
      const { EventHandles } = await request.json<{ EventHandles: string[] }>();
      return Response.json({ Response: await atVendor("ConfirmEvents", { EventHandles: [...new Set(EventHandles)] }) });
    };
    await submit(gateway);
    await until(() => succeeded(1));
    expect(line.count("DescribeTaskDetail")).toBe(1);
  });

  it("foreign, unknown and unreadable events are confirmed, and change nothing", async ({ expect }) => {
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
      const events = await pulledBy(pull);
      return events && Response.json({ Response: { EventSet: [...others, ...events] } });
    };
    line.instead.ConfirmEvents = async (confirm) => {
      const { EventHandles } = await confirm.json<{ EventHandles: string[] }>();
      confirmed.push(...EventHandles);
      const theirs = EventHandles.filter((handle) => !handle.startsWith("h"));
      return Response.json({ Response: await atVendor("ConfirmEvents", { EventHandles: theirs }) });
    };
    await submit(gateway);
    await until(() => succeeded(1));
    await line.released();
    expect(confirmed).toEqual(expect.arrayContaining(["h1", "h2", "h3"]));
    expect(await queueIsEmpty()).toBe(true);
    expect(await taskStates()).toEqual({ succeeded: 1 });
    // Nobody else is told of it any more, so what completes no task is kept for the operator.
    const { results } = await env.DB.prepare("SELECT event_type, body FROM other_events").all<Json>();
    expect(results).toHaveLength(1);
    expect(results[0]).toMatchObject({ event_type: "NewFileUpload", body: expect.not.stringContaining("h1") });
  });

  it("ResourceNotFound means that there is nothing", async ({ expect }) => {
    await emulator.fault({ action: "PullEvents", kind: "error", code: "ResourceNotFound" });
    line.instead.PullEvents = (request) => (line.count("PullEvents") === 1 ? env.EMULATOR.fetch(request) : undefined);
    await submit(gateway);
    await until(() => succeeded(1));
    expect(line.count("PullEvents")).toBeGreaterThan(1);
  });

  it("a queue that fills while nothing runs is emptied by the cron trigger", async ({ expect }) => {
    await atVendor("CreateAigcVideoTask", { ModelName: "Kling", ModelVersion: "1.6", Prompt: "theirs" });
    await vendorFinishes();
    await gateway.services.dispatcher.report();
    expect(line.count("PullEvents")).toBe(0);
    await gateway.tick();
    await until(() => line.count("ConfirmEvents") === 1 && line.pulls.now === 0);
    await pause(HOLD_MS + 200);
    expect(await queueIsEmpty()).toBe(true);
    expect(line.count("PullEvents")).toBe(2);
  });
});

describe("in pull mode, with a clock that stands still", () => {
  beforeEach(() => start({}, startStill));

  it("a vendor that fails is asked again after a pause that grows, beside everything else", async ({ expect }) => {
    for (const fault of [{ kind: "http_500" }, { kind: "error", code: "InternalError" }, { kind: "bad_json" }]) {
      await emulator.fault({ action: "PullEvents", times: 1, ...fault });
    }
    // Straight to the vendor: faults are counted there.
    line.instead.PullEvents = (request) => (line.count("PullEvents") <= 3 ? env.EMULATOR.fetch(request) : undefined);
    const { id } = await submit(gateway);
    await vendorFinishes();
    expect((await gateway.get(`/tencent-vod/v1/requests/${id}/status`)).status).toBe(202);
    for (const [pulls, pauseMs] of [
      [1, 1_000],
      [2, 2_000],
      [3, 4_000],
    ] as const) {
      await until(() => line.count("PullEvents") === pulls);
      await pause(50);
      gateway.clock.offsetMs += pauseMs - 500;
      await gateway.tick();
      await pause(50);
      expect(line.count("PullEvents")).toBe(pulls);
      gateway.clock.offsetMs += 500;
      await gateway.tick();
    }
    // The answer that was no JSON had the event in it: to the vendor it is pulled.
    await unhide();
    await until(() => succeeded(1));
  });

  it("an empty answer is no failure: the next pull follows without a pause that would have to pass", async ({
    expect,
  }) => {
    line.instead.PullEvents = () => (line.count("PullEvents") < 4 ? emptyPull() : undefined);
    await submit(gateway);
    await until(() => line.count("PullEvents") >= 4);
    await until(() => succeeded(1));
    expect(line.pulls.most).toBe(1);
  });
});

it("in push mode nothing is pulled", async ({ expect }) => {
  await emulator.reset();
  await start({ VOD_EVENT_MODE: "push" });
  await submit(gateway);
  await vendorFinishes();
  await gateway.tick();
  expect(line.count("PullEvents")).toBe(0);
  gateway.clock.offsetMs += 4 * 60_000;
  await gateway.tick();
  await until(() => succeeded(1));
  expect(line.count("PullEvents")).toBe(0);
});
