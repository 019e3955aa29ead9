import * as fc from "fast-check";
import { describe, it } from "vitest";
import { FairQueue, type Waiting } from "../../../src/tasks/dispatch/fair-queue.ts";
import { Pace } from "../../../src/tasks/dispatch/pace.ts";
import { SortedList } from "../../../src/tasks/dispatch/sorted-list.ts";

const all = () => true;

/** Takes until nothing is left. */
function drain(queue: FairQueue): Waiting[] {
  const taken: Waiting[] = [];
  for (let next = queue.take(all); next; next = queue.take(all)) taken.push(next);
  return taken;
}

const task = (id: string, owner = "a", priority = 0, lane = ""): Waiting => ({ id, owner, priority, lane });

describe("SortedList", () => {
  it("is a sorted array in every respect, whatever is done to it", ({ expect }) => {
    const word = fc.integer({ min: 0, max: 3_000 }).map((number) => String(number).padStart(5, "0"));
    const step = fc.tuple(fc.constantFrom("add", "add", "add", "remove"), word);
    fc.assert(
      fc.property(fc.array(step, { maxLength: 3_000, minLength: 1_200 }), word, (steps, probe) => {
        const list = new SortedList();
        const model = new Set<string>();
        for (const [kind, value] of steps) {
          if (kind === "add") expect(list.add(value)).toBe(!model.has(value));
          else expect(list.remove(value)).toBe(model.has(value));
          if (kind === "add") model.add(value);
          else model.delete(value);
        }
        const sorted = Array.from(model).toSorted();
        expect(list.length).toBe(sorted.length);
        expect(list.first()).toBe(sorted[0]);
        expect(list.rank(probe)).toBe(sorted.filter((value) => value < probe).length);
      }),
      { numRuns: 30 },
    );
  });
});

describe("FairQueue", () => {
  it("serves higher priorities first and, alone, first come first", ({ expect }) => {
    const queue = new FairQueue();
    for (const waiting of [task("3"), task("1"), task("2", "a", 5), task("0", "a", -5)]) queue.add(waiting);
    expect(drain(queue).map(({ id }) => id)).toEqual(["2", "1", "3", "0"]);
  });

  it("lets ten tasks of one owner through among two hundred of another", ({ expect }) => {
    const queue = new FairQueue();
    for (let index = 0; index < 200; index++) queue.add(task(`a${String(index).padStart(3, "0")}`, "many"));
    for (let index = 0; index < 10; index++) queue.add(task(`b${index}`, "few"));
    const order = drain(queue).map(({ owner }) => owner);
    expect(order.lastIndexOf("few")).toBeLessThan(25);
    expect(order).toHaveLength(210);
  });

  it("passes over lanes that are full, and comes back to them", ({ expect }) => {
    const queue = new FairQueue();
    for (const waiting of [task("1", "a", 0, "slow"), task("2", "a", 0, "slow"), task("3"), task("4", "b")])
      queue.add(waiting);
    const open = (lane: string) => lane !== "slow";
    expect([queue.take(open)?.id, queue.take(open)?.id, queue.take(open)?.id]).toEqual(["3", "4", undefined]);
    expect(drain(queue).map(({ id }) => id)).toEqual(["1", "2"]);
  });

  it("gives every task the position at which it is then served", ({ expect }) => {
    const waiting = fc.record({
      id: fc.integer({ min: 0, max: 999 }).map((number) => String(number).padStart(3, "0")),
      owner: fc.constantFrom("a", "b", "c", "d"),
      priority: fc.integer({ min: -1, max: 1 }),
      lane: fc.constantFrom("", "x"),
    });
    const step = fc.oneof(
      { weight: 5, arbitrary: waiting.map((value) => ({ kind: "add" as const, value })) },
      { weight: 1, arbitrary: waiting.map((value) => ({ kind: "remove" as const, value })) },
      { weight: 1, arbitrary: fc.constant({ kind: "take" as const }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const queue = new FairQueue();
        const ids = new Set<string>();
        for (const each of steps) {
          if (each.kind === "add" && queue.add(each.value)) ids.add(each.value.id);
          if (each.kind === "remove" && queue.remove(each.value.id)) ids.delete(each.value.id);
          if (each.kind === "take") ids.delete(queue.take(all)?.id ?? "");
        }
        expect(queue.length).toBe(ids.size);
        const promised = new Map(Array.from(ids, (id) => [id, queue.position(id)]));
        drain(queue).forEach(({ id }, index) => expect(promised.get(id)).toBe(index));
      }),
      { numRuns: 300 },
    );
  });
});

describe("Pace", () => {
  it("never lets more than its number of calls into any second", ({ expect }) => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 50 }),
        (rate, gaps) => {
          const pace = new Pace({ concurrency: 1, requestsPerSecond: rate });
          const made: number[] = [];
          let now = 0;
          for (const gap of gaps) {
            now = pace.nextCallAt(now + gap);
            pace.called();
            // Whenever the vendor counts it, between the decision and the answer.
            made.push(now + gap / 4);
            pace.landed(now + gap / 2);
          }
          for (const start of made) {
            expect(made.filter((at) => at >= start && at < start + 1_000).length).toBeLessThanOrEqual(rate);
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  it("halves what runs at once when the vendor is full, and comes back one by one", ({ expect }) => {
    const pace = new Pace({ concurrency: 8, requestsPerSecond: 20 });
    pace.throttled(0);
    expect([pace.concurrency(0), pace.nextCallAt(0)]).toEqual([4, 1_000]);
    // One overload is many refusals.
    for (const at of [1_000, 1_001, 1_500]) pace.throttled(at);
    expect(pace.concurrency(1_500)).toBe(2);
    expect([pace.concurrency(31_500), pace.concurrency(61_500), pace.concurrency(1_000_000)]).toEqual([3, 4, 8]);
    pace.rest(1_000_000);
    expect([pace.concurrency(1_000_000), pace.nextCallAt(1_000_000)]).toEqual([8, 1_001_000]);
  });

  it("holds everything while the vendor is silent, longer each time, until it answers", ({ expect }) => {
    const pace = new Pace({ concurrency: 1, requestsPerSecond: 20 });
    const holds = Array.from({ length: 8 }, () => {
      pace.silent(0);
      return pace.holdingUntil(0);
    });
    expect(holds).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
    pace.answered();
    expect(pace.holdingUntil(0)).toBeUndefined();
    pace.silent(100_000);
    expect(pace.nextCallAt(100_000)).toBe(101_000);
  });
});
