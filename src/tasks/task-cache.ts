import type { TaskRow, TaskStatusRow } from "./contract.ts";
import { isTerminal } from "./state.ts";

/** How long a finished task is answered from memory; content removed through another isolate is shown this much longer. */
export const TASK_CACHE_LIFETIME_MS = 10_000;
const MAX_ENTRIES = 2_000;
/** A larger result, or request, is read again each time. */
const MAX_CHARACTERS = 20_000;

/**
 * What of a request is shown while its task is not over: it does not change, and who may see it is asked before. Some
 * kilobytes each, so not many.
 */
const SHOWN_LIFETIME_MS = 10 * 60 * 1000;
const SHOWN_MAX_ENTRIES = 500;

/** Forgets everything when it is full: a busy isolate refills it within a second, and no bookkeeping is needed. */
class Memory<Value> {
  private readonly entries = new Map<string, { until: number; value: Value }>();
  private readonly now: () => number;
  private readonly lifetimeMs: number;
  private readonly maxEntries: number;

  constructor(now: () => number, { lifetimeMs = TASK_CACHE_LIFETIME_MS, maxEntries = MAX_ENTRIES } = {}) {
    this.now = now;
    this.lifetimeMs = lifetimeMs;
    this.maxEntries = maxEntries;
  }

  get(id: string): Value | undefined {
    const entry = this.entries.get(id);
    if (!entry || entry.until > this.now()) return entry?.value;
    this.entries.delete(id);
    return undefined;
  }

  set(id: string, value: Value): void {
    if (this.entries.size >= this.maxEntries) this.entries.clear();
    this.entries.set(id, { until: this.now() + this.lifetimeMs, value });
  }

  delete(id: string): void {
    this.entries.delete(id);
  }
}

/**
 * What this isolate has just read of finished tasks, and what does not change of any: those who poll for one ask again
 * and again, so neither the dispatcher nor D1 need be asked each time.
 */
export class TaskCache {
  private readonly finished: Memory<TaskStatusRow & Partial<Pick<TaskRow, "result">>>;
  private readonly requests: Memory<string>;
  private readonly shownRequests: Memory<string>;

  constructor(now: () => number) {
    this.finished = new Memory(now);
    this.requests = new Memory(now);
    this.shownRequests = new Memory(now, { lifetimeMs: SHOWN_LIFETIME_MS, maxEntries: SHOWN_MAX_ENTRIES });
  }

  /** What a finished task's status shows. */
  status(owner: string, id: string): TaskStatusRow | undefined {
    const row = this.finished.get(id);
    return row?.owner === owner ? row : undefined;
  }

  /** A finished task with its result. */
  whole(owner: string, id: string): TaskRow | undefined {
    const row = this.finished.get(id);
    return row?.owner === owner && row.result !== undefined ? { ...row, result: row.result } : undefined;
  }

  /** JSON of the request that a task was made of. The caller has made sure whose it is. */
  request(id: string): string | undefined {
    return this.requests.get(id);
  }

  /** JSON of what of it is shown. As above. */
  shown(id: string): string | undefined {
    return this.shownRequests.get(id);
  }

  keepShown(id: string, shown: string): void {
    this.shownRequests.set(id, shown);
  }

  /** Remembers a row as it was read, if the task is over. */
  keep(row: TaskStatusRow | TaskRow): void {
    if (!isTerminal(row.status)) return;
    const { result, ...status } = { result: undefined, ...row };
    const small = result !== undefined && (result?.length ?? 0) <= MAX_CHARACTERS;
    this.finished.set(row.id, small ? { ...status, result } : status);
  }

  keepRequest(id: string, request: string): void {
    if (request.length <= MAX_CHARACTERS) this.requests.set(id, request);
  }

  /** A task's content was removed. */
  forget(id: string): void {
    this.finished.delete(id);
    this.requests.delete(id);
    this.shownRequests.delete(id);
  }
}
