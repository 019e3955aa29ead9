import { describe, it } from "vitest";
import { FairQueue, type Waiting } from "../../src/dispatcher/queue/fair-queue.ts";
import { PRIORITY_WORTH_MS } from "../../src/dispatcher/queue/owner-share.ts";

const all = () => true;
const VIDEO_MS = 150_000;

const task = (id: string, given: Partial<Waiting> = {}): Waiting => ({
  id,
  owner: "a",
  priority: 0,
  lane: "",
  createdAt: 0,
  ...given,
});

const many = (count: number, prefix: string, given: Partial<Waiting>): Waiting[] =>
  Array.from({ length: count }, (_, index) => task(`${prefix}${String(index).padStart(4, "0")}`, given));

function queueOf(...tasks: Waiting[]): FairQueue {
  const queue = new FairQueue();
  for (const each of tasks) queue.add(each);
  return queue;
}

/** Takes until nothing is left. */
function drain(queue: FairQueue, cost = VIDEO_MS): Waiting[] {
  const taken: Waiting[] = [];
  for (let next = queue.take(all, cost); next; next = queue.take(all, cost)) taken.push(next);
  return taken;
}

const idsOf = (tasks: Waiting[]) => tasks.map(({ id }) => id);

describe("within an owner", () => {
  it("is first come, first served, and higher priority before", ({ expect }) => {
    const queue = queueOf(
      task("3", { createdAt: 2 }),
      task("1"),
      task("2", { priority: 5 }),
      task("0", { priority: -5 }),
    );
    queue.add(task("4", { createdAt: 2 }));
    expect(idsOf(drain(queue))).toEqual(["2", "1", "3", "4", "0"]);
  });

  it("a task that has waited long goes before a fresh urgent one", ({ expect }) => {
    const waited = 10 * PRIORITY_WORTH_MS;
    const urgent = task("urgent", { priority: 10, createdAt: waited });
    expect(idsOf(drain(queueOf(urgent, task("old", { createdAt: -1 }))))).toEqual(["old", "urgent"]);
    expect(idsOf(drain(queueOf(urgent, task("old", { createdAt: 1 }))))).toEqual(["urgent", "old"]);
    // A priority beyond ten is worth no more than ten.
    expect(idsOf(drain(queueOf({ ...urgent, priority: 99 }, task("old", { createdAt: -1 })))).at(0)).toBe("old");
  });

  it("gives out each task as it was added, once", ({ expect }) => {
    const given = task("1", { priority: 7, lane: "Kling", createdAt: 1_763_000_000_123 });
    const queue = queueOf(given);
    expect(queue.add(given)).toBe(false);
    expect([queue.length, queue.has("1"), queue.waitingOf("a"), queue.hasOpen(all)]).toEqual([1, true, 1, true]);
    expect(queue.take(all, 1)).toEqual(given);
    expect([queue.length, queue.has("1"), queue.waitingOf("a"), queue.hasOpen(all)]).toEqual([0, false, 0, false]);
    expect([queue.take(all, 1), queue.remove("1"), queue.position("1")]).toEqual([undefined, false, undefined]);
  });

  it("passes over lanes that are full, and comes back to them", ({ expect }) => {
    const queue = queueOf(
      task("1", { lane: "slow" }),
      task("2", { lane: "slow" }),
      task("3"),
      task("4", { owner: "b" }),
    );
    const open = (lane: string) => lane !== "slow";
    expect([queue.take(open, 1)?.id, queue.take(open, 1)?.id, queue.take(open, 1)?.id]).toEqual(["3", "4", undefined]);
    expect([queue.hasOpen(open), queue.hasOpen(all)]).toEqual([false, true]);
    expect(idsOf(drain(queue))).toEqual(["1", "2"]);
  });
});

