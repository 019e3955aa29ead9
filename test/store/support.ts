import { env } from "cloudflare:workers";
import { createStore } from "../../src/store/index.ts";
import type { ToldTask } from "../../src/tasks/contract.ts";

export const NOW = Date.UTC(2026, 0, 1, 12, 30);
export const HOUR_MS = 60 * 60 * 1000;

type Bindings = Parameters<typeof createStore>[0];

/** The stores on the real bindings, some of them replaced; pauses between tries take no time. */
export function startStore(bindings: Partial<Bindings> = {}) {
  return createStore({ ...env, ...bindings }, { sleep: async () => undefined, jitter: () => 0 });
}

/** Ids in the order of their numbers. */
export function idOf(number: number): string {
  return `01900000-0000-7000-8000-${String(number).padStart(12, "0")}`;
}

export const HIGHEST_ID = "ffffffff-ffff-ffff-ffff-ffffffffffff";
export const LOWEST_ID = "00000000-0000-0000-0000-000000000000";

/** A video that has succeeded, as the dispatcher tells it. */
export function told(number: number, changes: Partial<ToldTask> = {}): ToldTask {
  return {
    id: idOf(number),
    owner: "acme",
    dialect: "aigc",
    action: "CreateAigcVideoTask",
    model_name: "Kling",
    model_version: "1.6",
    client_model: null,
    status: "succeeded",
    attempt: 1,
    priority: 0,
    session_id: null,
    session_context: null,
    parent_id: null,
    outline: '{"prompt":"一辆汽车"}',
    vendor_task_id: `251007502-AigcVideo-${number}`,
    error_code: null,
    error_message: null,
    history: `[{"at":${NOW},"message":"Finished."}]`,
    created_at: NOW - 60_000,
    submitted_at: NOW - 59_000,
    finished_at: NOW,
    deleted_at: null,
    result: '{"Status":"FINISH"}',
    rev: 3,
    request: '{"ModelName":"Kling"}',
    ...changes,
  };
}

/** Every row of a table. */
export async function rowsOf<Row>(table: string): Promise<Row[]> {
  return (await env.DB.prepare(`SELECT * FROM ${table}`).all<Row>()).results;
}

/** How many tasks the hourly counters have counted. */
export async function counted(): Promise<number> {
  const rows = await rowsOf<{ tasks: number }>("hourly_counts");
  return rows.reduce((sum, { tasks }) => sum + tasks, 0);
}

export type D1Call = { statements: D1PreparedStatement[]; run: () => Promise<D1Result[]> };

/** D1 behind a function through which every call goes, a batch or a single statement. */
export function interceptD1(intercept: (call: D1Call) => Promise<D1Result[]>): D1Database {
  const originals = new WeakMap<object, D1PreparedStatement>();
  const wrap = (statement: D1PreparedStatement): D1PreparedStatement => {
    const alone = async () => {
      const [result] = await intercept({ statements: [statement], run: async () => [await statement.all()] });
      if (!result) throw new Error("A statement without a result");
      return result;
    };
    const wrapped = {
      bind: (...values: unknown[]) => wrap(statement.bind(...values)),
      first: async () => (await alone()).results[0] ?? null,
      all: alone,
      run: alone,
    } as unknown as D1PreparedStatement;
    originals.set(wrapped, statement);
    return wrapped;
  };
  return {
    prepare: (sql: string) => wrap(env.DB.prepare(sql)),
    batch: (list: D1PreparedStatement[]) => {
      const statements = list.map((each) => originals.get(each) ?? each);
      return intercept({ statements, run: () => env.DB.batch(statements) });
    },
  } as unknown as D1Database;
}
