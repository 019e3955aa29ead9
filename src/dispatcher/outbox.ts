import type { ToldTask } from "../tasks/contract.ts";
import { CLAIM_LIFETIME_MS } from "../tasks/limits.ts";
import { lowestIdAt } from "../tasks/task-id.ts";
import type { Sql } from "./sql.ts";

/** In one batch, and what their texts may come to: the record takes statements of 2 MB. */
const TELL_MAX_ROWS = 100;
const TELL_MAX_CHARACTERS = 500_000;
/** Kept in memory at most; of more, which only a record away for hours brings about, the rest is found again in the table. */
const REMEMBERED_MAX = 20_000;
const REFILL_ROWS = 5_000;
const RETRY_FIRST_MS = 500;
const RETRY_MAX_MS = 30_000;
/** Of tasks that the record has: copies of their events need no second look. */
const LATELY_TOLD_MAX = 10_000;
/** A Worker that lost the answer to a submission tells it again under the same id: until then the row is what answers. */
const REPEATED_WITHIN_MS = 10 * 60 * 1000;
/** A new life begins so far back to look for rows that answer nobody any more; older ones go when names lapse. */
const NAMELESS_FROM_MS = 60 * 60 * 1000;
const FORGET_ROWS = 500;
const FORGET_INTERVAL_MS = 60_000;
const FORGET_SOON_MS = 100;

/** Finished tasks on their way to the record, and what is forgotten once it has them. */
export class Outbox {
  private readonly sql: Sql;
  private readonly waiting = new Set<string>();
  private readonly inTheAir = new Map<string, number>();
  private readonly lately = new Set<string>();
  /** There are more in the table than are remembered here: to be read on from this place. */
  private more: { owner: string; id: string } | undefined;
  /** How many of them, about. */
  private unremembered = 0;
  private failures = 0;
  private batchRows = TELL_MAX_ROWS;
  private retryAt = 0;
  private forgetAt = 0;
  private forgetAfter = "";
  private namelessAfter: string | undefined;
  /** Milliseconds; since when the record has not been taking anything. */
  awaySince: number | null = null;

  constructor(sql: Sql) {
    this.sql = sql;
  }

  /** How many the record does not have yet. */
  get size(): number {
    return this.waiting.size + this.inTheAir.size + this.unremembered;
  }

  get telling(): boolean {
    return this.inTheAir.size > 0;
  }

  /** A task is over, or was changed after its end. */
  add(id: string): void {
    if (this.waiting.size < REMEMBERED_MAX || this.waiting.has(id)) {
      this.waiting.add(id);
    } else {
      this.more ??= { owner: "", id: "" };
      this.unremembered += 1;
    }
  }

  wasToldLately(id: string): boolean {
    return this.lately.has(id);
  }

  wants(now: number): boolean {
    return !this.telling && now >= this.retryAt && (this.waiting.size > 0 || this.more !== undefined);
  }

  /** When there is something to do (milliseconds); in the past for what could have been done already. */
  nextAt(): number {
    const tellAt = !this.telling && (this.waiting.size > 0 || this.more) ? this.retryAt : Number.POSITIVE_INFINITY;
    // What is left to forget goes soon; whether there is anything again, the cron trigger's tick finds out.
    return this.forgetAfter === "" ? tellAt : Math.min(tellAt, this.forgetAt);
  }

  /** The next batch; empty when there is none after all. */
  take(): ToldTask[] {
    if (this.waiting.size === 0) this.refill();
    const ids = Array.from(this.waiting).slice(0, this.batchRows);
    const rows = this.sql.all<ToldTask>(READ_BATCH, JSON.stringify(ids));
    const batch: ToldTask[] = [];
    let characters = 0;
    for (const row of rows) {
      characters +=
        (row.result?.length ?? 0) + (row.request?.length ?? 0) + (row.outline?.length ?? 0) + row.history.length;
      if (batch.length > 0 && characters > TELL_MAX_CHARACTERS) break;
      batch.push(row);
    }
    for (const { id, rev } of batch) {
      this.waiting.delete(id);
      this.inTheAir.set(id, rev);
    }
    // Nothing of them is to be told any more.
    if (batch.length === 0) for (const id of ids) this.waiting.delete(id);
    return batch;
  }

