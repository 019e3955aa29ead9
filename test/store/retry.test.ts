import { describe, it } from "vitest";
import { StoreUnavailableError } from "../../src/store/index.ts";
import { HIGHEST_ID, idOf, interceptD1, LOWEST_ID, NOW, rowsOf, startStore, told } from "./support.ts";

const PASSING = "D1_ERROR: Network connection lost.";

/** The record on a D1 whose next calls fail, before they are executed or, which is worse, after. */
function flaky({ times, after, message = PASSING }: { times: number; after: boolean; message?: string }) {
  const fault = { left: times, calls: 0 };
  const DB = interceptD1(async ({ run }) => {
    fault.calls += 1;
    if (fault.left <= 0) return run();
    fault.left -= 1;
    if (after) await run();
    throw new Error(message);
  });
  return { fault, ...startStore({ DB }) };
}

/** Everything that goes through retries. */
const operations: [name: string, run: (store: ReturnType<typeof startStore>) => Promise<unknown>][] = [
  ["find", ({ record }) => record.find("acme", idOf(1))],
  ["findStatus", ({ record }) => record.findStatus("acme", idOf(1))],
  ["request", ({ record }) => record.request("acme", idOf(1))],
  ["list", ({ record }) => record.list({ owner: "acme", beforeId: HIGHEST_ID, afterId: LOWEST_ID, limit: 5 })],
  ["listVideos", ({ record }) => record.listVideos({ owner: "acme", order: "desc", limit: 5 })],
  ["erase", ({ record }) => record.erase({ owner: "acme", id: idOf(1), now: NOW, standIn: null })],
  ["keepOtherEvent", ({ record }) => record.keepOtherEvent({ id: "e", eventType: "t", body: "b", now: NOW })],
  ["cell", ({ record }) => record.cell("name")],
  ["setCell", ({ record }) => record.setCell("name", "value")],
  ["a key", ({ apiKeys }) => apiKeys.findByHash("hash")],
];

const contents = async () => [await rowsOf("other_events"), await rowsOf("cells")];

describe.for(operations)("%s", ([, run]) => {
  it.for([false, true])("is not hurt by a fault that passes (executed: %s)", async (after, { expect }) => {
    const whole = startStore();
    await whole.record.tell([told(1), told(2)]);
    const store = flaky({ times: 3, after });
    const answer = await run(store);
    expect(store.fault.calls).toBe(4);
    const state = await contents();
    expect(await run(whole)).toEqual(answer);
    expect(await contents()).toEqual(state);
  });

  it("says so when the fault does not pass", async ({ expect }) => {
    const store = flaky({ times: 1_000, after: false });
    await expect(run(store)).rejects.toBeInstanceOf(StoreUnavailableError);
    expect(store.fault.calls).toBe(4);
  });

  it("does not repeat a fault of ours", async ({ expect }) => {
    const store = flaky({ times: 1, after: false, message: "D1_ERROR: no such column: x" });
    await expect(run(store)).rejects.toThrow("no such column");
    expect(store.fault.calls).toBe(1);
  });
});

describe("retention", () => {
  it("deletes nothing but what is old, also when its answers get lost", async ({ expect }) => {
    await startStore().record.tell([told(1), told(2), told(60)]);
    const { record } = flaky({ times: 2, after: true });
    await record.deleteExpired({ beforeId: idOf(50), before: NOW + 1, eventsBefore: NOW + 1 });
    expect(await rowsOf("tasks")).toMatchObject([{ id: idOf(60) }]);
  });
});
