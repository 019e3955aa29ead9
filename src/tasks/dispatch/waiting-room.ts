import type { ActiveTask } from "../../store/types.ts";
import { FairQueue, type Waiting } from "./fair-queue.ts";
import { SortedList } from "./sorted-list.ts";

/** Milliseconds have 13 digits until the year 2286. */
const TIME_DIGITS = 13;
const LAST_TIME = 9_999_999_999_999;

/** The queue with what its tasks were promised: a position that only falls, and a time to have started by. */
export class WaitingRoom {
  private readonly queue = new FairQueue();
  private readonly told = new Map<string, number>();
  private readonly startBy = new Map<string, number>();
  /** `startBy` in order: time and id in one text. */
  private readonly deadlines = new SortedList();

  get length(): number {
    return this.queue.length;
  }

  has(id: string): boolean {
    return this.queue.has(id);
  }

  add(task: Pick<ActiveTask, "id" | "owner" | "priority" | "start_by">, lane: string): void {
    const { id, owner, priority, start_by: startBy } = task;
    if (!this.queue.add({ id, owner, priority, lane }) || startBy === null) return;
    this.startBy.set(id, startBy);
    this.deadlines.add(deadlineKey(startBy, id));
  }

  remove(id: string): void {
    this.queue.remove(id);
    this.dropPromises(id);
  }

  /** Takes the next task whose lane is open. */
  take(isOpen: (lane: string) => boolean): Waiting | undefined {
    const task = this.queue.take(isOpen);
    if (task) this.dropPromises(task.id);
    return task;
  }

  /**
   * How many go first. Never rises for one task, also when others pass it: what a client was told once is a promise.
   * Null for a task that does not wait.
   */
  position(id: string): number | null {
    const actual = this.queue.position(id);
    if (actual === undefined) return null;
    const position = Math.min(actual, this.told.get(id) ?? actual);
    this.told.set(id, position);
    return position;
  }

  /** The task whose start deadline passed longest ago; undefined when none has. */
  overdue(now: number): string | undefined {
    const first = this.deadlines.first();
    return first !== undefined && timeOf(first) <= now ? first.slice(TIME_DIGITS) : undefined;
  }

  nextDeadline(): number {
    const first = this.deadlines.first();
    return first === undefined ? Number.POSITIVE_INFINITY : timeOf(first);
  }

  private dropPromises(id: string): void {
    this.told.delete(id);
    const startBy = this.startBy.get(id);
    if (startBy === undefined) return;
    this.startBy.delete(id);
    this.deadlines.remove(deadlineKey(startBy, id));
  }
}

function deadlineKey(at: number, id: string): string {
  return String(Math.min(Math.floor(at), LAST_TIME)).padStart(TIME_DIGITS, "0") + id;
}

function timeOf(key: string): number {
  return Number(key.slice(0, TIME_DIGITS));
}
