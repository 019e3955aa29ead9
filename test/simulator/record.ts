import { erasedName } from "../../src/signing/name-hash.ts";
import { simulatedHash } from "./clients.ts";
import { createRecord } from "../../src/store/record.ts";
import type { ToldTask } from "../../src/tasks/contract.ts";
import type { Clock } from "./clock.ts";
import { d1On, openDatabase } from "./d1.ts";
import type { Fate } from "./fate.ts";
import { TELL_TIMEOUT_MS } from "./times.ts";

const ROWS = "SELECT * FROM tasks WHERE id IN (SELECT value FROM json_each(?1))";
const COUNTED = "SELECT coalesce(sum(tasks), 0) AS count FROM hourly_counts";

/** The record: its own statements on its own tables, behind a network that loses what it can. */
export class TaskRecord {
  /** What is in it. */
  readonly rows = new Map<string, ToldTask>();
  awayUntil = 0;
  /** When it last failed. */
  troubledAt = 0;
  /** Why a statement of the record's failed, if one ever did. */
  broken: unknown;
  private readonly db = openDatabase();
  private readonly record = createRecord(d1On(this.db), d1On(this.db));
  private readonly clock: Clock;
  private readonly fate: Fate;

  constructor({ clock, fate }: { clock: Clock; fate: Fate }) {
    this.clock = clock;
    this.fate = fate;
  }

  get away(): boolean {
    return !this.fate.over && this.clock.now < this.awayUntil;
  }

  tell(tasks: readonly ToldTask[], answer: (ok: boolean) => void): void {
    const { clock, fate } = this;
    const name = tasks.map(({ id, rev }) => `${id}/${rev}`).join();
    const tookMs = fate.between(`tell ${name}`, 2, 150);
    const fails = () =>
      void clock.after(fate.between(`failing ${name}`, 5, TELL_TIMEOUT_MS), () => {
        this.troubledAt = clock.now;
        answer(false);
      });
    if (this.away || fate.strikes("record_fails", name)) return fails();
    if (fate.strikes("record_late", name)) {
      // Still on its way when nobody waits for it any more.
      clock.after(fate.between(`late ${name}`, 1_000, 2 * TELL_TIMEOUT_MS), () => this.apply(tasks));
      return fails();
    }
    const lost = fate.strikes("record_answer_lost", name);
    clock.after(tookMs, () => {
      this.apply(tasks);
      if (lost) fails();
      else answer(true);
    });
  }

  /** Its client has the content removed, and the object does not have the task any more. */
  erase(owner: string, id: string, now: number): boolean {
    if (this.rows.get(id)?.owner !== owner) return false;
    const name = this.rows.get(id)?.session_id ?? null;
    const standIn = name === null ? null : erasedName(simulatedHash(owner, name));
    this.write([id], () => this.record.erase({ owner, id, now, standIn }));
    return true;
  }

  /** How many tasks the hourly counters have counted. */
  get counted(): number {
    return (this.db.prepare(COUNTED).get() as { count: number }).count;
  }

  close(): void {
    this.db.close();
  }

  private apply(tasks: readonly ToldTask[]): void {
    this.write(
      tasks.map(({ id }) => id),
      () => this.record.tell([...tasks]),
    );
  }

  /** The work is done when the call returns; a statement that fails says so in vain, and the rows are not there. */
  private write(ids: string[], work: () => Promise<unknown>): void {
    work().catch((error: unknown) => {
      this.broken = error;
    });
    for (const row of this.db.prepare(ROWS).all(JSON.stringify(ids))) {
      const task = row as unknown as ToldTask;
      this.rows.set(task.id, task);
    }
  }
}
