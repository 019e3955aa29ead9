/*
 * The object's core driven by hand, on the object's own SQLite: the test holds the clock, sees each effect, and tells its
 * outcome, or keeps it to itself.
 */
import { erasedName } from "../../src/signing/name-hash.ts";
import { runInDurableObject } from "cloudflare:test";
import { Core, type CoreOptions } from "../../src/dispatcher/core.ts";
import type { CreateOutcome, Effect, LookOutcome, ReadOutcome } from "../../src/dispatcher/effects.ts";
import { objectSql } from "../../src/dispatcher/object.ts";
import type { Restored } from "../../src/dispatcher/restored.ts";
import type { Sql, SqlValue } from "../../src/dispatcher/sql.ts";
import type { Taken } from "../../src/dispatcher/take.ts";
import type { NewTask } from "../../src/tasks/contract.ts";
import { lowestIdAt } from "../../src/tasks/task-id.ts";
import { dispatcherObject, startGateway } from "../support/gateway.ts";

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

export const CALL_MS = 15 * SECOND_MS;
export const RESEND_AFTER_MS = MINUTE_MS;

const OPTIONS: CoreOptions = {
  concurrency: 10,
  requestsPerSecond: 1_000,
  modelConcurrency: new Map(),
  connections: 100,
  createTimeoutMs: CALL_MS,
  resendAfterMs: RESEND_AFTER_MS,
  rereadAfterMs: 3 * MINUTE_MS,
  maxWaiting: 5_000,
  maxWaitingBytes: 1e9,
  maxDailyBytes: 1e12,
  maxUntold: 500_000,
  maxBytes: 7e9,
};

/** A turn that leaves its next deadline where it is would be made for ever. */
const TURNS_MAX = 20_000;

/** Longer than any doubt lasts while looks find nothing. */
const RESENT_WITHIN_SECONDS = 60 * 60;

type Of<Kind extends Effect["kind"]> = Extract<Effect, { kind: Kind }>;
export type Row = Record<string, SqlValue>;

/** One object's rows and clock, whatever lives it has. */
export class Cell {
  readonly startedAt = Date.UTC(2026, 10, 22);
  now = this.startedAt;
  readonly sql: Sql;
  readonly options: CoreOptions;

  constructor(sql: Sql, options: Partial<CoreOptions>) {
    this.sql = sql;
    this.options = { ...OPTIONS, ...options };
  }

  /** A life begins from the rows. One that went before is not stopped by it: a test may go on with both. */
  begin(restored?: Restored): Life {
    return new Life(this, restored);
  }

  /** The id of the test's nth task. */
  id(n: number): string {
    return `${lowestIdAt(this.startedAt).slice(0, 13)}-7000-8000-${String(n).padStart(12, "0")}`;
  }

  row(n: number): Row {
    return this.sql.all("SELECT * FROM tasks WHERE id = ?1", this.id(n))[0] ?? {};
  }

  states(): Record<string, number> {
    const rows = this.sql.all<{ status: string; n: number }>("SELECT status, count(*) AS n FROM tasks GROUP BY status");
    return Object.fromEntries(rows.map(({ status, n }) => [status, n]));
  }
}

/** One life of the object's core. */
export class Life {
  readonly core: Core;
  private readonly cell: Cell;
  private effects: Effect[] = [];

  constructor(cell: Cell, restored: Restored | undefined) {
    this.cell = cell;
    this.core = new Core({ sql: cell.sql, options: cell.options, now: cell.now, restored });
    this.collect();
  }

  submit(n: number, changes: Partial<NewTask> = {}): Taken {
    return this.turn(() => this.core.submit(newTask(this.cell, n, changes), this.cell.now));
  }

  cancel(n: number, owner = "acme") {
    return this.turn(() => this.core.cancel(owner, this.cell.id(n), this.cell.now));
  }

  erase(n: number, owner = "acme") {
    const { session, key } = this.core.namesOf(owner, this.cell.id(n));
    // In the place of hashes, which take an await.
    const names = { session: session && erasedName(`hash of ${session}`), key: key && erasedName(`hash of ${key}`) };
    return this.turn(() => this.core.erase(owner, this.cell.id(n), names, this.cell.now));
  }

  /** @returns whether it is durable at once */
  event(n: number, vendorTaskId: string, { attempt = 1, owner = "acme" } = {}): boolean {
    const event = { taskId: this.cell.id(n), attempt, owner, vendorTaskId };
    return this.turn(() => this.core.event(event, this.cell.now));
  }

  /** Time passes, and everything is done when it is due. */
  pass(ms: number): void {
    const end = this.cell.now + ms;
    for (let turns = 0; this.core.nextAt() <= end; turns++) {
      if (turns === TURNS_MAX) throw new Error("The same thing is due again and again.");
      this.cell.now = Math.max(this.cell.now, this.core.nextAt());
      this.turn(() => this.core.tick(this.cell.now));
    }
    this.cell.now = end;
    this.turn(() => this.core.tick(this.cell.now));
  }

  /** As `pass`, with every look answered alike. @returns how many there were */
  passLooking(ms: number, outcome: LookOutcome): number {
    const end = this.cell.now + ms;
    let looks = 0;
    let turns = 0;
    do {
      if (++turns > TURNS_MAX) throw new Error("The same thing is due again and again.");
      for (; this.asked("look").length > 0; looks++) this.looked(outcome);
      this.pass(Math.min(Math.max(0, this.core.nextAt() - this.cell.now), end - this.cell.now));
    } while (this.cell.now < end || this.asked("look").length > 0);
    return looks;
  }

