import * as fc from "fast-check";
import { describe, it } from "vitest";
import { held, Scene, settled } from "./watching.ts";

describe("waiting for a task", () => {
  it("ends with its next change, for all who wait for it and nobody else", async ({ expect }) => {
    const scene = new Scene();
    const [one, other, two] = [scene.wait("t1"), scene.wait("t2"), scene.wait("t1", { owner: "b" })];
    scene.watchers.changed("t1");
    scene.watchers.changed("unknown");
    await settled();
    expect(scene.ended.map(({ number, news }) => [number, news])).toEqual([
      [one, "changed"],
      [two, "changed"],
    ]);
    await scene.pass(30_000);
    expect(scene.ended.slice(2)).toEqual([{ number: other, news: "timeout", at: 20_000 }]);
  });

  it("ends in time by one timer, which is set for the first of all", async ({ expect }) => {
    const scene = new Scene();
    for (const forMs of [5_000, 3_000, 9_000, 3_000]) scene.wait("t", { forMs });
    expect(scene.timers).toEqual([5_000, 3_000]);
    await scene.pass(10_000);
    expect(scene.ended.map(({ number, at }) => [number, at])).toEqual([
      [2, 3_000],
      [4, 3_000],
      [1, 5_000],
      [3, 9_000],
    ]);
    expect(scene.timers).toEqual([5_000, 3_000, 5_000, 9_000]);
  });

  it("leaves no timer and nothing in memory, however many came and went", async ({ expect }) => {
    const scene = new Scene(10_000);
    for (let round = 0; round < 20; round++) {
      for (let task = 0; task < 250; task++) {
        scene.positions.set(`t${task}`, task);
        scene.wait(`t${task}`, { position: task });
      }
      for (let task = 0; task < 250; task++) scene.watchers.changed(`t${task}`);
      expect([scene.watchers.open, held(scene.watchers)]).toEqual([0, 0]);
    }
    expect(scene.timers.length).toBe(1);
    await scene.pass(60_000);
    expect([scene.count("changed"), scene.count("timeout"), scene.timer]).toEqual([5_000, 0, Infinity]);
  });

  it("is bounded for each owner", async ({ expect }) => {
    const scene = new Scene();
    for (let index = 0; index < 200; index++) {
      expect(scene.watchers.room("a")).toBe(true);
      scene.wait(`t${index}`);
    }
    expect([scene.watchers.room("a"), scene.watchers.room("b"), scene.watchers.open]).toEqual([false, true, 200]);
    scene.watchers.changed("t7");
    expect(scene.watchers.room("a")).toBe(true);
  });
});

describe("a queue that moves", () => {
  it("wakes those whose position is another than they were told", async ({ expect }) => {
    const scene = new Scene();
    scene.positions.set("t1", 4).set("t2", 9);
    const stale = scene.wait("t1", { position: 5 });
    scene.wait("t1", { position: 4 });
    scene.wait("t2", { position: 9 });
    scene.wait("running");
    const started = scene.wait("gone", { position: 0 });
    await scene.moved();
    expect(scene.ended.map(({ number }) => number)).toEqual([stale, started]);
    expect(scene.watchers.open).toBe(3);
  });

  it("asks for no position that nobody was told", async ({ expect }) => {
    const scene = new Scene();
    for (let index = 0; index < 100; index++) scene.wait("running");
    await scene.moved();
    expect(scene.looks).toBe(0);
  });

  it("is looked at four times a second at most, and after the last move once more", async ({ expect }) => {
    const scene = new Scene();
    scene.positions.set("t", 1_000);
    scene.wait("t", { position: 1_000 });
    for (let move = 0; move < 100; move++) {
      await scene.moved();
      await scene.pass(10);
    }
    expect(scene.looks).toBe(5);
    scene.positions.set("t", 3);
    await scene.moved();
    await scene.pass(250);
    expect([scene.count("changed"), scene.ended[0]?.at]).toEqual([1, 1_250]);
  });

  it("wakes two thousand in four seconds, all in turn", async ({ expect }) => {
    const scene = new Scene(10_000);
    // Ten watch each of two hundred tasks.
    for (let index = 0; index < 2_000; index++) scene.wait(`t${index % 200}`, { position: 500 });
    for (let index = 0; index < 200; index++) scene.positions.set(`t${index}`, 499);
    await scene.moved();
    expect(scene.count("changed")).toBe(125);
    await scene.pass(1_000);
    expect(scene.count("changed")).toBe(625);
    await scene.pass(3_000);
    expect(new Set(scene.ended.map(({ number }) => number)).size).toBe(2_000);
    expect(scene.count("changed")).toBe(2_000);
  });

  it("looks at a bounded number of tasks in a turn, and at each of them", async ({ expect }) => {
    const scene = new Scene(10_000);
    for (let index = 0; index < 2_500; index++) {
      scene.positions.set(`t${index}`, index);
      scene.wait(`t${index}`, { position: index });
    }
    scene.positions.set("t2499", 0);
    await scene.moved();
    expect(scene.looks).toBe(1_000);
    // Moves in between start no round of their own, nor the tasks over again.
    await scene.moved();
    await scene.pass(500);
    expect([scene.looks, scene.count("changed")]).toEqual([3_000, 1]);
    // The move in between is looked at to its end, and then there is rest.
    await scene.pass(5_000);
    expect(scene.looks).toBeLessThanOrEqual(3_500);
  });
});

