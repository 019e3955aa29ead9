import { beforeEach, describe, it } from "vitest";
import { call, codeOf, control, createdTask, freshEmulator, image, SUB_APP_ID, video } from "./support.ts";

type Event = { EventHandle: string; EventType: string; [member: string]: unknown };

async function pull(): Promise<Event[] | null> {
  return (await call("PullEvents", { SubAppId: SUB_APP_ID }))["EventSet"] as Event[] | null;
}

async function pullSome(): Promise<Event[]> {
  return (await pull()) ?? [];
}

async function confirm(...handles: (string | undefined)[]): Promise<string> {
  return codeOf("ConfirmEvents", { SubAppId: SUB_APP_ID, EventHandles: handles });
}

async function createMany(count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, () => createdTask("CreateAigcVideoTask", video)));
}

async function toPull(): Promise<unknown> {
  return (await call("DescribeEventsState", { SubAppId: SUB_APP_ID }))["CountOfEventsToPull"];
}

async function advance(seconds: number): Promise<void> {
  await control("POST", "clock", { advance_seconds: seconds });
}

describe("events in PULL mode", () => {
  beforeEach(() => freshEmulator({ mode: "PULL", concurrency: 100 }));

  it("carry the finished task, all other members null", async ({ expect }) => {
    const taskId = await createdTask("CreateAigcImageTask", { ...image, SessionContext: "ctx" });
    await advance(60);
    const [event] = await pullSome();
    expect(event).toMatchObject({
      EventHandle: expect.stringMatching(/./),
      EventType: "AigcImageTaskComplete",
      AigcImageCompleteEvent: { TaskId: taskId, Status: "FINISH", Progress: 100, SessionContext: "ctx" },
      AigcVideoCompleteEvent: null,
      FileUploadEvent: null,
    });
  });

  it("come for a task that had no slot", async ({ expect }) => {
    await control("PUT", "config", { concurrency: 0 });
    const taskId = await createdTask("CreateAigcVideoTask", video);
    expect(await pull()).toMatchObject([
      { AigcVideoCompleteEvent: { TaskId: taskId, ErrCode: 70_000, ErrCodeExt: "RequestLimitExceeded" } },
    ]);
  });

  it("wake a call that waits for them", async ({ expect }) => {
    await control("PUT", "config", { task_seconds: 0.3 });
    const start = Date.now();
    const [events] = await Promise.all([pull(), createMany(1)]);
    expect(events).toHaveLength(1);
    expect(Date.now() - start).toBeLessThan(2000);
  });

  it("are null after five seconds without any", { timeout: 10_000 }, async ({ expect }) => {
    const start = Date.now();
    expect(await pull()).toBeNull();
    expect(Date.now() - start).toBeGreaterThanOrEqual(4900);
    expect(Date.now() - start).toBeLessThan(5900);
  });

  it("come sixteen at a time, and each to one of two callers", async ({ expect }) => {
    await createMany(20);
    await advance(60);
    const pulls = await Promise.all([pullSome(), pullSome()]);
    expect(pulls.map((events) => events.length).toSorted((a, b) => a - b)).toEqual([4, 16]);
    expect(new Set(pulls.flat().map((event) => event.EventHandle)).size).toBe(20);
  });

  it("show up again after thirty seconds unless they are confirmed in time", async ({ expect }) => {
    await createMany(2);
    await advance(60);
    const [first, second] = await pullSome();
    expect(await toPull()).toBe(0);
    expect(await confirm(first?.EventHandle)).toBe("OK");
    expect(await confirm(first?.EventHandle)).toBe("InvalidParameterValue");
    await advance(29);
    expect(await toPull()).toBe(0);
    await advance(1);
    expect(await confirm(second?.EventHandle)).toBe("InvalidParameterValue");
    const again = await pullSome();
    expect(again).toHaveLength(1);
    expect(again[0]?.["AigcVideoCompleteEvent"]).toEqual(second?.["AigcVideoCompleteEvent"]);
    expect(again[0]?.EventHandle).not.toBe(second?.EventHandle);
    expect(await confirm(again[0]?.EventHandle)).toBe("OK");
    await advance(31);
    expect(await toPull()).toBe(0);
  });

  it("are confirmed all or none, at most sixteen", async ({ expect }) => {
    await createMany(1);
    await advance(60);
    const [event] = await pullSome();
    expect(await confirm(event?.EventHandle, "unknown")).toBe("InvalidParameterValue");
    expect(await confirm()).toBe("InvalidParameterValue");
    expect(await confirm(...Array.from({ length: 17 }, () => event?.EventHandle))).toBe("InvalidParameterValue");
    expect(await confirm(event?.EventHandle)).toBe("OK");
  });

  it("are forgotten after four days", async ({ expect }) => {
    await createMany(1);
    await advance(60);
    expect(await toPull()).toBe(1);
    await advance(4 * 24 * 3600 + 1);
    await createMany(1);
    await advance(60);
    expect(await pull()).toHaveLength(1);
  });
});

describe("the event configuration", () => {
  const ask = { SubAppId: SUB_APP_ID };

  beforeEach(() => freshEmulator());

  it("starts with PUSH to nowhere and never tells the sign key", async ({ expect }) => {
    expect(await call("DescribeEventConfig", ask)).toEqual({
      RequestId: expect.any(String),
      Mode: "PUSH",
      NotificationUrl: "",
      UploadMediaCompleteEventSwitch: "OFF",
      DeleteMediaCompleteEventSwitch: "OFF",
      PersistenceCompleteEventSwitch: "OFF",
    });
  });

  it("is changed in parts", async ({ expect }) => {
    const url = "http://127.0.0.1:8787/callbacks";
    expect(await codeOf("ModifyEventConfig", { ...ask, NotificationUrl: url, SignKey: "abc" })).toBe("OK");
    expect(await codeOf("ModifyEventConfig", { ...ask, Mode: "PULL", DeleteMediaCompleteEventSwitch: "ON" })).toBe(
      "OK",
    );
    expect(await call("DescribeEventConfig", ask)).toMatchObject({
      Mode: "PULL",
      NotificationUrl: url,
      UploadMediaCompleteEventSwitch: "OFF",
      DeleteMediaCompleteEventSwitch: "ON",
    });
    expect(await control("GET", "config")).toMatchObject({ mode: "PULL", notification_url: url, sign_key: "abc" });
    expect(await codeOf("ModifyEventConfig", { ...ask, NotificationUrl: "" })).toBe("OK");
    expect(await control("GET", "config")).toMatchObject({ mode: "PULL", notification_url: "", sign_key: "abc" });
  });

  it.for<[string, object]>([
    ["a mode that is none", { Mode: "BOTH" }],
    ["a URL that is none", { NotificationUrl: "localhost" }],
    ["a sign key of 33 characters", { SignKey: "a".repeat(33) }],
    ["a sign key with a dash", { SignKey: "a-b" }],
    ["a switch that is none", { UploadMediaCompleteEventSwitch: "on" }],
  ])("refuses %s", async ([, change], { expect }) => {
    expect(await codeOf("ModifyEventConfig", { ...ask, ...change })).toMatch(/^InvalidParameter/);
  });
});