  /** Looks find nothing of what is in doubt until it is sent again. @returns how many there were */
  untilResent(): number {
    let looks = 0;
    for (let seconds = 0; this.asked("create").length === 0; seconds++) {
      if (seconds > RESENT_WITHIN_SECONDS) throw new Error("It is not sent again.");
      looks += this.passLooking(SECOND_MS, ABSENT);
    }
    return looks;
  }

  /** What was asked for and not taken yet, oldest first. */
  asked<Kind extends Effect["kind"]>(kind: Kind): Of<Kind>[] {
    return this.effects.filter((effect): effect is Of<Kind> => effect.kind === kind);
  }

  /** Takes the oldest effect of a kind, of the nth task if one is named. */
  take<Kind extends Effect["kind"]>(kind: Kind, n?: number): Of<Kind> {
    const wanted = n === undefined ? undefined : this.cell.id(n);
    const effect = this.asked(kind).find((each) => wanted === undefined || ("id" in each && each.id === wanted));
    if (!effect) throw new Error(`Nobody asked for: ${kind} ${n ?? ""}`);
    this.effects = this.effects.filter((each) => each !== effect);
    return effect;
  }

  /** The nth task's create call comes back. */
  created(n: number, outcome: CreateOutcome): Of<"create"> {
    const call = this.take("create", n);
    this.turn(() => this.core.created(call, outcome, this.cell.now));
    return call;
  }

  /** A re-read of the nth task comes back. */
  read(n: number, outcome: ReadOutcome): Of<"read"> {
    const read = this.take("read", n);
    this.turn(() => this.core.reread(read, outcome, this.cell.now));
    return read;
  }

  /** A look comes back. */
  looked(outcome: LookOutcome): Of<"look"> {
    const look = this.take("look");
    this.turn(() => this.core.looked(look.look, outcome, this.cell.now));
    return look;
  }

  aborted(n: number, granted: boolean): void {
    const abort = this.take("abort", n);
    this.turn(() => this.core.aborted(abort, granted, this.cell.now));
  }

  /** The record answers the oldest batch. */
  told(ok = true): Of<"tell"> {
    const batch = this.take("tell");
    const carried = batch.tasks.map(({ id, rev }) => ({ id, rev }));
    this.turn(() => this.core.told(carried, ok, this.cell.now));
    return batch;
  }

  /** Submits the nth task and has the vendor accept it at once. */
  accept(n: number, changes: Partial<NewTask> = {}): void {
    this.submit(n, changes);
    this.created(n, accepted(`v${n}`));
  }

  /** The nth task's event comes, and its re-read says this. */
  finish(n: number, outcome: ReadOutcome = succeeded(), vendorTaskId = `v${n}`): void {
    this.event(n, vendorTaskId);
    this.read(n, outcome);
  }

  position(n: number): number | null {
    return this.core.position(this.cell.id(n));
  }

  report() {
    return this.core.report(this.cell.now);
  }

  private turn<T>(work: () => T): T {
    try {
      return work();
    } finally {
      this.collect();
    }
  }

  private collect(): void {
    this.effects.push(...this.core.takeEffects());
  }
}

/** Works on an empty object, synchronously, as the core does. */
export async function onCell<T>(work: (cell: Cell) => T, options: Partial<CoreOptions> = {}): Promise<T> {
  await startGateway();
  return runInDurableObject(dispatcherObject(), (_object, { storage }) => work(new Cell(objectSql(storage), options)));
}

export function newTask(cell: Cell, n: number, changes: Partial<NewTask> = {}): NewTask {
  return {
    id: cell.id(n),
    owner: "acme",
    dialect: "aigc",
    action: "CreateAigcVideoTask",
    model_name: "Kling",
    model_version: "1.6",
    client_model: null,
    priority: 0,
    session_id: null,
    session_context: null,
    parent_id: null,
    outline: "{}",
    created_at: cell.now,
    idempotency_key: null,
    fingerprint: "",
    start_by: null,
    retry: null,
    request: { inline: "{}" },
    max_queue_length: null,
    ...changes,
  };
}

export const accepted = (vendorTaskId: string): CreateOutcome => ({ kind: "accepted", vendorTaskId });
export const refused = (code: string): CreateOutcome => ({ kind: "refused", code, message: `No: ${code}` });
export const SILENT: CreateOutcome = { kind: "silent", reason: "timeout" };

/** All of the time in question was looked through. */
export const ABSENT: LookOutcome = { found: {}, complete: true, answered: true };
export const NOT_KNOWN: LookOutcome = { found: {}, complete: false, answered: false };
export const foundAs = (sessionId: string, vendorTaskId: string): LookOutcome => ({
  found: { [sessionId]: vendorTaskId },
  complete: true,
  answered: true,
});

const ORIGIN = { action: "CreateAigcVideoTask", modelName: "Kling", modelVersion: "1.6", createdAt: 1 };

export const succeeded = (attempt = 1): ReadOutcome => ({
  kind: "read",
  attempt,
  verdict: { state: "succeeded" },
  result: '{"a":"result"}',
  origin: ORIGIN,
});
export const failed = (code: string, attempt = 1): ReadOutcome => ({
  kind: "read",
  attempt,
  verdict: { state: "failed", code, message: `Failed: ${code}` },
  result: '{"a":"failure"}',
  origin: ORIGIN,
});
export const processing = (attempt = 1): ReadOutcome => ({
  kind: "read",
  attempt,
  verdict: { state: "processing" },
  result: "",
  origin: ORIGIN,
});
