import * as fc from "fast-check";
import { describe, it } from "vitest";
import { Connections, type Errand } from "../../src/dispatcher/queue/connections.ts";
import { Deadlines } from "../../src/dispatcher/queue/deadlines.ts";
import { Slots } from "../../src/dispatcher/queue/slots.ts";
import { SortedList } from "../../src/dispatcher/queue/sorted-list.ts";
import { UsualTimes } from "../../src/dispatcher/queue/usual-times.ts";

const MINUTE_MS = 60_000;

describe("SortedList", () => {
  const ascending = (a: number, b: number) => a - b;

  it("is a sorted array in every respect, whatever is done to it", ({ expect }) => {
    const value = fc.integer({ min: 0, max: 3_000 });
    const step = fc.tuple(fc.constantFrom("add", "add", "add", "remove"), value);
    fc.assert(
      fc.property(fc.array(step, { maxLength: 3_000, minLength: 1_200 }), value, (steps, probe) => {
        const list = new SortedList(ascending);
        const model = new Set<number>();
        for (const [kind, each] of steps) {
          if (kind === "add") expect(list.add(each)).toBe(!model.has(each));
          else expect(list.remove(each)).toBe(model.has(each));
          if (kind === "add") model.add(each);
          else model.delete(each);
        }
        const sorted = Array.from(model).toSorted(ascending);
        expect(list.length).toBe(sorted.length);
        expect(list.first()).toBe(sorted[0]);
        expect(list.rank(probe)).toBe(sorted.filter((each) => each < probe).length);
      }),
      { numRuns: 30 },
    );
  });

  it("gives everything back in order, added in order, in reverse or at random", ({ expect }) => {
    const numbers = Array.from({ length: 5_000 }, (_, index) => index);
    for (const added of [numbers, numbers.toReversed(), numbers.map((each) => (each * 1_009) % 5_000)]) {
      const list = new SortedList(ascending);
      for (const each of added) list.add(each);
      expect(list.rank(2_600)).toBe(2_600);
      // A rank is a sum over blocks: they must be few.
      expect((list as unknown as { blocks: number[][] }).blocks.length).toBeLessThan(24);
      const taken: number[] = [];
      for (let first = list.first(); first !== undefined; first = list.first()) {
        list.remove(first);
        taken.push(first);
      }
      expect(taken).toEqual(numbers);
      expect(list.length).toBe(0);
    }
  });
});

describe("Deadlines", () => {
  it("is a sorted table in every respect, whatever is done to it", ({ expect }) => {
    const key = fc.integer({ min: 0, max: 40 }).map((number) => `t${String(number).padStart(2, "0")}`);
    const at = fc.integer({ min: 0, max: 60 });
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ kind: fc.constant("set" as const), key, at }) },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant("delete" as const), key }) },
      {
        weight: 1,
        arbitrary: fc.record({ kind: fc.constant("take" as const), at, limit: fc.integer({ min: 0, max: 9 }) }),
      },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const deadlines = new Deadlines();
        const model = new Map<string, number>();
        const inOrder = () => Array.from(model).toSorted(([a, x], [b, y]) => x - y || (a < b ? -1 : 1));
        for (const each of steps) {
          if (each.kind === "set") {
            deadlines.set(each.key, each.at);
            model.set(each.key, each.at);
          } else if (each.kind === "delete") {
            expect(deadlines.delete(each.key)).toBe(model.delete(each.key));
          } else {
            const due = inOrder().filter(([, time]) => time <= each.at);
            const keys = due.slice(0, each.limit).map(([name]) => name);
            expect(deadlines.takeDue(each.at, each.limit)).toEqual(keys);
            for (const name of keys) model.delete(name);
          }
          expect(deadlines.size).toBe(model.size);
          expect(deadlines.next()).toBe(inOrder()[0]?.[1] ?? Infinity);
          for (const name of ["t00", "t20"]) expect(deadlines.get(name)).toBe(model.get(name));
        }
        expect(deadlines.takeDue(Infinity, Infinity)).toEqual(inOrder().map(([name]) => name));
        expect(deadlines.size).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  it("gives out a hundred thousand in parts, each once", ({ expect }) => {
    const deadlines = new Deadlines<number>();
    for (let key = 0; key < 100_000; key++) deadlines.set(key, (key * 7_919) % 1_000);
    const taken: number[] = [];
    for (let part = deadlines.takeDue(999, 5_000); part.length > 0; part = deadlines.takeDue(999, 5_000)) {
      expect(part).toHaveLength(5_000);
      taken.push(...part);
    }
    expect(new Set(taken).size).toBe(100_000);
    const times = taken.map((key) => (key * 7_919) % 1_000);
    expect(times.every((time, index) => index === 0 || time >= (times[index - 1] ?? 0))).toBe(true);
  });
});

