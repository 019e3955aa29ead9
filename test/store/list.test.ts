import { beforeEach, describe, it } from "vitest";
import type { TaskFilter, VideoFilter } from "../../src/store/list-tasks.ts";
import type { TaskStatus, ToldTask } from "../../src/tasks/contract.ts";
import { HIGHEST_ID, idOf, interceptD1, LOWEST_ID, NOW, startStore, told } from "./support.ts";

const STATUSES: TaskStatus[] = ["succeeded", "failed", "canceled", "expired"];
/** What one call tells, so that seeding is quick. */
const TELL_ROWS = 500;
const PAGE_BYTES = 1_000_000;

const { record } = startStore();

/** Tasks cycling through states, models and kinds. */
async function seed(from: number, count: number, changes: Partial<ToldTask> = {}): Promise<string[]> {
  const tasks = Array.from({ length: count }, (_, index) =>
    told(from + index, {
      status: STATUSES[index % 4] ?? "succeeded",
      model_name: index % 2 ? "Kling" : "Vidu",
      action: index % 3 ? "CreateAigcVideoTask" : "CreateAigcImageTask",
      session_id: index % 5 === 0 ? `s${from + index}` : null,
      ...changes,
    }),
  );
  for (let start = 0; start < count; start += TELL_ROWS) await record.tell(tasks.slice(start, start + TELL_ROWS));
  return tasks.map(({ id }) => id);
}

const everything: TaskFilter = { owner: "acme", beforeId: HIGHEST_ID, afterId: LOWEST_ID, limit: 100 };

/** Follows the pages to the end. */
async function all(filter: Partial<TaskFilter> = {}): Promise<string[]> {
  const found: string[] = [];
  for (let beforeId: string | undefined = filter.beforeId ?? HIGHEST_ID; beforeId !== undefined;) {
    const page = await record.list({ ...everything, limit: 3, ...filter, beforeId });
    if (page.tasks.length > (filter.limit ?? 3)) throw new Error("A page is longer than its limit");
    found.push(...page.tasks.map(({ id }) => id));
    beforeId = page.nextBeforeId;
  }
  return found;
}

let ids: string[];

beforeEach(async () => {
  ids = await seed(100, 20);
  await seed(200, 5, { owner: "other" });
});

describe("the list", () => {
  it("is newest first, of both kinds, the owner's own, and whole when its pages are followed", async ({ expect }) => {
    expect(await all()).toEqual(ids.toReversed());
    const page = await record.list(everything);
    expect(page.tasks.map(({ id }) => id)).toEqual(ids.toReversed());
    expect(page).not.toHaveProperty("nextBeforeId");
    expect(await record.list({ ...everything, limit: 20 })).not.toHaveProperty("nextBeforeId");
    expect(await record.list({ ...everything, limit: 19 })).toHaveProperty("nextBeforeId", ids[1]);
  });

  it("shows what a list shows, and no more", async ({ expect }) => {
    await record.tell([told(500)]);
    const hidden = new Set(["attempt", "vendor_task_id", "history", "result", "rev", "request"]);
    const summary = Object.fromEntries(Object.entries(told(500)).filter(([name]) => !hidden.has(name)));
    expect((await record.list({ ...everything, limit: 1 })).tasks).toEqual([summary]);
    expect((await record.listVideos({ owner: "acme", order: "desc", limit: 1 })).tasks).toEqual([summary]);
  });

  it("filters by state, model and session_id, alone and together", async ({ expect }) => {
    const where = (passes: (index: number) => boolean) => ids.filter((_, index) => passes(index)).toReversed();
    expect(await all({ statuses: ["failed"] })).toEqual(where((index) => index % 4 === 1));
    expect(await all({ statuses: ["failed", "expired"] })).toEqual(where((index) => index % 2 === 1));
    expect(await all({ statuses: [] })).toEqual([]);
    expect(await all({ modelName: "Kling" })).toEqual(where((index) => index % 2 === 1));
    expect(await all({ modelName: "Kling", statuses: ["expired"] })).toEqual(where((index) => index % 4 === 3));
    expect(await all({ sessionId: "s110" })).toEqual([ids[10]]);
    expect(await all({ sessionId: "s110", modelName: "Kling" })).toEqual([]);
  });

  it("stays between its bounds: the outer ones excluded, the newest there can be included", async ({ expect }) => {
    const [five = "", nine = ""] = [ids[5], ids[9]];
    expect(await all({ afterId: five, beforeId: nine })).toEqual(ids.slice(6, 9).toReversed());
    expect(await all({ afterId: five, upToId: nine })).toEqual(ids.slice(6, 10).toReversed());
    expect(await all({ upToId: nine, beforeId: five })).toEqual(ids.slice(0, 5).toReversed());
    expect(await all({ upToId: ids[10], sessionId: "s110" })).toEqual([ids[10]]);
  });

  it("looks at 500 tasks for those that pass, says how far it got, and goes on from there", async ({ expect }) => {
    await seed(1_000, 1_200, { model_name: "Hailuo" });
    const page = await record.list({ ...everything, modelName: "Kling" });
    expect(page).toEqual({ tasks: [], nextBeforeId: idOf(1_000 + 1_200 - 500) });
    expect(await all({ modelName: "Kling", limit: 100 })).toHaveLength(10);
  });
});