describe("between owners", () => {
  it("lets ten tasks of one through among two hundred of another", ({ expect }) => {
    const order = drain(queueOf(...many(200, "a", {}), ...many(10, "b", { owner: "few" }))).map(({ owner }) => owner);
    expect(order.lastIndexOf("few")).toBeLessThan(25);
    expect(order).toHaveLength(210);
  });

  it("three hundred urgent tasks hold up another owner's one by a few places", ({ expect }) => {
    for (const cost of [2_000, VIDEO_MS]) {
      const queue = queueOf(...many(300, "a", { priority: 10 }), task("x", { owner: "b" }));
      expect(queue.position("x")).toBeLessThan(4);
      expect(idsOf(drain(queue, cost)).indexOf("x")).toBeLessThan(4);
      // Nor does it help when they were there long before.
      const busy = queueOf(...many(300, "a", { priority: 10 }));
      for (let started = 0; started < 50; started++) busy.take(all, cost);
      busy.add(task("x", { owner: "b", priority: -10 }));
      expect(busy.position("x")).toBeLessThan(6);
      expect(idsOf(drain(busy, cost)).indexOf("x")).toBeLessThan(6);
    }
  });

  /** One slot, always busy: how much of it each owner gets, when both are charged the same guess at first. */
  function shares(usedMs: Record<string, number>, turns: number): Record<string, number> {
    const queue = queueOf(...many(2_000, "a", {}), ...many(2_000, "b", { owner: "b" }));
    const had: Record<string, number> = { a: 0, b: 0 };
    for (let turn = 0; turn < turns; turn++) {
      const { id = "", owner = "" } = queue.take(all, VIDEO_MS) ?? {};
      queue.settle(id, usedMs[owner] ?? 0);
      had[owner] = (had[owner] ?? 0) + (usedMs[owner] ?? 0);
    }
    return had;
  }

  it("counts slot time, not tasks", ({ expect }) => {
    const { a = 0, b = 0 } = shares({ a: 10 * 60_000, b: 60_000 }, 550);
    expect(Math.abs(a / b - 1)).toBeLessThan(0.1);
  });

  it("charges a turn also for what took no time, and days as half an hour", ({ expect }) => {
    const refused = shares({ a: 0, b: 100_000 }, 505);
    expect(refused.b).toBe(5 * 100_000);
    const queue = queueOf(...many(100, "a", {}), ...many(100, "b", { owner: "b" }));
    const lost = queue.take(all, VIDEO_MS);
    queue.settle(lost?.id ?? "", 3 * 24 * 60 * 60_000);
    expect(
      drain(queue)
        .slice(0, 13)
        .map(({ owner }) => owner)
        .filter((owner) => owner === lost?.owner),
    ).toHaveLength(1);
  });

  it("nobody saves up turns while away, or behind a lane that is full", ({ expect }) => {
    const closed = (lane: string) => lane === "";
    const queue = queueOf(...many(200, "a", {}), task("parked", { owner: "p", lane: "full" }));
    for (let started = 0; started < 100; started++) queue.take(closed, VIDEO_MS);
    for (const each of [...many(20, "n", { owner: "new" }), ...many(20, "p", { owner: "p" })]) queue.add(each);
    const next = drain(queue).slice(0, 12);
    const count = (owner: string) => next.filter((each) => each.owner === owner).length;
    expect([count("a"), count("new"), count("p")]).toEqual([4, 4, 4]);
  });

  it("who comes with one task at a time gets no more than who waits with many", ({ expect }) => {
    const queue = queueOf(
      ...many(100, "a", {}),
      ...many(100, "b", { owner: "b" }),
      ...many(100, "c", { owner: "c" }),
      ...many(100, "d", { owner: "d" }),
    );
    let mine = 0;
    for (let turn = 0; turn < 100; turn++) {
      queue.add(task(`one-${String(mine)}`, { owner: "one" }));
      const { id = "", owner } = queue.take(all, VIDEO_MS) ?? {};
      // No two tasks take quite the same time.
      queue.settle(id, VIDEO_MS + ((turn * 7_919) % 40_000));
      if (owner === "one") mine += 1;
    }
    expect(mine).toBeLessThanOrEqual(21);
  });

  it("a task that is waiting again has paid for its slot once", ({ expect }) => {
    const queue = queueOf(task("1"), task("2", { owner: "b" }), task("3"));
    expect(queue.take(all, VIDEO_MS)?.id).toBe("1");
    queue.add(task("1"));
    expect([queue.settle("1", 0), queue.settle("2", 0)]).toEqual([false, false]);
    expect(idsOf(drain(queue))).toEqual(["2", "1", "3"]);
  });

  it("charges what is known of a task's cost later, once it is known", ({ expect }) => {
    const queue = queueOf(...many(9, "a", {}), ...many(9, "b", { owner: "b" }));
    for (const owner of ["a", "b"]) {
      const { id = "" } = queue.take(all, VIDEO_MS) ?? {};
      queue.started(id, owner, owner === "a" ? 3 * VIDEO_MS : VIDEO_MS);
    }
    expect(
      drain(queue)
        .slice(0, 3)
        .map(({ owner }) => owner),
    ).toEqual(["b", "b", "a"]);
  });

  it("counts what held a slot before a restart", ({ expect }) => {
    const queue = new FairQueue();
    for (const id of ["r1", "r2"]) queue.started(id, "a", VIDEO_MS);
    queue.started("r1", "a", VIDEO_MS);
    for (const each of [...many(4, "a", {}), ...many(4, "b", { owner: "b" })]) queue.add(each);
    expect(
      drain(queue)
        .slice(0, 4)
        .map(({ owner }) => owner),
    ).toEqual(["b", "b", "a", "b"]);
    expect([queue.settle("r1", 1), queue.settle("r1", 1)]).toEqual([true, false]);
  });
});

describe("memory", () => {
  type Inside = Record<"shares" | "running" | "debts" | "lanes" | "tasks", Map<string, unknown>>;

  it("keeps nothing of owners that have gone but a bounded note of what they used", ({ expect }) => {
    const queue = queueOf(task("stays", { owner: "stays", lane: "full" }));
    const inside = queue as unknown as Inside;
    for (let index = 0; index < 3_000; index++) {
      queue.add(task(`t${index}`, { owner: `o${index}` }));
      queue.take((lane) => lane === "", VIDEO_MS);
      queue.settle(`t${index}`, VIDEO_MS);
    }
    expect([inside.shares.size, inside.running.size, inside.lanes.size]).toEqual([1, 0, 1]);
    expect(inside.debts.size).toBeLessThanOrEqual(1_000);
    queue.remove("stays");
    expect(Object.values(inside).filter((part) => part instanceof Map && part.size > 0)).toEqual([]);
  });

  it("keeps its notes for those that used more than others", ({ expect }) => {
    const queue = queueOf(...many(3_000, "a", {}), task("greedy", { owner: "greedy" }));
    const start = () => {
      const { id = "" } = queue.take(all, VIDEO_MS) ?? {};
      queue.settle(id, id === "greedy" ? 30 * 60_000 : VIDEO_MS);
    };
    for (let turn = 0; turn < 3; turn++) start();
    for (let index = 0; index < 1_500; index++) {
      queue.add(task(`c${index}`, { owner: `canceled${index}` }));
      queue.remove(`c${index}`);
    }
    queue.add(task("again", { owner: "greedy" }));
    expect(queue.position("again")).toBeGreaterThan(5);
  });
});