describe("Slots", () => {
  const slot = (id: string, lane = "") => ({ id, lane });

  it("counts by lane what counts, each once", ({ expect }) => {
    const slots = new Slots();
    const first = slots.take(slot("1", "Kling"));
    slots.take(slot("2", "Kling"));
    slots.take(slot("3"));
    const counts = () => [slots.size, slots.occupied, slots.inLane("Kling"), slots.inLane("")];
    expect(counts()).toEqual([3, 3, 2, 1]);
    slots.count(first, false);
    slots.count(first, false);
    expect(counts()).toEqual([3, 2, 1, 1]);
    expect(slots.free("1")).toBe(first);
    // Late news of a slot that is gone.
    slots.count(first, true);
    expect([counts(), slots.free("1"), slots.has("1")]).toEqual([[2, 2, 1, 1], undefined, false]);
    // The next attempt has a slot of its own.
    slots.take(slot("2"));
    expect(counts()).toEqual([2, 2, 0, 2]);
  });
});

describe("Connections", () => {
  const both = { create: true, other: true };
  const none = { create: false, other: false };

  function open(connections: Connections, now: number, wants: Record<Errand, boolean>): Errand[] {
    const opened: Errand[] = [];
    for (let next = connections.next(now, wants); next; next = connections.next(now, wants)) {
      connections.opened(next);
      opened.push(next);
    }
    return opened;
  }

  it("go to creates first, and never beyond the limit", ({ expect }) => {
    const connections = new Connections(3);
    expect(connections.next(0, none)).toBeUndefined();
    expect(open(connections, 0, both)).toEqual(["create", "create", "create"]);
    expect(connections.open).toBe(3);
    connections.closed("create");
    expect(open(connections, 10, both)).toEqual(["create"]);
    connections.closed("create");
    expect(open(connections, 20, { create: false, other: true })).toEqual(["other"]);
  });

  it("come to others after a second of waiting, one at a time", ({ expect }) => {
    const connections = new Connections(2);
    open(connections, 0, both);
    connections.closed("create");
    expect(open(connections, 999, both)).toEqual(["create"]);
    connections.closed("create");
    expect(open(connections, 1_000, both)).toEqual(["other"]);
    connections.closed("create");
    connections.closed("other");
    expect(open(connections, 1_500, both)).toEqual(["create", "create"]);
    connections.closed("create");
    expect(open(connections, 2_500, both)).toEqual(["other"]);
    // Who no longer wants one has not been waiting.
    connections.closed("other");
    expect(open(connections, 3_000, { create: true, other: false })).toEqual(["create"]);
    connections.closed("create");
    expect(open(connections, 60_000, both)).toEqual(["create"]);
  });

  it("are never all taken by others, unless there is one only", ({ expect }) => {
    const connections = new Connections(5);
    const others = { create: false, other: true };
    expect(open(connections, 0, others)).toEqual(Array(4).fill("other"));
    expect(open(connections, 10_000, both)).toEqual(["create"]);
    expect(open(new Connections(1), 0, others)).toEqual(["other"]);
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

  it("says what a task of a model takes, and of one it does not know the longest first wait", ({ expect }) => {
    const usual = new UsualTimes(3 * MINUTE_MS);
    expect(usual.usual("Kling/2.5")).toBe(3 * MINUTE_MS);
    usual.learn("Kling/2.5", 60_000);
    usual.learn("Kling/2.5", 110_000);
    expect(usual.usual("Kling/2.5")).toBe(70_000);
    // A clock that went back.
    usual.learn("Vidu/q2", -5_000);
    expect(usual.usual("Vidu/q2")).toBe(0);
  });

  it("knows a thousand models, those that ended a task last", ({ expect }) => {
    const usual = new UsualTimes(3 * MINUTE_MS);
    for (let model = 0; model < 1_000; model++) usual.learn(`m${model}`, 1_000);
    usual.learn("m0", 1_000);
    usual.learn("new", 2_000);
    expect(["m0", "m1", "m2", "new"].map((model) => usual.usual(model))).toEqual([1_000, 3 * MINUTE_MS, 1_000, 2_000]);
  });
});
