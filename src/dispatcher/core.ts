import type {
  CancelOutcome,
  EraseOutcome,
  Limit,
  ListInput,
  NewTask,
  Observation,
  QueueReport,
  Remix,
  StoredRequest,
  TaskEvent,
  TaskRow,
} from "../tasks/contract.ts";
import { created } from "./calls.ts";
import { aborted, cancel } from "./cancel.ts";
import { flightDue, looked } from "./doubt.ts";
import type { CreateOutcome, Effect, LookOutcome, ReadOutcome } from "./effects.ts";
import { endWaiting } from "./finish.ts";
import { eventArrived, noteDue, reread } from "./inquire.ts";
import { inquiryDue, nextReadsAt } from "./inquiries.ts";
import { type CoreOptions, Ledger } from "./ledger.ts";
import { load } from "./load.ts";
import { mayStart, pump } from "./pump.ts";
import { erase, type Names, namesOf, remixesOf } from "./erase.ts";
import { findLive } from "./rows.ts";
import { beginRestore, releaseHeld } from "./restore.ts";
import type { Restored } from "./restored.ts";
import { createTables } from "./schema.ts";
import type { Sql } from "./sql.ts";
import { take, type Taken } from "./take.ts";
import { list, type Listed, neededBlobs, report, requestOf, view, whole } from "./views.ts";

export type { CoreOptions } from "./ledger.ts";

/** Error code of a task that was not started in time; fal's word. */
export const STARTUP_TIMEOUT = "startup_timeout";

/** In one transaction; when more are due, the next turn follows at once. */
const DUE_AT_ONCE = 200;

export type CoreInput = { sql: Sql; options: CoreOptions; now: number; restored?: Restored | undefined };

/**
 * The ledger's core: each call is one turn, (event, now) → rows and effects, with nothing awaited inside. It knows no
 * platform: the object runs its effects, the simulator runs it on another engine and another clock.
 *
 * A turn that throws has changed no row, but its memory may be ahead: the core is then `broken`, and only a new one,
 * which derives everything from the rows, may go on.
 */
export class Core {
  broken = false;
  private readonly ledger: Ledger;
  /** The time of the latest turn. */
  private turnedAt = 0;
  /** Measured now and then: nothing grows by gigabytes within a tick. */
  private bytes = 0;

  /** @param input.restored what is known of an object that was set back to an earlier time */
  constructor({ sql, options, now, restored }: CoreInput) {
    createTables(sql);
    this.ledger = new Ledger(sql, options);
    this.turn(now, () => {
      beginRestore(this.ledger, restored);
      load(this.ledger, now);
    });
    this.bytes = sql.size();
  }

  /** What the turns since the last call ask for. */
  takeEffects(): Effect[] {
    const { effects } = this.ledger;
    this.ledger.effects = [];
    return effects;
  }

  submit(task: NewTask, now: number): Taken {
    return this.turn(now, () => take(this.ledger, task, now, this.refusing()));
  }

  /** Undefined: a `cancel_answer` effect is the answer, once the vendor has given one. */
  cancel(owner: string, id: string, now: number): CancelOutcome | undefined {
    return this.turn(now, () => cancel(this.ledger, owner, id, now));
  }

  /** {@link namesOf} */
  namesOf(owner: string, id: string): Names {
    return namesOf(this.ledger, owner, id);
  }

  /** Removes a finished task's content. `not_found`: the record may have it. @param names what stands for its names */
  erase(owner: string, id: string, names: Names, now: number): EraseOutcome {
    return this.turn(now, () => erase(this.ledger, { owner, id }, names, now));
  }

  /** @returns true when it is durable, or nothing; else a `noted` effect follows */
  event(event: TaskEvent, now: number): boolean {
    return this.turn(now, () => eventArrived(this.ledger, event, now));
  }

  created(
    call: { id: string; attempt: number; call: number; calledAt: number },
    outcome: CreateOutcome,
    now: number,
  ): void {
    this.turn(now, () => created(this.ledger, call, outcome, now));
  }

  reread(read: { id: string; vendorTaskId: string }, outcome: ReadOutcome, now: number): void {
    this.turn(now, () => reread(this.ledger, read, outcome, now));
  }

  looked(look: number, outcome: LookOutcome, now: number): void {
    this.turn(now, () => {
      const { restore, connections } = this.ledger;
      connections.closed("other");
      if (!restore?.looked(look, outcome, now)) looked(this.ledger, look, outcome, now);
    });
  }

  /** @param ok the vendor stopped it */
  aborted({ id, vendorTaskId }: { id: string; vendorTaskId: string }, ok: boolean, now: number): void {
    this.turn(now, () => aborted(this.ledger, { id, vendorTaskId }, ok, now));
  }