describe("a queue that moves and", () => {
  it("loses tasks in between is looked at no more than once a move", async ({ expect }) => {
    const scene = new Scene(10_000);
    for (let index = 0; index < 1_500; index++) {
      scene.positions.set(`t${index}`, index);
      scene.wait(`t${index}`, { position: index });
    }
    await scene.moved();
    for (let index = 0; index < 1_400; index++) scene.watchers.changed(`t${index}`);
    await scene.pass(5_000);
    expect(scene.looks).toBe(1_100);
  });

  it("a clock that went back does not keep anybody waiting", async ({ expect }) => {
    const scene = new Scene();
    scene.now = 3_600_000;
    scene.wait("t", { position: 2 });
    scene.positions.set("t", 2);
    await scene.moved();
    scene.now = 0;
    scene.positions.set("t", 1);
    await scene.moved();
    await scene.pass(250);
    expect(scene.count("changed")).toBe(1);
  });
});

describe("whatever happens", () => {
  const id = fc.integer({ min: 0, max: 5 }).map((number) => `t${number}`);
  const position = fc.option(fc.integer({ min: 0, max: 3 }), { nil: null });
  const step = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant("wait" as const),
        id,
        position,
        owner: fc.constantFrom("a", "b"),
        forMs: fc.integer({ min: 0, max: 2_000 }),
      }),
    },
    { weight: 1, arbitrary: id.map((of) => ({ kind: "changed" as const, id: of })) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("moved" as const), id, position }) },
    { weight: 2, arbitrary: fc.integer({ min: 0, max: 700 }).map((ms) => ({ kind: "pass" as const, ms })) },
  );

  it("each wait ends once, for its reason and in time", async ({ expect }) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const scene = new Scene();
        type Wait = { id: string; owner: string; until: number; told: number | null };
        const waits = new Map<number, Wait>();
        /** Those whose task was said to have changed. */
        const changed = new Set<number>();
        const check = () => {
          for (const { number, news, at } of scene.ended.splice(0)) {
            const wait = waits.get(number);
            if (!wait) throw new Error(`Wait ${number} ended twice.`);
            waits.delete(number);
            if (news === "timeout") expect(at).toBe(wait.until);
            else expect(changed.has(number) || wait.told !== (scene.positions.get(wait.id) ?? null)).toBe(true);
          }
          expect(scene.watchers.open).toBe(waits.size);
          for (const owner of ["a", "b"]) {
            const open = Array.from(waits.values()).filter((wait) => wait.owner === owner);
            const tight = scene.watchers as unknown as { perOwner: Map<string, number> };
            expect(tight.perOwner.get(owner) ?? 0).toBe(open.length);
          }
        };
        for (const each of steps) {
          if (each.kind === "wait") {
            const number = scene.wait(each.id, each);
            waits.set(number, { ...each, until: scene.now + each.forMs, told: each.position });
          } else if (each.kind === "changed") {
            for (const [number, wait] of waits) if (wait.id === each.id) changed.add(number);
            scene.watchers.changed(each.id);
            await settled();
            expect(
              Array.from(waits).filter(
                ([number, wait]) => wait.id === each.id && !scene.ended.some((end) => end.number === number),
              ),
            ).toEqual([]);
          } else if (each.kind === "moved") {
            if (each.position === null) scene.positions.delete(each.id);
            else scene.positions.set(each.id, each.position);
            await scene.moved();
          } else {
            await scene.pass(each.ms);
          }
          check();
        }
        // Once the queue rests, nobody is left who was told a position that is no longer true.
        await scene.moved();
        await scene.pass(250);
        check();
        const wrong = Array.from(waits.values()).filter(
          ({ id: of, told }) => told !== null && told !== (scene.positions.get(of) ?? null),
        );
        expect(wrong).toEqual([]);
        await scene.pass(3_000);
        check();
        expect([waits.size, held(scene.watchers), scene.timer]).toEqual([0, 0, Infinity]);
      }),
      { numRuns: 300 },
    );
  });
});
