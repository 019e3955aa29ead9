import { describe, it } from "vitest";
import { idOf, interceptD1, NOW, rowsOf, startStore, told } from "./support.ts";

const { record } = startStore();

const idsLeft = async () => (await rowsOf<{ id: string }>("tasks")).map(({ id }) => id).toSorted();

describe("retention", () => {
  it("deletes what is older than its bound, of every owner and kind, and nothing else", async ({ expect }) => {
    for (const [number, owner] of ["a", "b", "acme", "z", "一"].entries()) {
      await record.tell([
        told(10 + number, { owner }),
        told(20 + number, { owner, action: "CreateAigcImageTask" }),
        told(50 + number, { owner }),
      ]);
    }
    await record.keepOtherEvent({ id: "old", eventType: "x", body: "", now: NOW });
    await record.keepOtherEvent({ id: "new", eventType: "x", body: "", now: NOW + 1 });
    expect(await record.deleteExpired({ beforeId: idOf(50), before: NOW + 1, eventsBefore: NOW + 1 })).toBe(11);
    expect(await idsLeft()).toEqual([50, 51, 52, 53, 54].map(idOf));
    expect((await rowsOf<{ id: string }>("other_events")).map(({ id }) => id)).toEqual(["new"]);
    expect(await record.deleteExpired({ beforeId: idOf(50), before: NOW + 1, eventsBefore: NOW + 1 })).toBe(0);
  });

  it("counts from a task's end: one that waited long is not gone before its client can fetch it", async ({
    expect,
  }) => {
    await record.tell([told(1, { created_at: 0, finished_at: NOW }), told(2, { finished_at: NOW - 1 })]);
    await record.deleteExpired({ beforeId: idOf(50), before: NOW, eventsBefore: NOW });
    expect(await idsLeft()).toEqual([idOf(1)]);
  });

  it("leaves the counters", async ({ expect }) => {
    await record.tell([told(1)]);
    await record.deleteExpired({ beforeId: idOf(50), before: NOW + 1, eventsBefore: NOW + 1 });
    expect([await idsLeft(), await rowsOf("hourly_counts")]).toEqual([[], [expect.objectContaining({ tasks: 1 })]]);
  });

  it("takes a bounded part at a time, and reads no more for what stays", async ({ expect }) => {
    const many = Array.from({ length: 1_200 }, (_, index) => told(index, { owner: index % 2 ? "acme" : "other" }));
    await record.tell(many);
    const kept = Array.from({ length: 1_000 }, (_, index) => told(5_000 + index));
    await record.tell(kept);
    let rowsRead = 0;
    const DB = interceptD1(async ({ run }) => {
      const results = await run();
      rowsRead = results.reduce((sum, { meta }) => sum + meta.rows_read, 0);
      return results;
    });
    const watched = startStore({ DB }).record;
    const bound = { beforeId: idOf(5_000), before: NOW + 1, eventsBefore: NOW + 1 };
    const deleted = [];
    for (let batch = 0; batch < 4; batch++) deleted.push(await watched.deleteExpired(bound));
    expect(deleted).toEqual([500, 500, 200, 0]);
    expect(rowsRead).toBeLessThan(20);
    expect(await idsLeft()).toHaveLength(kept.length);
  });

  it("of an empty record deletes nothing", async ({ expect }) => {
    expect(await record.deleteExpired({ beforeId: idOf(50), before: NOW, eventsBefore: NOW })).toBe(0);
  });
});
