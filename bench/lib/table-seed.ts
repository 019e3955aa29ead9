import { call } from "../../scripts/lib/http.ts";
import { DEV_OWNER } from "../../scripts/lib/local-env.ts";
import type { Gateway } from "./gateway.ts";
import { openObjectDatabase } from "./object-database.ts";

/** Rows of one statement. */
const ROWS_PER_STATEMENT = 50_000;
const DAY_MS = 24 * 60 * 60 * 1_000;
/** More than half of it lies before the default retention time: the retention has full batches to delete at any size. */
const SPAN_DAYS = 70;
/** How long the object keeps a finished task that has a name. */
const NAMES_DAYS = 3;
/** The youngest seeded task is older than anything the gateway makes meanwhile. */
const YOUNGEST_MS = 60 * 60 * 1_000;
const TASK_DURATION_MS = 150_000;

/** Half of everything belongs to one owner. */
const OWNER = `iif(i % 2 = 0, '${DEV_OWNER}', 'owner-' || (i % 97))`;
const STATUS = `CASE WHEN i / 2 % 100 < 2 THEN 'failed' WHEN i / 2 % 100 = 2 THEN 'canceled' WHEN i / 2 % 100 = 3 THEN 'expired' ELSE 'succeeded' END`;
const MODEL = "CASE WHEN i / 2 % 10 < 6 THEN 'Kling' WHEN i / 2 % 10 < 9 THEN 'Vidu' ELSE 'GV' END";
const ACTION = "iif(i % 8 < 2, 'CreateAigcImageTask', 'CreateAigcVideoTask')";
const NAMED = "i / 2 % 10 < 6";
const VENDOR_ID = "'251007502-AigcVideoTask-seed' || i || 't'";

/** Numbers from ?1 up to ?2, made at `at`: ascending over ?4 milliseconds from ?3 on. */
const ROWS = `WITH RECURSIVE numbers(i) AS (SELECT ?1 UNION ALL SELECT i + 1 FROM numbers WHERE i + 1 < ?2),
  rows AS (SELECT i, ?3 + CAST((i - ?1) * ?4 / (?2 - ?1) AS INTEGER) AS at FROM numbers)`;
const ID = "printf('%08x-%04x-7000-8000-%012x', at >> 16, at & 65535, i)";

/** Contents are short: what is counted is rows, not bytes. */
const INTO_RECORD = [
  `INSERT INTO tasks (owner, action, id, rev, status, model_name, session_id, created_at, submitted_at, finished_at, dialect,
                      model_version, attempt, priority, vendor_task_id, history, request, result)
   ${ROWS} SELECT ${OWNER}, ${ACTION}, ${ID}, 1, ${STATUS}, ${MODEL}, iif(${NAMED}, 'seed-' || i, NULL), at, at,
     at + ${TASK_DURATION_MS}, 'aigc', '1.6', 1, 0, ${VENDOR_ID}, '[]', '{}', '{}' FROM rows`,
  `INSERT INTO other_events (id, event_type, body, received_at)
   ${ROWS} SELECT printf('%064x', i), 'NewFileUpload', '{}', at FROM rows`,
];

const INTO_OBJECT = `
  INSERT INTO tasks (id, owner, status, told, rev, attempt, calls, reached, vendor_task_id, holds_session, holds_key, session_id,
                     idempotency_key, created_at, submitted_at, finished_at, model_name, model_version, action, dialect)
  ${ROWS} SELECT ${ID}, ${OWNER}, ${STATUS}, 1, 1, 1, 1, 1, ${VENDOR_ID}, 1, i % 3 = 0, 'kept-' || i, 'kept-' || i, at, at,
    at + ${TASK_DURATION_MS}, ${MODEL}, '1.6', ${ACTION}, 'aigc' FROM rows`;

/**
 * Writes finished tasks with numbers from `from` up to `to`: into the record, spread over {@link SPAN_DAYS}, with as many
 * events of other kinds, and as many again into the object, which keeps them for their names. Ends the gateway: its
 * object has nothing of this in memory.
 */
export async function seedTasks(gateway: Gateway, from: number, to: number): Promise<void> {
  const { database, gatewayUrl, stateDir } = gateway;
  try {
    // Whoever asks the object first has it make its tables.
    await call(`${gatewayUrl}/readyz`);
    for (const values of parts(from, to, SPAN_DAYS)) {
      for (const sql of INTO_RECORD)
        await database
          .prepare(sql)
          .bind(...values)
          .run();
    }
  } finally {
    await gateway.kill();
  }
  const object = await openObjectDatabase(stateDir, { readonly: false });
  if (!object) throw new Error("The object has no database");
  try {
    const insert = object.prepare(INTO_OBJECT);
    for (const values of parts(from, to, NAMES_DAYS))
      insert.run(Object.fromEntries(values.map((value, index) => [index + 1, value])));
  } finally {
    object.close();
  }
}

/** From and to, the first's time of creation, and the milliseconds from there to the last's. */
function* parts(from: number, to: number, days: number): Generator<number[]> {
  const first = Date.now() - days * DAY_MS;
  const perRowMs = (days * DAY_MS - YOUNGEST_MS) / (to - from);
  for (let start = from; start < to; start += ROWS_PER_STATEMENT) {
    const end = Math.min(start + ROWS_PER_STATEMENT, to);
    yield [start, end, first + Math.floor((start - from) * perRowMs), Math.floor((end - start) * perRowMs)];
  }
}

/** The plan of a statement of the record, step by step; its parameters are NULL, for SQLite plans without knowing them. */
export async function planInRecord({ database }: Gateway, sql: string, parameters: number): Promise<string[]> {
  const { results } = await database
    .prepare(`EXPLAIN QUERY PLAN ${sql}`)
    .bind(...Array.from({ length: parameters }, () => null))
    .all<{ detail: string }>();
  return results.map(({ detail }) => detail);
}

/** Of statements of the object, by their text. */
export async function plansInObject(
  { stateDir }: Gateway,
  statements: Record<string, { parameters: number }>,
): Promise<Record<string, string[]>> {
  const object = await openObjectDatabase(stateDir, { readonly: true });
  if (!object) throw new Error("The object has no database");
  try {
    const plans = Object.entries(statements).map(([sql, { parameters }]) => {
      const values = Object.fromEntries(Array.from({ length: parameters }, (_, index) => [index + 1, null]));
      const steps = object.prepare<[object], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`).all(values);
      return [sql, steps.map(({ detail }) => detail)] as const;
    });
    return Object.fromEntries(plans);
  } finally {
    object.close();
  }
}
