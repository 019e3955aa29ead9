/* Finished tasks on their way into the record: told again, late, doubled, in part, and always the same in the end. */
import { env } from "cloudflare:workers";
import * as fc from "fast-check";
import { describe, it } from "vitest";
import { TELL_MAX_ROWS } from "../../src/store/tell-tasks.ts";
import type { ToldTask } from "../../src/tasks/contract.ts";
import { counted, HOUR_MS, idOf, interceptD1, NOW, rowsOf, startStore, told } from "./support.ts";

const { record } = startStore();

/** What `tell` did, as D1 reports it: one batch of two statements, or more of them. */
async function telling(tasks: ToldTask[]): Promise<{ batches: number[]; rowsWritten: number }> {
  const batches: number[] = [];
  let rowsWritten = 0;
  const DB = interceptD1(async ({ statements, run }) => {
    const results = await run();
    batches.push(statements.length);
    for (const { meta } of results) rowsWritten += meta.rows_written;
    return results;
  });
  await startStore({ DB }).record.tell(tasks);
  return { batches, rowsWritten };
}

const erased = {
  deleted_at: NOW + 1,
  result: null,
  outline: null,
  request: null,
  session_context: null,
  history: "[]",
};

describe("a told task", () => {
  it("is found as it was, every column of it", async ({ expect }) => {
    const everything = told(1, {
      client_model: "kling-1.6",
      session_id: "s",
      session_context: 'quotes " and \\ and \u{1f3ac}',
      parent_id: idOf(0),
      error_code: "E",
      error_message: "m\u0000n",
      priority: -10,
      result: `{"text":"${"片".repeat(50_000)}"}`,
    });
    await record.tell([everything]);
    const { rev: _rev, request, ...row } = everything;
    const { result: _result, ...status } = row;
    expect(await record.find("acme", idOf(1))).toEqual(row);
    expect(await record.findStatus("acme", idOf(1))).toEqual(status);
    expect(await record.request("acme", idOf(1))).toBe(request);
    expect(await rowsOf("tasks")).toEqual([everything]);
  });

  it("is two rows written at most, and in a full batch hardly more than one", async ({ expect }) => {
    expect(await telling([told(1)])).toEqual({ batches: [2], rowsWritten: 2 });
    const many = Array.from({ length: TELL_MAX_ROWS }, (_, index) => told(100 + index));
    expect(await telling(many)).toEqual({ batches: [2], rowsWritten: TELL_MAX_ROWS + 1 });
    const deletion = await env.DB.prepare("DELETE FROM tasks").run();
    expect(deletion.meta.rows_written).toBe(TELL_MAX_ROWS + 1);
  });

  it("that is told again changes nothing and writes nothing", async ({ expect }) => {
    await record.tell([told(1), told(2)]);
    const before = await rowsOf("tasks");
    expect(await telling([told(1), told(2)])).toMatchObject({ rowsWritten: 0 });
    expect(await rowsOf("tasks")).toEqual(before);
    expect(await counted()).toBe(2);
  });

  it("in an older copy never overwrites a newer, nor brings back what was removed", async ({ expect }) => {
    await record.tell([told(1, { rev: 5, ...erased })]);
    await record.tell([told(1, { rev: 4 })]);
    expect(await rowsOf("tasks")).toEqual([told(1, { rev: 5, ...erased })]);
    await record.tell([told(2, { rev: 7, error_code: "new" }), told(2, { rev: 6, error_code: "old" })]);
    await record.tell([told(2, { rev: 6, error_code: "old" })]);
    expect((await record.find("acme", idOf(2)))?.error_code).toBe("new");
  });

  it("in a newer copy overwrites the older, and is not counted again", async ({ expect }) => {
    await record.tell([told(1)]);
    await record.tell([told(1, { rev: 4, ...erased }), told(2)]);
    expect(await record.find("acme", idOf(1))).toMatchObject({ result: null, deleted_at: NOW + 1 });
    expect(await record.request("acme", idOf(1))).toBeNull();
    expect(await counted()).toBe(2);
  });

  it("of an object that was set back and counts on from an old revision takes no content and no result away", async ({
    expect,
  }) => {
    await record.tell([told(1, { rev: 2 }), told(2, { rev: 2 }), told(3, { rev: 2, status: "expired", result: null })]);
    await record.erase({ owner: "acme", id: idOf(1), now: NOW + 5, standIn: null });
    const lost = { status: "expired", result: null, rev: 90 } as const;
    await record.tell([told(1, { rev: 90 }), told(2, lost), told(3, { rev: 90 })]);
    expect(await record.find("acme", idOf(1))).toMatchObject({ result: null, outline: null, deleted_at: NOW + 5 });
    expect(await record.find("acme", idOf(2))).toMatchObject({ status: "succeeded", result: told(2).result });
    expect(await record.find("acme", idOf(3))).toMatchObject({ status: "succeeded", result: told(3).result });
  });

  it("is nobody else's", async ({ expect }) => {
    await record.tell([told(1)]);
    expect(await record.find("other", idOf(1))).toBeNull();
    expect(await record.findStatus("other", idOf(1))).toBeNull();
    expect(await record.request("other", idOf(1))).toBeNull();
  });

  it("must be over", async ({ expect }) => {
    await expect(record.tell([told(1), told(2, { status: "running" })])).rejects.toThrow(/CHECK/);
    expect([await rowsOf("tasks"), await counted()]).toEqual([[], 0]);
  });
});

