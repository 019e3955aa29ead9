/* Hundreds of streams on tasks that wait (L7): one timer for all, and no wake-up without a change. */
import { runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, it, vi } from "vitest";
import { notify, submit, vendorTaskOf } from "../support/client.ts";
import { dispatcherObject, emulator, type Gateway, startGateway, vendorFinishes } from "../support/gateway.ts";
import { until } from "../support/quiet.ts";

const STREAMS = 250;
const WAIT_MS = 20_000;

let gateway: Gateway;

beforeEach(async () => {
  await emulator.reset({ task_seconds: 0.3 });
  gateway = await startGateway({ env: { VOD_CONCURRENCY: "1", MAX_STREAMS: String(STREAMS) } });
});

function waiting(): Promise<number> {
  return runInDurableObject(dispatcherObject(), (object) => {
    const { shell } = object as unknown as { shell: { watchers: { open: number } } };
    return shell.watchers.open;
  });
}

describe("250 streams of waiting tasks (L7)", () => {
  it("share a timer, are woken by a change only, and each learns of its own", async ({ expect }) => {
    const first = await submit(gateway);
    const ids: string[] = [];
    for (let n = 0; n < 10; n++) ids.push((await submit(gateway)).id);
    const timers = vi.spyOn(globalThis, "setTimeout");
    const news: string[] = [];
    const streams = Array.from({ length: STREAMS }, async (_, n) => {
      const id = ids[n % ids.length] ?? "";
      const { dispatcher } = gateway.services;
      const now = await dispatcher.observe({ owner: "acme", id, timeoutMs: 0 });
      const next = await dispatcher.observe({ owner: "acme", id, version: now?.version, timeoutMs: WAIT_MS });
      news.push(next?.limited ? "limited" : next?.version === now?.version ? "nothing" : "changed");
    });
    await until(async () => (await waiting()) === STREAMS);
    // Waiting for that has set timers of its own, each of a few milliseconds.
    const long = timers.mock.calls.filter(([, ms]) => Number(ms) > 50);
    expect(long.length).toBeLessThan(20);
    expect(news).toEqual([]);

    await vendorFinishes();
    await notify(gateway, await vendorTaskOf(first.id));
    // The next one starts, all others move up by one.
    await until(() => news.length > 0);
    await Promise.all(streams);
    timers.mockRestore();
    expect(new Set(news)).toEqual(new Set(["changed"]));
    expect(await waiting()).toBe(0);
  });

  it("whose time is over end together, and leave nothing behind", async ({ expect }) => {
    await emulator.reset({ task_seconds: 600 });
    await submit(gateway);
    const { id } = await submit(gateway);
    const { dispatcher } = gateway.services;
    const now = await dispatcher.observe({ owner: "acme", id, timeoutMs: 0 });
    const input = { owner: "acme", id, version: now?.version, timeoutMs: WAIT_MS };
    const streams = Array.from({ length: 150 }, () => dispatcher.observe(input));
    await until(async () => (await waiting()) === 150);
    gateway.clock.offsetMs += WAIT_MS;
    await gateway.tick();
    const seen = await Promise.all(streams);
    expect(new Set(seen.map((each) => each?.version))).toEqual(new Set([now?.version]));
    expect(await waiting()).toBe(0);
    expect(await gateway.services.dispatcher.report()).toMatchObject({ waiting: 1, running: 1 });
  });
});
