import { beforeEach, describe, it } from "vitest";
import { CallWindow } from "../../../src/tasks/dispatch/call-window.ts";
import { UsualTimes } from "../../../src/tasks/dispatch/usual-times.ts";
import {
  CALLBACK,
  CAR,
  completionOf,
  emulator,
  type Gateway,
  startGateway,
  vendorFinishes,
} from "../../support/gateway.ts";

const MINUTE_MS = 60_000;
const VIDEO = "/tencent-vod/v1/aigc-video";

beforeEach(() => emulator.reset());

describe("CallWindow", () => {
  it("tells how many calls may be made now, and when the next", ({ expect }) => {
    const window = new CallWindow(2);
    expect([window.room(0), window.nextAt(0)]).toEqual([2, 0]);
    window.called();
    window.called();
    expect([window.room(5), window.nextAt(5)]).toEqual([0, 1_105]);
    window.landed(10);
    window.landed(30);
    expect([window.room(100), window.nextAt(100)]).toEqual([0, 1_110]);
    expect([window.room(1_110), window.nextAt(1_110)]).toEqual([1, 1_110]);
    expect(window.room(1_130)).toBe(2);
  });
});

describe("UsualTimes", () => {
  it("asks first when a task of the model is usually over, and then ever later", ({ expect }) => {
    const usual = new UsualTimes(3 * MINUTE_MS);
    expect(usual.firstWait("Kling/2.5")).toBe(3 * MINUTE_MS);
    for (let task = 0; task < 20; task++) usual.learn("Kling/2.5", 60_000);
    expect(usual.firstWait("Kling/2.5")).toBe(90_000);
    expect(usual.firstWait("Vidu/q2")).toBe(3 * MINUTE_MS);
    let next = usual.nextWait("Kling/2.5", 90_000, 0);
    const waits = [next.waitMs];
    for (let more = 0; more < 8; more++) {
      next = usual.nextWait("Kling/2.5", 200_000, next.gapMs);
      waits.push(next.waitMs);
    }
    expect(waits).toEqual([30, 60, 120, 240, 480, 960, 1_800, 1_800, 1_800].map((seconds) => seconds * 1_000));
  });

  it("asks about a slow model's tasks when they are usually over, and not much later", ({ expect }) => {
    const usual = new UsualTimes(3 * MINUTE_MS);
    usual.learn("OS/2.0", 10 * MINUTE_MS);
    const asked = [usual.firstWait("OS/2.0")];
    for (let gapMs = 0; asked.length < 8;) {
      const elapsedMs = asked.at(-1) ?? 0;
      const next = usual.nextWait("OS/2.0", elapsedMs, gapMs);
      gapMs = next.gapMs;
      asked.push(elapsedMs + next.waitMs);
    }
    expect(asked.map((ms) => ms / 1_000)).toEqual([180, 210, 270, 390, 630, 660, 720, 840]);
  });
});

describe("lost callbacks", () => {
  async function submit(gateway: Gateway, count: number): Promise<string[]> {
    return Promise.all(
      Array.from({ length: count }, async () => {
        const answer = await gateway.post(VIDEO, CAR);
        return (await answer.json<{ request_id: string }>()).request_id;
      }),
    );
  }

  const states = async (gateway: Gateway, ids: string[]) =>
    Promise.all(ids.map(async (id) => (await gateway.services.store.tasks.findById(id))?.status));

  it("are made good within a minute of what the model's tasks usually take", async ({ expect }) => {
    const gateway = await startGateway();
    const [first = ""] = await submit(gateway, 1);
    const [task] = await vendorFinishes();
    if (!task) throw new Error("The vendor has no task.");
    // The dispatcher learns from an event that the model takes 40 seconds.
    gateway.clock.offsetMs += 40_000;
    await gateway.post(CALLBACK, await completionOf(task), { key: null });
    expect(await states(gateway, [first])).toEqual(["succeeded"]);

    const lost = await submit(gateway, 3);
    await vendorFinishes();
    gateway.clock.offsetMs += 40_000;
    await gateway.tick();
    expect(new Set(await states(gateway, lost))).toEqual(new Set(["running"]));
    gateway.clock.offsetMs += MINUTE_MS;
    await gateway.tick();
    expect(new Set(await states(gateway, lost))).toEqual(new Set(["succeeded"]));
  });

  it("of many tasks at once keep to the vendor's reads a second", { timeout: 60_000 }, async ({ expect }) => {
    const gateway = await startGateway();
    const lost = await submit(gateway, 200);
    await vendorFinishes();
    gateway.clock.offsetMs += 4 * MINUTE_MS;
    const reads = async () => (await emulator.calls())["DescribeTaskDetail"]?.["OK"] ?? 0;
    await gateway.tick();
    expect(await reads()).toBe(80);
    await gateway.tick();
    expect(await reads()).toBe(80);
    gateway.clock.offsetMs += 1_100;
    await gateway.tick();
    expect(await reads()).toBe(160);
    gateway.clock.offsetMs += 1_100;
    await gateway.tick();
    expect(new Set(await states(gateway, lost))).toEqual(new Set(["succeeded"]));
  });
});