describe("the list of videos", () => {
  let videos: string[];
  const list = (filter: Partial<VideoFilter> = {}) =>
    record.listVideos({ owner: "acme", order: "desc", limit: 100, ...filter });
  const idsOf = ({ tasks }: { tasks: { id: string }[] }) => tasks.map(({ id }) => id);

  beforeEach(() => {
    videos = ids.filter((_, index) => index % 3);
  });

  it("goes both ways from any place, and knows when there is more", async ({ expect }) => {
    expect(idsOf(await list())).toEqual(videos.toReversed());
    expect(idsOf(await list({ order: "asc" }))).toEqual(videos);
    expect(idsOf(await list({ order: "asc", after: videos[4] }))).toEqual(videos.slice(5));
    expect(idsOf(await list({ after: videos[4] }))).toEqual(videos.slice(0, 4).toReversed());
    expect((await list({ limit: videos.length })).hasMore).toBe(false);
    expect((await list({ limit: videos.length - 1 })).hasMore).toBe(true);
  });

  it("passes over what was removed, however many, without a short page", async ({ expect }) => {
    for (const id of videos.slice(2, -1)) await record.erase({ owner: "acme", id, now: NOW, standIn: null });
    const page = await list({ limit: 2 });
    expect([idsOf(page), page.hasMore]).toEqual([[videos.at(-1), videos[1]], true]);
  });
});

