/* Keys while the record is away. */
import { describe, it } from "vitest";
import { createKnownKeys } from "../src/auth/known-keys.ts";
import { StoreUnavailableError } from "../src/store/index.ts";
import type { ApiKeyRow } from "../src/store/types.ts";
import { DispatcherUnavailableError, type KnownKey } from "../src/tasks/contract.ts";

const ROW: ApiKeyRow = {
  id: "key-1",
  owner: "acme",
  name: "",
  key_hash: "hash",
  hint: "test",
  scopes: '["read"]',
  created_at: 1,
  revoked_at: null,
};
const KEY: KnownKey = { kind: "api_key", row: ROW };
const MINUTE_MS = 60_000;

/** Look-ups whose record and dispatcher the test plays. */
function start(copies: Record<string, KnownKey> = {}) {
  const world = {
    now: 0,
    record: async (): Promise<ApiKeyRow | null> => ROW,
    remember: async (): Promise<void> => undefined,
    told: [] as string[],
    recalled: 0,
  };
  const deps = { now: () => world.now, defer: () => undefined };
  const dispatcher = {
    rememberKey: async (name: string) => {
      world.told.push(name);
      return world.remember();
    },
    recallKey: async (name: string) => {
      world.recalled += 1;
      return copies[name];
    },
  };
  const sources = { deps, dispatcher } as unknown as Parameters<typeof createKnownKeys>[1];
  return { world, dispatcher, keys: createKnownKeys("api_key", sources, () => world.record()) };
}

const away = () => Promise.reject(new StoreUnavailableError("D1 DB is overloaded"));

describe("a key that the record shows to be good", () => {
  it("is told to the dispatcher, again only after ten minutes", async ({ expect }) => {
    const { world, keys } = start();
    for (world.now of [0, 1, 10 * MINUTE_MS - 1]) expect(await keys.find("hash")).toBe(ROW);
    expect(world.told).toEqual(["hash"]);
    world.now = 10 * MINUTE_MS;
    await keys.find("hash");
    await keys.find("other");
    expect(world.told).toEqual(["hash", "hash", "other"]);
  });

  it("is told again soon when the dispatcher could not be told", async ({ expect }) => {
    const { world, keys } = start();
    world.remember = () => Promise.reject(new DispatcherUnavailableError("away"));
    expect(await keys.find("hash")).toBe(ROW);
    await Promise.resolve();
    await keys.find("hash");
    expect(world.told).toHaveLength(2);
  });
});

describe("a key that the record does not show to be good", () => {
  it("is not one, and no copy is asked for", async ({ expect }) => {
    const { world, keys } = start({ hash: KEY });
    world.record = async () => null;
    expect(await keys.find("hash")).toBeNull();
    expect([world.told, world.recalled]).toEqual([[], 0]);
  });
});

describe("while the record is away", () => {
  it("a key lately seen is taken from the dispatcher's copy", async ({ expect }) => {
    const { world, keys } = start({ hash: KEY });
    world.record = away;
    expect(await keys.find("hash")).toEqual(ROW);
    expect(world.told).toEqual([]);
  });

  it.for<[string, Record<string, KnownKey>]>([
    ["without a copy", {}],
    ["that is of another kind", { hash: { kind: "tc3_key", row: ROW as never } }],
  ])("a key %s cannot be judged", async ([, copies], { expect }) => {
    const { world, keys } = start(copies);
    world.record = away;
    await expect(keys.find("hash")).rejects.toBeInstanceOf(StoreUnavailableError);
  });

  it("and the dispatcher too, it is the record that is missed", async ({ expect }) => {
    const { world, keys, dispatcher } = start();
    world.record = away;
    dispatcher.recallKey = () => Promise.reject(new DispatcherUnavailableError("away"));
    await expect(keys.find("hash")).rejects.toBeInstanceOf(StoreUnavailableError);
  });

  it("whatever is wrong with it, the copy counts; without one its fault is told as it is", async ({ expect }) => {
    const { world, keys } = start({ hash: KEY });
    world.record = () => Promise.reject(new Error("D1_ERROR: no such table"));
    expect(await keys.find("hash")).toEqual(ROW);
    await expect(keys.find("other")).rejects.toThrow("no such table");
  });
});
