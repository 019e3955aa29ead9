import { DEV_OWNER } from "../../scripts/lib/local-env.ts";
import type { Gateway } from "./gateway.ts";

type Database = Gateway["database"];

/** Rows of one statement. */
const ROWS_PER_STATEMENT = 50_000;
const DAY_MS = 24 * 60 * 60 * 1_000;
/** More than half of it lies before the default retention time: the retention has full batches to delete at any size. */
const SPAN_DAYS = 70;
/** The youngest seeded task is older than anything the gateway makes meanwhile. */
const YOUNGEST_MS = 60 * 60 * 1_000;
const CLAIM_DAYS = 3;
const TASK_DURATION_MS = 150_000;

/** Milliseconds at which task `i` was made; ascending over the span, whatever part of the table is being written. */
const AT = "(?3 + CAST((i - ?1) * ?4 / (?2 - ?1) AS INTEGER))";
const ID = `printf('%08x-%04x-7%03x-8000-%012x', ${AT} >> 16, ${AT} & 65535, i % 4096, i)`;
/** Half of everything belongs to one owner. */
const OWNER = `iif(i % 2 = 0, '${DEV_OWNER}', 'owner-' || (i % 97))`;
const STATUS = `CASE WHEN i / 2 % 100 < 2 THEN 'failed' WHEN i / 2 % 100 = 2 THEN 'canceled' WHEN i / 2 % 100 = 3 THEN 'expired' ELSE 'succeeded' END`;
const MODEL = "CASE WHEN i / 2 % 10 < 6 THEN 'Kling' WHEN i / 2 % 10 < 9 THEN 'Vidu' ELSE 'GV' END";
const NAMED = "i / 2 % 10 < 6";
const VENDOR_ID = "'251007502-AigcVideoTask-seed' || i || 't'";

const ROWS = "WITH RECURSIVE rows(i) AS (SELECT ?1 UNION ALL SELECT i + 1 FROM rows WHERE i + 1 < ?2)";

/** Contents are short: what is counted is rows, not bytes. */
const INSERTS = [
  `INSERT INTO tasks (id, owner, dialect, action, model_name, model_version, status, attempt, priority, session_id,
                      idempotency_key, vendor_task_id, result, created_at, submitted_at, finished_at)
   ${ROWS} SELECT ${ID}, ${OWNER}, 'aigc', iif(i % 8 < 2, 'CreateAigcImageTask', 'CreateAigcVideoTask'), ${MODEL}, '1.6',
     ${STATUS}, 1, 0, iif(${NAMED}, 'seed-' || i, NULL), iif(${NAMED}, 'seed-' || i, NULL), ${VENDOR_ID}, '{}', ${AT},
     ${AT}, ${AT} + ${TASK_DURATION_MS} FROM rows`,
  `INSERT INTO task_requests (task_id, part, body) ${ROWS} SELECT ${ID}, 0, '{}' FROM rows`,
  `INSERT INTO events (id, event_type, task_id, vendor_task_id, body, state, attempts, received_at, settled_at)
   ${ROWS} SELECT ${ID} || '.' || printf('%064x', i), 'AigcVideoTaskComplete', ${ID}, ${VENDOR_ID}, '{}', 'applied', 1,
     ${AT} + ${TASK_DURATION_MS}, ${AT} + ${TASK_DURATION_MS} FROM rows`,
  `INSERT INTO session_claims (owner, session_id, task_id, accepted, expires_at)
   ${ROWS} SELECT ${OWNER}, 'seed-' || i, ${ID}, 1, ${AT} + ${CLAIM_DAYS * DAY_MS} FROM rows WHERE ${NAMED}`,
  `INSERT INTO idempotency_keys (owner, key, fingerprint, task_id, queue_position, expires_at)
   ${ROWS} SELECT ${OWNER}, 'seed-' || i, printf('%064x', i), ${ID}, 0, ${AT} + ${CLAIM_DAYS * DAY_MS}
   FROM rows WHERE ${NAMED}`,
];

/**
 * Writes finished tasks with numbers from `from` up to `to`, and what belongs to them: a request and an event each, for
 * six in ten a `session_id` and an Idempotency-Key. They are spread over {@link SPAN_DAYS}; claims lapsed long ago are
 * there still, as if nobody had ever cleaned up.
 */
export async function seedTasks(database: Database, from: number, to: number): Promise<void> {
  const first = Date.now() - SPAN_DAYS * DAY_MS;
  const spanMs = SPAN_DAYS * DAY_MS - YOUNGEST_MS;
  const perRowMs = spanMs / (to - from);
  const indexes = await dropIndexes(database);
  for (let start = from; start < to; start += ROWS_PER_STATEMENT) {
    const end = Math.min(start + ROWS_PER_STATEMENT, to);
    const began = first + Math.floor((start - from) * perRowMs);
    const values = [start, end, began, Math.floor((end - start) * perRowMs)];
    for (const sql of INSERTS)
      await database
        .prepare(sql)
        .bind(...values)
        .run();
  }
  for (const sql of indexes) await database.prepare(sql).run();
}

/** A table without indexes is filled several times faster, and to have them built is quick. @returns what builds them */
async function dropIndexes(database: Database): Promise<string[]> {
  const { results } = await database
    .prepare("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND name NOT LIKE 'd1_%'")
    .all<{ name: string; sql: string }>();
  for (const { name } of results) await database.prepare(`DROP INDEX ${name}`).run();
  return results.map(({ sql }) => sql);
}

/** The plan of a statement, step by step; its parameters are NULL, for SQLite plans without knowing them. */
export async function planOf(database: Database, sql: string, parameters: number): Promise<string[]> {
  const { results } = await database
    .prepare(`EXPLAIN QUERY PLAN ${sql}`)
    .bind(...Array.from({ length: parameters }, () => null))
    .all<{ detail: string }>();
  return results.map(({ detail }) => detail);
}
