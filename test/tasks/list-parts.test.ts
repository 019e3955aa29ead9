/* A list made of two: whatever lies where, paging through it shows each task once, in order. */
import * as fc from "fast-check";
import { describe, it } from "vitest";
import type { TaskSummary } from "../../src/store/list-tasks.ts";
import { joinParts } from "../../src/tasks/list.ts";

const HIGHEST = "z";
const LOWEST = "";

type Order = "asc" | "desc";

const row = (number: number, from: string, deletedAt: number | null = null) =>
  ({ id: String(number).padStart(3, "0"), client_model: from, deleted_at: deletedAt }) as TaskSummary;

/** One side's page after `after`: what of the next `look` rows passes, at most `limit`; full pages end with their last task. */
function pageOf(
  rows: TaskSummary[],
  order: Order,
  page: { after: string; look: number; limit: number; passes: (id: string) => boolean },
) {
  const ahead = rows
    .filter(({ id }) => (order === "asc" ? id > page.after : id < page.after))
    .toSorted((a, b) => (order === "asc" ? 1 : -1) * (a.id < b.id ? -1 : 1));
  const looked = ahead.slice(0, page.look);
  const tasks = looked.filter(({ id }) => page.passes(id));
  const shown = tasks.slice(0, page.limit);
  if (tasks.length > page.limit) return { tasks: shown, reached: shown.at(-1)?.id };
  return { tasks, reached: looked.length < ahead.length ? looked.at(-1)?.id : undefined };
}

describe("a list of what the object and the record have", () => {
  it("shows each task once, in order, whatever moves to the record between two pages", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat({ max: 999 }), { maxLength: 40 }),
        fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
        fc.constantFrom<Order>("asc", "desc"),
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 1, max: 9 }),
        (numbers, chance, order, limit, look) => {
          const next = () => chance.next().value as number;
          const inObject = new Set(numbers.filter(() => next() < 0.5));
          const inRecord = new Set(numbers.filter((number) => !inObject.has(number) || next() < 0.2));
          const passes = (id: string) => Number(id) % 3 !== 0;
          const move = () => {
            for (const number of inObject) {
              if (next() > 0.2) continue;
              inRecord.add(number);
              if (next() < 0.7) inObject.delete(number);
            }
          };
          const seen: string[] = [];
          let after = order === "asc" ? LOWEST : HIGHEST;
          for (;;) {
            const object = pageOf(
              [...inObject].map((number) => row(number, "object")),
              order,
              { after, look, limit, passes },
            );
            move();
            const record = pageOf(
              [...inRecord].map((number) => row(number, "record")),
              order,
              { after, look, limit, passes },
            );
            const page = joinParts([object, record], order, limit);
            seen.push(...page.tasks.map(({ id }) => id));
            if (page.reached === undefined) break;
            if (page.reached === after) throw new Error("The list does not get on.");
            after = page.reached;
          }
          const wanted = numbers
            .map((number) => row(number, "").id)
            .filter(passes)
            .toSorted();
          const expected = order === "asc" ? wanted : wanted.toReversed();
          if (seen.join() !== expected.join()) throw new Error(`${seen.join()} instead of ${expected.join()}`);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it("shows the record's word on a task that both have, unless its content has just been removed", ({ expect }) => {
    const object = { tasks: [row(2, "object"), row(1, "object", 5)] };
    const record = { tasks: [row(2, "record"), row(1, "record")] };
    const { tasks } = joinParts([object, record], "desc", 10);
    expect(tasks.map(({ client_model: from }) => from)).toEqual(["record", "object"]);
  });

  it("ends without a further page when both are at their end and all fits", ({ expect }) => {
    const object = { tasks: [row(2, "object")] };
    const record = { tasks: [row(1, "record")] };
    expect(joinParts([object, record], "desc", 2).reached).toBeUndefined();
    expect(joinParts([object, record], "desc", 1)).toMatchObject({ reached: "002", tasks: [{ id: "002" }] });
  });
});