  /** What became of the batch in the air. A confirmation drops only the revision that it carried. */
  told(tasks: { id: string; rev: number }[], ok: boolean, now: number): void {
    for (const { id } of tasks) this.inTheAir.delete(id);
    if (!ok) {
      // Behind all others, and in smaller batches: one that the record refuses must not keep them from it.
      for (const { id } of tasks) {
        this.waiting.delete(id);
        this.waiting.add(id);
      }
      this.batchRows = Math.max(1, Math.floor(tasks.length / 2));
      this.failures += 1;
      this.awaySince ??= now;
      this.retryAt = now + Math.min(RETRY_FIRST_MS * 2 ** Math.min(this.failures - 1, 10), RETRY_MAX_MS);
      return;
    }
    this.failures = 0;
    this.batchRows = Math.min(TELL_MAX_ROWS, this.batchRows * 2);
    this.retryAt = 0;
    this.awaySince = null;
    const carried = JSON.stringify(tasks);
    this.sql.all(DROP_NAMELESS, carried, now - REPEATED_WITHIN_MS);
    this.sql.all(MARK_TOLD, carried);
    for (const { id } of tasks) this.remember(id);
  }

  /** Drops tasks whose names have lapsed, a bounded number at a time; walks the ids, which are in the order of creation. */
  forget(now: number): void {
    if (now < this.forgetAt) return;
    this.forgetNameless(now);
    const before = now - CLAIM_LIFETIME_MS;
    const ids = this.sql.all<{ id: string }>(OLD_IDS, this.forgetAfter, lowestIdAt(before));
    this.sql.all(FORGET, JSON.stringify(ids.map(({ id }) => id)), before);
    const full = ids.length === FORGET_ROWS;
    this.forgetAfter = full ? (ids.at(-1)?.id ?? "") : "";
    this.forgetAt = now + (full ? FORGET_SOON_MS : FORGET_INTERVAL_MS);
  }

  /** Goes on from where it was: what was not over by then goes when the record has it. */
  private forgetNameless(now: number): void {
    const after = this.namelessAfter ?? lowestIdAt(now - NAMELESS_FROM_MS);
    const until = lowestIdAt(now - REPEATED_WITHIN_MS);
    const ids = this.sql.all<{ id: string }>(OLD_IDS, after, until).map(({ id }) => id);
    this.sql.all(FORGET_NAMELESS, JSON.stringify(ids));
    const reached = ids.length === FORGET_ROWS ? (ids.at(-1) ?? until) : until;
    if (reached > after) this.namelessAfter = reached;
  }

  private refill(): void {
    if (!this.more) return;
    const page = this.sql.all<{ owner: string; id: string; finished_at: number | null }>(
      REFILL,
      this.more.owner,
      this.more.id,
      REFILL_ROWS,
    );
    const over = page.filter(({ id, finished_at: finishedAt }) => finishedAt !== null && !this.inTheAir.has(id));
    for (const { id } of over) this.waiting.add(id);
    const last = page.at(-1);
    this.more = page.length < REFILL_ROWS || !last ? undefined : { owner: last.owner, id: last.id };
    this.unremembered = this.more ? Math.max(0, this.unremembered - over.length) : 0;
  }

  private remember(id: string): void {
    if (this.lately.size >= LATELY_TOLD_MAX) this.lately.delete(this.lately.values().next().value ?? "");
    this.lately.add(id);
  }
}

const READ_BATCH = `
  SELECT id, owner, dialect, action, model_name, model_version, client_model, status, attempt, priority, session_id,
    session_context, parent_id, outline, vendor_task_id, error_code, error_message, history, created_at, submitted_at,
    finished_at, deleted_at, result, iif(request_blob IS NULL, request, NULL) AS request, iif(adopted, 0, rev) AS rev
  FROM tasks WHERE id IN (SELECT value FROM json_each(?1)) AND told = 0 AND finished_at IS NOT NULL`;

const CARRIED =
  "(id, iif(adopted, 0, rev)) IN (SELECT json_extract(value, '$.id'), json_extract(value, '$.rev') FROM json_each(?1))";

const NAMELESS = "holds_session = 0 AND holds_key = 0 AND retry_print IS NULL";

const DROP_NAMELESS = `
  DELETE FROM tasks WHERE ${CARRIED} AND told = 0 AND ${NAMELESS} AND created_at < ?2`;

const MARK_TOLD = `
  UPDATE tasks SET told = 1, result = NULL, request = NULL, outline = NULL, session_context = NULL, history = '[]'
  WHERE ${CARRIED} AND told = 0`;

const REFILL = `
  SELECT owner, id, finished_at FROM tasks INDEXED BY tasks_live WHERE told = 0 AND (owner, id) > (?1, ?2)
  ORDER BY owner, id LIMIT ?3`;

const OLD_IDS = `SELECT id FROM tasks WHERE id > ?1 AND id < ?2 ORDER BY id LIMIT ${FORGET_ROWS}`;

const FORGET = "DELETE FROM tasks WHERE id IN (SELECT value FROM json_each(?1)) AND told = 1 AND finished_at <= ?2";

const FORGET_NAMELESS = `
  DELETE FROM tasks WHERE id IN (SELECT value FROM json_each(?1)) AND told = 1 AND ${NAMELESS}`;
