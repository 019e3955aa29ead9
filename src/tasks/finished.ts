import type { TaskRow, TaskStatusRow } from "../store/types.ts";
import { isTerminal } from "./state.ts";

/** How long a finished task is answered from memory; content removed through another isolate is shown this much longer. */
export const FINISHED_LIFETIME_MS = 10_000;
const MAX_TASKS = 2_000;
/** A larger result is read again each time. */
const MAX_RESULT_CHARACTERS = 20_000;

type Entry = { until: number; status: TaskStatusRow; whole?: TaskRow };

/**
 * Finished tasks that this isolate has just read: they never change, and those who poll for one ask again and again, so
 * neither D1 nor the dispatcher need be asked each time.
 */
export class FinishedTasks {
  private readonly now: () => number;
  private readonly entries = new Map<string, Entry>();

  constructor(now: () => number) {
    this.now = now;
  }

  /** What its status shows. */
  status(owner: string, id: string): TaskStatusRow | undefined {
    return this.find(owner, id)?.status;
  }

  /** With its result. */
  whole(owner: string, id: string): TaskRow | undefined {
    return this.find(owner, id)?.whole;
  }

  /** Remembers a row as it was read, if its task is over. */
  keep(row: TaskStatusRow | TaskRow): void {
    if (!isTerminal(row.status)) return;
    // Full: start over. A busy isolate refills it within a second, and no bookkeeping is needed.
    if (this.entries.size >= MAX_TASKS) this.entries.clear();
    const whole = "result" in row && (row.result?.length ?? 0) <= MAX_RESULT_CHARACTERS ? row : undefined;
    this.entries.set(row.id, { until: this.now() + FINISHED_LIFETIME_MS, status: row, ...(whole && { whole }) });
  }

  /** Its content was removed. */
  forget(id: string): void {
    this.entries.delete(id);
  }

  private find(owner: string, id: string): Entry | undefined {
    const entry = this.entries.get(id);
    if (!entry || entry.status.owner !== owner) return undefined;
    if (entry.until > this.now()) return entry;
    this.entries.delete(id);
    return undefined;
  }
}