  /** The record has this batch, or it is not known whether it has. */
  told(tasks: { id: string; rev: number }[], ok: boolean, now: number): void {
    this.turn(now, () => {
      this.ledger.connections.closed("other");
      this.ledger.outbox.told(tasks, ok, now);
    });
  }

  /** Does what is due. Safe to call at any time. */
  tick(now: number): void {
    this.bytes = this.ledger.sql.size();
    this.turn(now, () => {
      const { starts, looks, notes, retries, outbox } = this.ledger;
      for (const id of starts.takeDue(now, DUE_AT_ONCE)) this.failLateStart(id, now);
      for (const id of notes.takeDue(now, DUE_AT_ONCE)) noteDue(this.ledger, id, now);
      for (const id of looks.takeDue(now, DUE_AT_ONCE)) flightDue(this.ledger, id, now);
      for (const id of retries.takeDue(now, DUE_AT_ONCE)) inquiryDue(this.ledger, id);
      releaseHeld(this.ledger, now);
      outbox.forget(now);
    });
  }

  /**
   * When `tick` has something to do (milliseconds), infinite when nothing has a time. What waits for a connection, a slot
   * or a lane has none: their coming free is a turn of its own.
   */
  nextAt(): number {
    const { starts, looks, notes, retries, outbox, pace, queue, resends, restore } = this.ledger;
    const now = this.turnedAt;
    // The turn has let go whatever could go: what could have gone already waits for something else than time.
    const later = (at: number) => (at > now ? at : Number.POSITIVE_INFINITY);
    return Math.min(
      starts.next(),
      looks.next(),
      notes.next(),
      retries.next(),
      later(outbox.nextAt()),
      restore?.complete ? now : later(restore?.nextAt() ?? Number.POSITIVE_INFINITY),
      ...nextReadsAt(this.ledger, now).map((at) => later(at)),
      resends.size > 0 || mayStart(this.ledger, now) ? later(pace.nextCallAt(now)) : Number.POSITIVE_INFINITY,
      queue.length > 0 ? later(pace.raisesAt(now)) : Number.POSITIVE_INFINITY,
    );
  }

  /** Whether anything is unfinished or untold: then the object stays awake. */
  get busy(): boolean {
    const { queue, flights, outbox, inquiries } = this.ledger;
    return queue.length + flights.size + outbox.size + inquiries.size > 0;
  }

  /** Whether tasks are with the vendor, so that events are to be expected. */
  get expectsEvents(): boolean {
    return this.ledger.flights.size > 0;
  }

  view(owner: string, id: string): Observation | undefined {
    return view(this.ledger, owner, id);
  }

  whole(owner: string, id: string): TaskRow | undefined {
    return whole(this.ledger, owner, id);
  }

  request(id: string): StoredRequest | undefined {
    return requestOf(this.ledger, id);
  }

  list(input: ListInput): Listed {
    return list(this.ledger, input);
  }

  neededBlobs(keys: string[]): string[] {
    return neededBlobs(this.ledger, keys);
  }

  remixes(owner: string, ids: string[]): Remix[] {
    return remixesOf(this.ledger, owner, ids);
  }

  /** How many go first; null for a task that does not wait. */
  position(id: string): number | null {
    return this.ledger.queue.promised(id) ?? null;
  }

  report(now: number, owner?: string): QueueReport {
    return report(this.ledger, { now, owner, taking: this.refusing() === undefined });
  }

  /** Endings always fit: nothing new is taken while too much waits for the record. */
  private refusing(): Limit | undefined {
    const { options, outbox, restore } = this.ledger;
    if (restore) return "restored";
    return outbox.size >= options.maxUntold || this.bytes >= options.maxBytes ? "storage" : undefined;
  }

  /** The vendor never hears of it. */
  private failLateStart(id: string, now: number): void {
    const row = findLive(this.ledger.sql, id);
    if (row?.status !== "queued") return;
    const failure = { code: STARTUP_TIMEOUT, message: "The task did not start within the time its client allowed." };
    endWaiting(this.ledger, row, { status: "failed", failure, message: "Not started in time." }, now);
  }

  private turn<T>(now: number, work: () => T): T {
    if (this.broken) throw new Error("The core is broken.");
    this.turnedAt = now;
    try {
      return this.ledger.sql.transaction(() => {
        const result = work();
        pump(this.ledger, now);
        return result;
      });
    } catch (error) {
      this.broken = true;
      this.ledger.effects = [];
      throw error;
    }
  }
}
