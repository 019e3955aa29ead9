/* Clients that number their attempts and send no Idempotency-Key: one create is one paid task, two creates are two. */
import { beforeEach, describe, it } from "vitest";
import { DispatcherUnavailableError } from "../../src/tasks/contract.ts";
import { addKey, emulator, type Gateway, type Json, startGateway } from "../support/gateway.ts";

const VIDEOS = "/v1/videos";
const AGENT = "OpenAI/JS 7.55.0";
const ELEVEN_MINUTES_MS = 11 * 60 * 1000;

let gateway: Gateway;

beforeEach(async () => {
  await emulator.reset();
  gateway = await startGateway();
});

type Sent = { headers?: Record<string, string>; key?: string; body?: Json; path?: string; at?: Gateway };

async function attempt(
  number: number,
  { headers, key, body = { prompt: "a car" }, path = VIDEOS, at = gateway }: Sent = {},
) {
  const response = await at.post(path, body, {
    headers: { "x-stainless-retry-count": String(number), "user-agent": AGENT, ...headers },
    ...(key !== undefined && { key }),
  });
  const { id, error } = await response.json<{ id?: string; error?: { code: string } | null }>();
  const replayed = response.headers.get("idempotent-replayed") === "true";
  return { status: response.status, id, replayed, code: error?.code };
}

const paid = async () => (await emulator.tasks()).length;

describe("one create", () => {
  it("whose answers are lost is one task, and each repetition gets its id", async ({ expect }) => {
    const answers = [await attempt(0), await attempt(1), await attempt(2)];
    expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
    expect(answers.map(({ status, replayed }) => [status, replayed])).toEqual([
      [200, false],
      [200, true],
      [200, true],
    ]);
    expect(await paid()).toBe(1);
  });

  it("whose repetition comes while the first is with the vendor is one task", async ({ expect }) => {
    await emulator.fault({ action: "CreateAigcVideoTask", kind: "slow", delay_ms: 400, times: 1 });
    const first = attempt(0);
    await platformPause(50);
    const [a, b, c] = await Promise.all([first, attempt(1), attempt(2)]);
    expect([b?.id, c?.id]).toEqual([a?.id, a?.id]);
    expect(await paid()).toBe(1);
  });

  it("whose repetition overtakes the first on its way to the object is one task", async ({ expect }) => {
    const way = gateTo(gateway);
    way.close();
    const first = attempt(0);
    await way.reached;
    // Their order is that of their times; no repetition comes within the same millisecond.
    await platformPause(5);
    const second = await attempt(1);
    way.open();
    expect((await first).id).toBe(second.id);
    expect(await paid()).toBe(1);
  });

  it("whose first never came is one task", async ({ expect }) => {
    const answers = [await attempt(1), await attempt(2)];
    expect(answers[1]?.id).toBe(answers[0]?.id);
    expect(await paid()).toBe(1);
  });

  it("that never reached the object is made by its repetition, once", async ({ expect }) => {
    const way = gateTo(gateway);
    way.fail();
    expect((await attempt(0)).status).toBe(503);
    way.open();
    const answers = [await attempt(1), await attempt(2)];
    expect(answers.map(({ status, replayed }) => [status, replayed])).toEqual([
      [200, false],
      [200, true],
    ]);
    expect(await paid()).toBe(1);
  });

  it("that the object took, and nobody heard of, is found by its repetition", async ({ expect }) => {
    const way = gateTo(gateway);
    way.lose();
    expect((await attempt(0)).status).toBe(503);
    way.open();
    await gateway.restart();
    const [second, third] = [await attempt(1), await attempt(2)];
    expect([second.status, second.replayed, third.id]).toEqual([200, true, second.id]);
    expect(await paid()).toBe(1);
  });

  it("that the vendor refused is refused again", async ({ expect }) => {
    await emulator.fault({ action: "CreateAigcVideoTask", kind: "error", code: "InvalidParameterValue", times: 1 });
    const [first, second] = [await attempt(0), await attempt(1)];
    expect(first.code).toBe("InvalidParameterValue");
    expect([second.status, second.code]).toEqual([first.status, first.code]);
    expect(await paid()).toBe(0);
  });

  it("as a remix is one task of its own source", async ({ expect }) => {
    const [a, b] = [await attempt(0, { body: { prompt: "a" } }), await attempt(0, { body: { prompt: "a" } })];
    const remixOf = (id: string | undefined) => ({ path: `${VIDEOS}/${id}/remix`, body: { prompt: "b" } });
    const ofA = await attempt(0, remixOf(a.id));
    const ofB = await attempt(0, remixOf(b.id));
    expect((await attempt(1, remixOf(a.id))).id).toBe(ofA.id);
    expect((await attempt(1, remixOf(b.id))).id).toBe(ofB.id);
    expect(await paid()).toBe(4);
  });
});

