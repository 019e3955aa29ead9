import type { NewTask, TaskRow, TaskStatusRow } from "../../src/tasks/contract.ts";
import { type Violation, ViolationError } from "./books.ts";
import type { Clock } from "./clock.ts";
import { ALL_ROWS, FORGET_TOUCHED, type LedgerRow, TOUCHED, TOUCHED_ROWS } from "./core-port.ts";
import type { Storage } from "./engine.ts";
import { checkEnd, checkStep, isOver } from "./judge-row.ts";
import { Money } from "./money.ts";
import { Names } from "./names.ts";
import type { Order } from "./orders.ts";
import type { Profile } from "./profile.ts";
import type { TaskRecord } from "./record.ts";
import { Told } from "./told.ts";
import type { Answer } from "./worker.ts";

/** One request of a client's, under an id of its own. */
export type Offer = { order: Order; task: NewTask; at: number; answer: Answer | undefined };

export type Places = {
  clock: Clock;
  storage: Storage;
  record: TaskRecord;
  profile: Profile;
  ignored: ReadonlySet<string>;
};

/** What cannot be helped for a task of which the object was made to forget something; that it is paid once still can. */
const FORGIVEN: ReadonlySet<string> = new Set([
  "lost",
  "told early",
  "terminal",
  "names",
  "claims",
  "erased",
  "watchers",
  "books",
  "result",
]);

/** Watches everything, knows everything, and says what must not be. */
export class Oracle {
  /** The object's table as the latest turn left it, durable or not. */
  rows = new Map<string, LedgerRow>();
  readonly offers = new Map<string, Offer>();
  /** Tasks that somebody was told are taken, and since when. */
  readonly accepted = new Map<string, number>();
  readonly money: Money;
  readonly names: Names;
  readonly told: Told;
  readonly places: Places;
  /** Tasks that were otherwise when the object was set back. */
  private readonly forgotten = new Set<string>();
  /** Since when the record has not had what it should. */
  readonly untoldSince = new Map<string, number>();
  /** When each row was first seen. */
  readonly since = new Map<string, number>();

  constructor(places: Places) {
    this.places = places;
    this.money = new Money(this);
    this.names = new Names(this);
    this.told = new Told(this);
  }

  fail(rule: string, id: string | undefined, text: string): void {
    if (this.places.ignored.has(rule)) return;
    if (id !== undefined && this.forgotten.has(id) && FORGIVEN.has(rule)) return;
    const violation: Violation = { rule, at: this.places.clock.now, id, text };
    throw new ViolationError(violation);
  }

  must(condition: boolean, rule: string, id: string | undefined, text: () => string): void {
    if (!condition) this.fail(rule, id, text());
  }

  /** What is known of a task, in the object or in the record. */
  known(id: string): LedgerRow | TaskRow | undefined {
    const row = this.rows.get(id);
    return row && row.adopted === 0 ? row : this.places.record.rows.get(id);
  }

  /** A turn has changed rows. */
  turned(): void {
    const { storage } = this.places;
    const touched = storage.look<{ id: string }>(TOUCHED);
    if (touched.length === 0) return;
    const now = new Map(storage.look<LedgerRow>(TOUCHED_ROWS).map((row) => [row.id, row]));
    storage.look(FORGET_TOUCHED);
    for (const { id } of touched) {
      const before = this.rows.get(id);
      const after = now.get(id);
      if (after) this.rows.set(id, after);
      else this.rows.delete(id);
      if (!before) this.since.set(id, this.places.clock.now);
      if (!after || !isOver(after) || after.told === 1) this.untoldSince.delete(id);
      else if (!this.untoldSince.has(id)) this.untoldSince.set(id, this.places.clock.now);
      checkStep(this, id, before, after);
      if (after && isOver(after) && !(before && isOver(before))) checkEnd(this, after);
      if (after && !before && after.adopted === 0) this.names.inserted(after);
    }
  }

  /** Turns were undone: nothing that anybody was told of may be among them. */
  undone(): void {
    this.reload();
    for (const id of this.untoldSince.keys()) {
      const row = this.rows.get(id);
      if (!row || !isOver(row) || row.told === 1) this.untoldSince.delete(id);
    }
    for (const id of this.accepted.keys()) {
      this.must(this.known(id) !== undefined, "lost", id, () => "was told to be taken, and a crash undid it");
    }
    this.told.undone();
  }

  /** All rows anew, as they are in the table. */
  reload(): void {
    this.places.storage.look(FORGET_TOUCHED);
    this.rows = new Map(this.places.storage.look<LedgerRow>(ALL_ROWS).map((row) => [row.id, row]));
  }

  /** The object was set back to an earlier time. */
  setBack(): void {
    const before = this.rows;
    this.reload();
    for (const id of new Set([...before.keys(), ...this.rows.keys()])) {
      if (JSON.stringify(before.get(id)) !== JSON.stringify(this.rows.get(id))) this.forgotten.add(id);
    }
    this.undone();
  }

  isForgotten(id: string): boolean {
    return this.forgotten.has(id);
  }

  offered(order: Order, task: NewTask): void {
    this.offers.set(task.id, { order, task, at: this.places.clock.now, answer: undefined });
    this.names.offered(task);
  }

  /** @param heard whether the client got it */
  answered(task: NewTask, answer: Answer, heard: boolean): void {
    const offer = this.offers.get(task.id);
    if (offer) offer.answer = answer;
    switch (answer.kind) {
      case "accepted": {
        const { taskId: id, replayed } = answer;
        this.must(this.known(id) !== undefined, "told early", id, () => "was told to be taken, and is nowhere");
        this.must(replayed || id === task.id, "names", id, () => `is the answer to ${task.id}, and not as a replay`);
        if (heard && !this.accepted.has(id)) this.accepted.set(id, this.places.clock.now);
        return this.names.accepted(task, answer);
      }
      case "refused":
        this.must(
          this.known(answer.taskId)?.status === "failed",
          "told early",
          answer.taskId,
          () => "was told to be refused",
        );
        return this.names.refused(task, answer);
      case "duplicate_session":
      case "idempotency_key_reused":
        return this.names.taken(task, answer);
      case "limited":
        return this.must(!this.rows.has(task.id), "limits", task.id, () => "was told to be refused, and is taken");
      case "unavailable":
        return;
    }
  }

  /** Whether an accepted task's end is what the vendor's books say. */
  checkResult(id: string, row: Pick<TaskStatusRow, "vendor_task_id"> & { result: string | null }): void {
    const result = row.result === null ? undefined : (JSON.parse(row.result) as { TaskId: string; State: string });
    const right = result?.TaskId === row.vendor_task_id && result?.State === "succeeded";
    this.must(right, "result", id, () => `has the result ${row.result ?? "null"}`);
  }
}