describe("a page of long tasks", () => {
  const outline = JSON.stringify("片".repeat(8_000));
  const long = { outline, session_context: "y".repeat(1_000), action: "CreateAigcVideoTask" };

  /** What D1 answered with, in bytes. */
  function measured() {
    const sizes: number[] = [];
    const DB = interceptD1(async ({ run }) => {
      const results = await run();
      sizes.push(new TextEncoder().encode(JSON.stringify(results.map((each) => each.results))).length);
      return results;
    });
    return { record: startStore({ DB }).record, sizes };
  }

  it("ends at a megabyte, and the next one goes on", async ({ expect }) => {
    const made = await seed(1_000, 130, long);
    const { record: watched, sizes } = measured();
    const found: string[] = [];
    for (let beforeId: string | undefined = HIGHEST_ID; beforeId !== undefined;) {
      const page = await watched.list({ ...everything, beforeId });
      found.push(...page.tasks.map(({ id }) => id));
      beforeId = page.nextBeforeId;
    }
    expect(found).toEqual([...made.toReversed(), ...ids.toReversed()]);
    expect(Math.max(...sizes)).toBeGreaterThan(PAGE_BYTES * 0.9);
    expect(Math.max(...sizes)).toBeLessThan(PAGE_BYTES * 1.1);
  });

  it("does so however few of those looked at pass, and both ways through videos", async ({ expect }) => {
    const made = await seed(1_000, 300, long);
    const { record: watched, sizes } = measured();
    const found: string[] = [];
    for (let beforeId: string | undefined = HIGHEST_ID; beforeId !== undefined;) {
      const before = sizes.length;
      const page = await watched.list({ ...everything, beforeId, statuses: ["failed"] });
      found.push(...page.tasks.map(({ id }) => id));
      beforeId = page.nextBeforeId;
      expect(sizes.slice(before).reduce((sum, size) => sum + size, 0)).toBeLessThan(PAGE_BYTES * 1.1);
    }
    expect(found.slice(0, 75)).toEqual(made.filter((_, index) => index % 4 === 1).toReversed());
    expect(found).toHaveLength(75 + 5);
    for (const order of ["asc", "desc"] as const) {
      const seen: string[] = [];
      for (let after: string | undefined; ;) {
        const page = await watched.listVideos({ owner: "acme", order, limit: 100, after });
        seen.push(...page.tasks.map(({ id }) => id));
        if (!page.hasMore) break;
        after = seen.at(-1);
      }
      const videos = [...ids.filter((_, index) => index % 3), ...made];
      expect(seen).toEqual(order === "asc" ? videos : videos.toReversed());
    }
    expect(Math.max(...sizes)).toBeLessThan(PAGE_BYTES * 1.1);
  });
});

describe("a page that is full to the byte", () => {
  it("is not the last", async ({ expect }) => {
    const failed: Partial<ToldTask> = { status: "failed", model_name: "Hailuo" };
    await record.tell([told(1_000, failed)]);
    await seed(1_001, 120);
    await record.tell([told(2_000, { ...failed, outline: "x".repeat(PAGE_BYTES) })]);
    expect(await all({ modelName: "Hailuo", limit: 100 })).toEqual([idOf(2_000), idOf(1_000)]);
  });
});

describe("its cost", () => {
  it("does not grow with the table", async ({ expect }) => {
    const readers: ((from: ReturnType<typeof startStore>["record"]) => Promise<unknown>)[] = [
      (from) => from.find("acme", idOf(5)),
      (from) => from.findStatus("acme", idOf(5)),
      (from) => from.list({ ...everything, limit: 5 }),
      (from) => from.list({ ...everything, limit: 5, statuses: ["failed"] }),
      (from) => from.list({ ...everything, limit: 5, modelName: "Kling" }),
      (from) => from.list({ ...everything, limit: 5, sessionId: "nobody's" }),
      (from) => from.list({ ...everything, limit: 5, sessionId: "s110", upToId: ids[10] }),
      (from) => from.list({ ...everything, limit: 5, afterId: ids[3] ?? "" }),
      (from) => from.listVideos({ owner: "acme", order: "desc", limit: 5 }),
      (from) => from.listVideos({ owner: "acme", order: "asc", limit: 5 }),
      (from) => from.listVideos({ owner: "acme", order: "asc", limit: 5, after: ids[3] }),
    ];
    const rowsRead = async () => {
      const costs: number[] = [];
      for (const reader of readers) {
        let rows = 0;
        const DB = interceptD1(async ({ run }) => {
          const results = await run();
          for (const { meta } of results) rows += meta.rows_read;
          return results;
        });
        await reader(startStore({ DB }).record);
        costs.push(rows);
      }
      return costs;
    };
    await seed(1, 1);
    await seed(5, 1);
    await seed(1_000, 1_500);
    const small = await rowsRead();
    await seed(3_000, 2_000);
    await seed(6_000, 500, { owner: "other" });
    const large = await rowsRead();
    expect(small.every((rows) => rows > 0)).toBe(true);
    expect(large).toEqual(small);
  });
});
