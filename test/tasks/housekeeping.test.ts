import { env } from "cloudflare:workers";
import { describe, it } from "vitest";
import type { Services } from "../../src/services.ts";
import { createStore } from "../../src/store/index.ts";
import { keepHouse } from "../../src/tasks/housekeeping.ts";

const HOUR_MS = 60 * 60 * 1000;

/** A cron run of a Worker whose dispatcher needs these requests. */
async function run({
  needed = [],
  inMs = 0,
  brokenRecord = false,
  retentionDays = 30,
}: {
  needed?: string[];
  inMs?: number;
  brokenRecord?: boolean;
  retentionDays?: number;
}) {
  const asked: string[][] = [];
  const reconciled: string[] = [];
  const real = createStore(env, { sleep: async () => undefined, jitter: () => 0 });
  const deleteExpired = () => Promise.reject(new Error("away"));
  const services = {
    config: { retentionDays },
    deps: { now: () => Date.now() + inMs },
    store: brokenRecord ? { ...real, record: { ...real.record, deleteExpired } } : real,
    dispatcher: {
      neededBlobs: async (keys: string[]) => {
        asked.push(keys);
        return keys.filter((key) => needed.includes(key));
      },
    },
  } as unknown as Services;
  await keepHouse(services, {
    reconcile: async () => {
      reconciled.push("reconciled");
      if (brokenRecord) throw new Error("away");
    },
  });
  return { asked, reconciled };
}

const stored = async () => (await env.BLOBS.list()).objects.map(({ key }) => key);

describe("the cron trigger", () => {
  it("deletes requests of more than an hour ago that no task needs, and nothing else", async ({ expect }) => {
    for (const key of ["requests/1", "requests/2", "uploads/3"]) await env.BLOBS.put(key, "x");
    expect((await run({ inMs: HOUR_MS - 60_000 })).asked).toEqual([]);
    expect(await stored()).toHaveLength(3);
    const { asked } = await run({ needed: ["requests/2"], inMs: HOUR_MS + 60_000 });
    expect(asked).toEqual([["requests/1", "requests/2"]]);
    expect(await stored()).toEqual(["requests/2", "uploads/3"]);
  });

  it("deletes events that are no task's after a month, or sooner when tasks go sooner", async ({ expect }) => {
    const { record } = createStore(env, { sleep: async () => undefined, jitter: () => 0 });
    const kept = async () => (await env.DB.prepare("SELECT id FROM other_events").all()).results.length;
    for (const [retentionDays, lastsDays] of [
      [365, 30],
      [7, 7],
    ] as const) {
      await record.keepOtherEvent({ id: `${retentionDays}`, eventType: "x", body: "", now: Date.now() });
      await run({ retentionDays, inMs: lastsDays * 24 * HOUR_MS - 60_000 });
      expect(await kept()).toBe(1);
      await run({ retentionDays, inMs: lastsDays * 24 * HOUR_MS + 60_000 });
      expect(await kept()).toBe(0);
    }
  });

  it("does each part, whatever becomes of the others", async ({ expect }) => {
    await env.BLOBS.put("requests/1", "x");
    const { reconciled } = await run({ inMs: HOUR_MS + 60_000, brokenRecord: true });
    expect([reconciled, await stored()]).toEqual([["reconciled"], []]);
  });
});
