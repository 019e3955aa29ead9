import * as fc from "fast-check";
import { describe, it } from "vitest";
import { FairQueue, type Waiting } from "../../src/dispatcher/queue/fair-queue.ts";

const open = () => true;
const OWNERS = ["a", "b", "c", "d"] as const;

const clamp = (value: number, low: number, high: number) => Math.max(low, Math.min(value, high));

/** The rules of the queue, with plain arrays that are walked whenever something is asked. */
class NaiveQueue {
  waiting: Waiting[] = [];
  costMs = 60_000;
  private hasSettled = false;
  private clockMs = 0;
  private turns = 0;
  private readonly used = new Map<string, number>();
  private readonly turn = new Map<string, number>();
  private readonly running = new Map<string, { owner: string; chargedMs: number }>();

  of(owner: string): Waiting[] {
    const key = ({ createdAt, priority }: Waiting) => createdAt - clamp(priority, -10, 10) * 60_000;
    return this.waiting
      .filter((task) => task.owner === owner)
      .toSorted((a, b) => key(a) - key(b) || (a.id < b.id ? -1 : 1));
  }

  add(task: Waiting): boolean {
    if (this.waiting.some(({ id }) => id === task.id)) return false;
    const run = this.running.get(task.id);
    if (run) this.settle(task.id, run.chargedMs);
    if (this.of(task.owner).length === 0) this.turn.set(task.owner, ++this.turns);
    this.waiting.push(task);
    return true;
  }

  remove(id: string): boolean {
    const before = this.waiting.length;
    this.waiting = this.waiting.filter((task) => task.id !== id);
    this.forget();
    return this.waiting.length < before;
  }

  take(isOpen: (lane: string) => boolean, costMs: number): Waiting | undefined {
    const usedMs = (owner: string) => Math.max(this.used.get(owner) ?? 0, this.clockMs);
    const heads = OWNERS.map((owner) => this.of(owner).find(({ lane }) => isOpen(lane))).filter((head) => !!head);
    const standing = ({ owner, priority }: Waiting) =>
      usedMs(owner) - Math.round(clamp(priority, -10, 10) * 0.2 * this.costMs);
    const [next] = heads.toSorted(
      (a, b) => standing(a) - standing(b) || (this.turn.get(a.owner) ?? 0) - (this.turn.get(b.owner) ?? 0),
    );
    if (!next) return undefined;
    this.clockMs = Math.min(...heads.map(({ owner }) => usedMs(owner)));
    this.waiting = this.waiting.filter((task) => task !== next);
    this.turn.set(next.owner, ++this.turns);
    const chargedMs = clamp(costMs, 1_000, 1_800_000);
    this.used.set(next.owner, usedMs(next.owner) + chargedMs);
    this.running.set(next.id, { owner: next.owner, chargedMs });
    if (!this.hasSettled) this.costMs = chargedMs;
    return next;
  }

  settle(id: string, usedMs: number): boolean {
    const run = this.running.get(id);
    if (!run) return false;
    this.running.delete(id);
    const costMs = clamp(usedMs, 1_000, 1_800_000);
    this.used.set(run.owner, (this.used.get(run.owner) ?? 0) + costMs - run.chargedMs);
    this.costMs = this.hasSettled ? Math.round(this.costMs + 0.1 * (costMs - this.costMs)) : costMs;
    this.hasSettled = true;
    this.forget();
    return true;
  }

  started(of: string, owner: string, costMs: number): void {
    const chargedMs = clamp(costMs, 1_000, 1_800_000);
    const usedMs = Math.max(this.used.get(owner) ?? 0, this.clockMs);
    const run = this.running.get(of);
    if (run) this.used.set(run.owner, (this.used.get(run.owner) ?? 0) + chargedMs - run.chargedMs);
    else this.used.set(owner, usedMs + chargedMs);
    this.running.set(of, { owner: run?.owner ?? owner, chargedMs });
    if (!this.hasSettled) this.costMs = chargedMs;
  }

  private forget(): void {
    const owners = new Set([...this.waiting, ...this.running.values()].map(({ owner }) => owner));
    if (owners.size === 0) this.used.clear();
    // Who has used less than counts anyway is not worth a memory.
    for (const [owner, used] of this.used) if (!owners.has(owner) && used <= this.clockMs) this.used.delete(owner);
  }
}

const id = fc.integer({ min: 0, max: 60 }).map((number) => String(number).padStart(3, "0"));
const anyOwner = fc.constantFrom(...OWNERS);
const duration = fc.oneof(fc.constant(60_000), fc.integer({ min: 0, max: 400_000 }), fc.constant(9_000_000));

const waiting = (priority: (owner: string) => fc.Arbitrary<number>) =>
  anyOwner.chain((owner) =>
    fc.record({
      id,
      owner: fc.constant(owner),
      priority: priority(owner),
      lane: fc.constantFrom("", "x", "y"),
      createdAt: fc.integer({ min: 0, max: 8 }).map((minutes) => minutes * 60_000),
    }),
  );