describe("two creates", () => {
  it("that are equal are two tasks, and stay two when all answers are lost", async ({ expect }) => {
    const firsts = await Promise.all([attempt(0), attempt(0), attempt(0), attempt(0)]);
    const ids = new Set(firsts.map(({ id }) => id));
    expect(ids.size).toBe(4);
    for (const number of [1, 2]) {
      const repetitions = await Promise.all([attempt(number), attempt(number), attempt(number), attempt(number)]);
      expect(new Set(repetitions.map(({ id }) => id))).toEqual(ids);
    }
    expect(await paid()).toBe(4);
  });

  it("a deliberate one after a lost one is a task of its own", async ({ expect }) => {
    const lost = await attempt(1);
    const deliberate = await attempt(0);
    expect(deliberate.id).not.toBe(lost.id);
    expect((await attempt(1)).id).toBe(deliberate.id);
    expect(await paid()).toBe(2);
  });

  it.for<[string, Sent]>([
    ["another request", { body: { prompt: "a bus" } }],
    ["another client", { headers: { "user-agent": "OpenAI/Python 3.22.1" } }],
    ["another key of the owner", { key: "sk-second" }],
    ["another owner", { key: "sk-other" }],
    ["a number that is none", { headers: { "x-stainless-retry-count": "1st" } }],
    ["an Idempotency-Key", { headers: { "idempotency-key": "mine" } }],
  ])("a repetition with %s is another create", async ([, sent], { expect }) => {
    await addKey("sk-second", "acme", ["submit"]);
    await addKey("sk-other", "other", ["submit"]);
    const first = await attempt(0);
    const other = await attempt(1, sent);
    expect([other.status, other.replayed, other.id === first.id]).toEqual([200, false, false]);
    expect(await paid()).toBe(2);
  });

  it("a repetition after all clients have given up is another create", async ({ expect }) => {
    const first = await attempt(0);
    gateway.clock.offsetMs = ELEVEN_MINUTES_MS;
    expect((await attempt(1)).id).not.toBe(first.id);
  });
});

function platformPause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** The way to the object: it can hold the next submission, fail all, or lose the answers to all. */
function gateTo({ services: { dispatcher } }: Gateway) {
  let mode: "open" | "closed" | "failing" | "losing" = "open";
  const opened = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  const submit = dispatcher.submit.bind(dispatcher);
  dispatcher.submit = async (task) => {
    if (mode === "failing") throw new DispatcherUnavailableError("broken");
    if (mode === "losing") {
      await submit(task);
      throw new DispatcherUnavailableError("lost");
    }
    if (mode === "closed") {
      mode = "open";
      arrived.resolve();
      await opened.promise;
    }
    return submit(task);
  };
  return {
    reached: arrived.promise,
    close: () => void (mode = "closed"),
    fail: () => void (mode = "failing"),
    lose: () => void (mode = "losing"),
    open: () => {
      mode = "open";
      opened.resolve();
    },
  };
}
