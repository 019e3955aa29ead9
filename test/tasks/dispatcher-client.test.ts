import { describe, it } from "vitest";
import { DispatcherUnavailableError } from "../../src/tasks/contract.ts";
import { dispatcherClient } from "../../src/tasks/dispatcher-client.ts";
import { CELL_IDS_SINCE_MS, newTaskId } from "../../src/tasks/task-id.ts";

const random = (length: number) => new Uint8Array(length).fill(1);
const ID = newTaskId({ random }, CELL_IDS_SINCE_MS);

/** What an error of the platform's says of itself. */
const platformError = (members: object) => Object.assign(new Error("Network connection lost."), members);

/** The client before an object whose calls fail as told, one after the other, and then work. */
function start(failures: unknown[], variables: object = {}) {
  const names: string[] = [];
  const options: unknown[] = [];
  const calls: unknown[][] = [];
  const pauses: number[] = [];
  const work = async (...input: unknown[]) => {
    calls.push(input);
    const failure = failures.shift();
    if (failure !== undefined) throw failure;
    return "done";
  };
  const stub = () => new Proxy({}, { get: () => work });
  const getByName = (name: string, placement: unknown) => (names.push(name), options.push(placement), stub());
  const env = { VOD_SUB_APP_ID: "25", DISPATCHER: { getByName }, ...variables };
  const sleep = async (ms: number) => void pauses.push(ms);
  return { client: dispatcherClient(env as unknown as Env, { sleep }), names, options, calls, pauses };
}

describe("a call that fails", () => {
  it.for([1, 2, 3])("%i times is made again with what it was made with, later each time", async (times, { expect }) => {
    const { client, names, calls, pauses } = start(Array(times).fill(platformError({ retryable: true })));
    expect(await client.cancel("acme", ID)).toBe("done");
    expect(calls).toEqual(Array.from({ length: times + 1 }, () => ["acme", ID]));
    // A fresh stub for each try.
    expect(names).toEqual(Array(times + 1).fill("25"));
    expect(pauses).toEqual(pauses.toSorted((a, b) => a - b));
    expect([new Set(pauses).size, pauses.reduce((sum, ms) => sum + ms, 0) < 1_000]).toEqual([times, true]);
  });

  it("four times is given up", async ({ expect }) => {
    const { client, calls } = start(Array(10).fill(platformError({ retryable: true })));
    const error = await client.read("acme", ID).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DispatcherUnavailableError);
    expect([(error as DispatcherUnavailableError).overloaded, calls.length]).toEqual([false, 4]);
  });

  it("because the object has too much to do is not made again", async ({ expect }) => {
    const { client, calls } = start([platformError({ overloaded: true, retryable: true })]);
    const error = await client.report().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: "DispatcherUnavailableError", overloaded: true });
    expect(calls).toHaveLength(1);
  });

  it("while it waits does not wait anew", async ({ expect }) => {
    const { client, calls } = start([platformError({})]);
    await client.observe({ owner: "acme", id: ID, version: "3", timeoutMs: 60_000 });
    expect(calls).toEqual([60_000, 0].map((timeoutMs) => [{ owner: "acme", id: ID, version: "3", timeoutMs }]));
  });
});

describe("the object that is called", () => {
  it("is the first for an id whose cell is not there, so that no made-up id brings another one to life", async ({
    expect,
  }) => {
    const { client, names } = start([]);
    await client.read("acme", newTaskId({ random }, CELL_IDS_SINCE_MS, 7));
    await client.read("acme", "ffffffff-ffff-4fff-bfff-ffffffffffff");
    expect(names).toEqual(["25", "25"]);
  });

  it("is asked for where DISPATCHER_LOCATION says, by every call, because any may be the first of all", async ({
    expect,
  }) => {
    const { client, options } = start([], { DISPATCHER_LOCATION: " apac " });
    await client.read("acme", ID);
    await client.reconcile();
    expect(options).toEqual([{ locationHint: "apac" }, { locationHint: "apac" }]);
  });

  it.for([undefined, "", "mars"])(
    "is placed by the platform with DISPATCHER_LOCATION %j",
    async (value, { expect }) => {
      const { client, options } = start([], { DISPATCHER_LOCATION: value });
      await client.read("acme", ID);
      expect(options).toEqual([undefined]);
    },
  );
});
