import { nameHash } from "../../src/signing/name-hash.ts";
import { env } from "cloudflare:workers";
import { describe, it } from "vitest";
import { createDedupeCache } from "../../src/store/dedupe-cache.ts";
import { idOf, NOW, startStore } from "./support.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const entry = { taskId: idOf(1), expiresAt: NOW + DAY_MS };
const never = () => new Promise<never>(() => undefined);
const waits = () => new Promise<void>((resolve) => setTimeout(resolve, 5_000));

describe("the fast path for duplicates", () => {
  it("finds what was remembered, of the same owner, until it lapses", async ({ expect }) => {
    const cache = createDedupeCache(env.DEDUPE, waits);
    expect(await cache.find(await nameHash("acme", "\u{1f3ac}/../ s"), NOW)).toBeUndefined();
    await cache.remember(await nameHash("acme", "s"), entry, NOW);
    expect(await cache.find(await nameHash("acme", "s"), NOW)).toBe(entry.taskId);
    expect(await cache.find(await nameHash("acme", "s"), entry.expiresAt - 1)).toBe(entry.taskId);
    expect(await cache.find(await nameHash("acme", "s"), entry.expiresAt)).toBeUndefined();
    expect(await cache.find(await nameHash("other", "s"), NOW)).toBeUndefined();
    expect(await cache.find(await nameHash("acm", "es"), NOW)).toBeUndefined();
  });

  it("is a miss when KV does not answer in time, and harmless when it fails, early or late", async ({ expect }) => {
    const kv = (get: () => Promise<unknown>) => ({ get, put: get }) as unknown as KVNamespace;
    const paused: number[] = [];
    const slow = createDedupeCache(kv(never), async (ms) => void paused.push(ms));
    expect(await slow.find(await nameHash("acme", "s"), NOW)).toBeUndefined();
    expect(paused).toEqual([100]);
    const broken = createDedupeCache(
      kv(() => Promise.reject(new Error("KV GET failed: 503"))),
      waits,
    );
    expect(await broken.find(await nameHash("acme", "s"), NOW)).toBeUndefined();
    await broken.remember(await nameHash("acme", "s"), entry, NOW);
    const late = createDedupeCache(
      kv(() => Promise.resolve().then(() => Promise.reject(new Error("late")))),
      async () => undefined,
    );
    expect(await late.find(await nameHash("acme", "s"), NOW)).toBeUndefined();
  });

  it("is given to the rest with the store's own clock", async ({ expect }) => {
    const { dedupe } = startStore({ DEDUPE: { get: never } as unknown as KVNamespace });
    expect(await dedupe.find(await nameHash("acme", "s"), NOW)).toBeUndefined();
  });
});