describe("the hourly counters", () => {
  it("tell apart hour, owner, kind, model and outcome", async ({ expect }) => {
    const changes: Partial<ToldTask>[] = [
      {},
      {},
      { finished_at: NOW + HOUR_MS },
      { owner: "other" },
      { action: "CreateAigcImageTask" },
      { model_name: "Vidu" },
      { status: "failed" },
    ];
    await record.tell(changes.map((change, index) => told(index, change)));
    await record.tell([told(50), told(51)]);
    const hour = Date.UTC(2026, 0, 1, 12);
    const plain = { hour, owner: "acme", action: "CreateAigcVideoTask", model_name: "Kling", status: "succeeded" };
    const rows = await rowsOf("hourly_counts");
    expect(rows).toHaveLength(6);
    expect(rows).toEqual(
      expect.arrayContaining([
        { ...plain, tasks: 4 },
        { ...plain, hour: hour + HOUR_MS, tasks: 1 },
        { ...plain, owner: "other", tasks: 1 },
        { ...plain, action: "CreateAigcImageTask", tasks: 1 },
        { ...plain, model_name: "Vidu", tasks: 1 },
        { ...plain, status: "failed", tasks: 1 },
      ]),
    );
  });
});

describe("a batch", () => {
  it("of nothing asks nothing", async ({ expect }) => {
    expect(await telling([])).toEqual({ batches: [], rowsWritten: 0 });
  });

  it("that D1 would not take as one parameter goes in several", async ({ expect }) => {
    const result = JSON.stringify("片".repeat(300_000));
    const tasks = [1, 2, 3].map((number) => told(number, { result }));
    const sizes: number[] = [];
    const DB = interceptD1(async ({ run }) => run());
    const prepare = DB.prepare.bind(DB);
    const measuring = Object.assign(DB, {
      prepare: (sql: string) => {
        const statement = prepare(sql);
        const bind = statement.bind.bind(statement);
        return Object.assign(statement, {
          bind: (...values: unknown[]) => {
            sizes.push(new TextEncoder().encode(String(values[0])).length);
            return bind(...values);
          },
        });
      },
    });
    await startStore({ DB: measuring }).record.tell(tasks);
    expect(await rowsOf("tasks")).toHaveLength(3);
    expect(await counted()).toBe(3);
    expect(Math.max(...sizes)).toBeLessThan(2_000_000);
    expect(Math.max(...sizes)).toBeGreaterThan(1_500_000);
  });

  it("is not repeated in here, whatever it failed with", async ({ expect }) => {
    for (const message of ["Network connection lost.", "no such table: x"]) {
      let calls = 0;
      const DB = interceptD1(async () => {
        calls += 1;
        throw new Error(`D1_ERROR: ${message}`);
      });
      await expect(startStore({ DB }).record.tell([told(1)])).rejects.toThrow(message);
      expect(calls).toBe(1);
    }
  });
});

describe("whatever becomes of the batches", () => {
  type Step = { tasks: ToldTask[]; lost: "no" | "before" | "after" };
  const task = fc
    .record({ number: fc.integer({ min: 1, max: 5 }), rev: fc.integer({ min: 1, max: 6 }) })
    .map(({ number, rev }) => told(number, { rev, error_code: `rev ${rev}`, owner: number % 2 ? "acme" : "other" }));
  const step: fc.Arbitrary<Step> = fc.record({
    tasks: fc.array(task, { maxLength: 8 }),
    lost: fc.constantFrom("no", "before", "after"),
  });

  it("the record has each task once, in its newest copy, and has counted it once", async ({ expect }) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 6 }), async (steps) => {
        await env.DB.batch([env.DB.prepare("DELETE FROM tasks"), env.DB.prepare("DELETE FROM hourly_counts")]);
        const newest = new Map<string, number>();
        for (const { tasks, lost } of steps) {
          const DB = interceptD1(async ({ run }) => {
            if (lost === "before") throw new Error("Network connection lost.");
            const results = await run();
            if (lost === "after") throw new Error("Network connection lost.");
            return results;
          });
          await startStore({ DB })
            .record.tell(tasks)
            .catch(() => undefined);
          if (lost === "before") continue;
          for (const { id, rev } of tasks) newest.set(id, Math.max(rev, newest.get(id) ?? 0));
        }
        const rows = await rowsOf<ToldTask>("tasks");
        expect(new Map(rows.map(({ id, rev }) => [id, rev]))).toEqual(newest);
        expect(rows.every(({ rev, error_code: code }) => code === `rev ${rev}`)).toBe(true);
        expect(await counted()).toBe(newest.size);
      }),
      { numRuns: 60 },
    );
  });
});