const steps = (priority: (owner: string) => fc.Arbitrary<number>) =>
  fc.array(
    fc.oneof(
      { weight: 6, arbitrary: waiting(priority).map((task) => ({ kind: "add" as const, task })) },
      { weight: 1, arbitrary: id.map((of) => ({ kind: "remove" as const, id: of })) },
      {
        weight: 3,
        arbitrary: fc.record({ kind: fc.constant("take" as const), open: fc.subarray(["", "x", "y"]), cost: duration }),
      },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant("settle" as const), id, used: duration }) },
      {
        weight: 1,
        arbitrary: fc.record({ kind: fc.constant("started" as const), id, owner: anyOwner, cost: duration }),
      },
    ),
    { maxLength: 120 },
  );

type Step = ReturnType<typeof steps> extends fc.Arbitrary<(infer T)[]> ? T : never;

/** Does one thing to both and says what each answered. */
function doStep(step: Step, queue: FairQueue, model: NaiveQueue): [unknown, unknown] {
  switch (step.kind) {
    case "add":
      return [queue.add(step.task), model.add(step.task)];
    case "remove":
      return [queue.remove(step.id), model.remove(step.id)];
    case "settle":
      return [queue.settle(step.id, step.used), model.settle(step.id, step.used)];
    case "started":
      // Who waits holds no slot.
      if (queue.has(step.id)) return [0, 0];
      return [queue.started(step.id, step.owner, step.cost), model.started(step.id, step.owner, step.cost)];
    case "take": {
      const isOpen = (lane: string) => step.open.includes(lane);
      const could = model.waiting.some(({ lane }) => isOpen(lane));
      const had = queue.hasOpen(isOpen);
      return [
        [had, queue.take(isOpen, () => step.cost)],
        [could, model.take(isOpen, step.cost)],
      ];
    }
  }
}

function after(all: Step[]): { queue: FairQueue; model: NaiveQueue } {
  const queue = new FairQueue();
  const model = new NaiveQueue();
  for (const step of all) doStep(step, queue, model);
  return { queue, model };
}

/** The order in which everything goes when each task costs the usual. */
function drain(queue: FairQueue, costMs: number): string[] {
  const order: string[] = [];
  for (let next = queue.take(open, costMs); next; next = queue.take(open, costMs)) order.push(next.id);
  return order;
}

const anyPriority = () => fc.integer({ min: -11, max: 11 });

describe("FairQueue", () => {
  it("serves as the naive queue does, whatever is done to it", ({ expect }) => {
    fc.assert(
      fc.property(steps(anyPriority), (all) => {
        const queue = new FairQueue();
        const model = new NaiveQueue();
        for (const step of all) {
          const [actual, expected] = doStep(step, queue, model);
          expect(actual).toEqual(expected);
          expect(queue.length).toBe(model.waiting.length);
          for (const owner of OWNERS) expect(queue.waitingOf(owner)).toBe(model.of(owner).length);
        }
      }),
      { numRuns: 400 },
    );
  });

  it("gives every task the position at which it is then served", ({ expect }) => {
    // Each owner's tasks are of one priority.
    const priorities = { a: 0, b: 10, c: -3, d: 0 };
    fc.assert(
      fc.property(
        steps((owner) => fc.constant(priorities[owner as "a"])),
        (all) => {
          const { queue, model } = after(all);
          const promised = new Map(model.waiting.map((task) => [task.id, queue.position(task.id)]));
          drain(queue, model.costMs).forEach((of, index) => expect(promised.get(of)).toBe(index));
          expect(queue.length).toBe(0);
        },
      ),
      { numRuns: 400 },
    );
  });

  it("gives a single owner's tasks their positions, whatever their priorities", ({ expect }) => {
    fc.assert(
      fc.property(steps(anyPriority), (all) => {
        const mine = (step: Step): Step =>
          step.kind === "add" ? { ...step, task: { ...step.task, owner: "a" } } : step;
        const { queue, model } = after(all.map(mine));
        const promised = new Map(model.waiting.map((task) => [task.id, queue.position(task.id)]));
        drain(queue, 1).forEach((of, index) => expect(promised.get(of)).toBe(index));
      }),
      { numRuns: 200 },
    );
  });

  it("is a few places off at most where owners with tasks of several priorities meet", ({ expect }) => {
    fc.assert(
      fc.property(steps(anyPriority), (all) => {
        const { queue, model } = after(all);
        const positions = new Map(model.waiting.map((task) => [task.id, queue.position(task.id) ?? -1]));
        drain(queue, model.costMs).forEach((of, index) => {
          expect(Math.abs((positions.get(of) ?? -1) - index)).toBeLessThanOrEqual(5 * (OWNERS.length - 1));
        });
      }),
      { numRuns: 300 },
    );
  });

  it("never tells a client a higher position than before, nor one that is too high", ({ expect }) => {
    fc.assert(
      fc.property(steps(anyPriority), (all) => {
        const queue = new FairQueue();
        const model = new NaiveQueue();
        const told = new Map<string, number>();
        for (const step of all) {
          doStep(step, queue, model);
          for (const known of told.keys()) if (!queue.has(known)) told.delete(known);
          for (const task of model.waiting) {
            const now = queue.promised(task.id) ?? -1;
            expect(now).toBe(Math.min(told.get(task.id) ?? Infinity, queue.position(task.id) ?? -1));
            told.set(task.id, now);
          }
        }
      }),
      { numRuns: 100 },
    );
  });
});
