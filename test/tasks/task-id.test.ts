import { describe, it } from "vitest";
import { CELL_IDS_SINCE_MS, cellOf, isTaskId, lowestIdAt, newTaskId } from "../../src/tasks/task-id.ts";

const ones = { random: (length: number) => new Uint8Array(length).fill(0xff) };

describe("a task's id", () => {
  it.for([0, 1, 0x0a, 255])("tells the number of its cell: %i", (cell, { expect }) => {
    const id = newTaskId(ones, CELL_IDS_SINCE_MS, cell);
    expect([isTaskId(id), id[14], cellOf(id)]).toEqual([true, "7", cell]);
  });

  it("is of cell 0 when it was made before there were cells", ({ expect }) => {
    const before = newTaskId(ones, CELL_IDS_SINCE_MS - 1, 0xab);
    expect([before.slice(16, 18), cellOf(before)]).toEqual(["ab", 0]);
  });

  it("tells the time of its creation, whatever its cell", ({ expect }) => {
    const now = CELL_IDS_SINCE_MS + 1_234_567;
    for (const cell of [0, 255]) {
      const id = newTaskId(ones, now, cell);
      expect(id > lowestIdAt(now) && id < lowestIdAt(now + 1)).toBe(true);
    }
  });
});
