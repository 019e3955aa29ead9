/* DELETE of a task and of what was made from it: of many, a bounded part at a time. */
import { describe, it } from "vitest";
import type { Remix } from "../../src/tasks/contract.ts";
import { eraseTask } from "../../src/tasks/erase.ts";

const idOf = (n: number) => `01a1ff8f-c95d-7000-8000-${n.toString(16).padStart(12, "0")}`;

/** Tasks by number, each with the one it was made from; all in the record. */
function start(parents: Map<number, number>, unfinished: number[] = []) {
  const erased: string[] = [];
  const made = (owner: string, ids: string[]): Remix[] =>
    owner !== "acme"
      ? []
      : Array.from(parents)
          .filter(([, parent]) => ids.includes(idOf(parent)))
          .map(([n]) => ({ id: idOf(n), over: !unfinished.includes(n), erased: erased.includes(idOf(n)) }))
          .toSorted((a, b) => Number(a.erased) - Number(b.erased));
  const services = {
    deps: { now: () => 0 },
    cache: { forget: () => undefined },
    dispatcher: {
      remixes: async (owner: string, ids: string[]) => made(owner, ids).filter(({ over }) => !over),
      erase: async () => "not_found",
    },
    store: {
      record: {
        remixes: async (owner: string, ids: string[], limit: number) =>
          made(owner, ids)
            .filter(({ over }) => over)
            .slice(0, limit),
        sessionOf: async () => null,
        erase: async ({ id }: { id: string }) => Boolean(erased.push(id)),
      },
    },
  } as unknown as Parameters<typeof eraseTask>[0];
  return { erased, erase: () => eraseTask(services, "acme", idOf(0), { remixes: true }) };
}

describe("a task and its remixes", () => {
  it("go together, what was made last first, and itself last", async ({ expect }) => {
    const { erased, erase } = start(new Map([1, 2, 3].map((n) => [n, n - 1])));
    expect(await erase()).toEqual({ kind: "erased", remixes: 3 });
    expect(new Set(erased)).toEqual(new Set([3, 2, 1, 0].map(idOf)));
    expect(erased.at(-1)).toBe(idOf(0));
  });

  it("of which one is not finished stay as they are", async ({ expect }) => {
    const { erased, erase } = start(new Map([1, 2, 3].map((n) => [n, n - 1])), [3]);
    expect(await erase()).toEqual({ kind: "not_over", id: idOf(3) });
    expect(erased).toEqual([]);
  });

  it("that are very many take several requests, each with a bounded number, and all are reached", async ({
    expect,
  }) => {
    const { erased, erase } = start(new Map(Array.from({ length: 1_500 }, (_, index) => [index + 1, 0])));
    let requests = 1;
    for (; (await erase()).kind === "more"; requests++) expect(erased).toHaveLength(requests * 200);
    expect(requests).toBe(8);
    expect(new Set(erased).size).toBe(1_501);
    expect(erased.at(-1)).toBe(idOf(0));
  });

  it("in a circle, which nothing makes, end", async ({ expect }) => {
    const { erase } = start(
      new Map([
        [1, 0],
        [0, 1],
      ]),
    );
    expect(await erase()).toEqual({ kind: "erased", remixes: 1 });
  });
});
