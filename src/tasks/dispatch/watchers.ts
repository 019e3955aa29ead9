import type { TaskStatusRow } from "../../store/types.ts";
import type { Observation } from "./types.ts";

/** How long a task's row serves its watchers before it is read again, should a change have gone unreported. */
const ROW_FRESH_MS = 30_000;
/** How long a row nobody waits for is kept for the next poll. */
const ROW_IDLE_MS = 30_000;
const MAX_ROWS = 10_000;

type Waiter = (change: "changed" | "timeout") => void;

type Watched = {
  row: Promise<TaskStatusRow | null>;
  readAt: number;
  usedAt: number;
  changes: number;
  waiters: Set<Waiter>;
};

export type WatcherOptions = {
  read: (id: string) => Promise<TaskStatusRow | null>;
  position: (id: string) => number | null;
  now: () => number;
  sleep: (milliseconds: number) => Promise<void>;
};

/**
 * Those who watch tasks. However many watch one task, its row is read once per change, and never before the change is
 * committed.
 */
export class Watchers {
  private readonly options: WatcherOptions;
  private readonly watched = new Map<string, Watched>();
  /** Makes versions of another life of this object differ from those of this one. */
  private readonly life: string;

  constructor(options: WatcherOptions) {
    this.options = options;
    this.life = options.now().toString(36);
  }

  async observe(
    owner: string,
    id: string,
    after: { version?: string | undefined; timeoutMs: number },
  ): Promise<Observation | undefined> {
    const first = await this.look(owner, id);
    if (!first || after.version === undefined || first.version !== after.version || after.timeoutMs <= 0) return first;
    const change = await this.change(id, after.timeoutMs);
    return change === "timeout" ? first : this.look(owner, id);
  }

  /** Something about the task was committed. */
  changed(id: string): void {
    const watched = this.watched.get(id);
    if (!watched) return;
    watched.row = this.options.read(id);
    // A failed read must not stay: the next look tries again.
    watched.row.catch(() => this.watched.delete(id));
    watched.readAt = this.options.now();
    watched.changes += 1;
    wakeAll(watched);
  }

  /** The queue moved: positions of waiting tasks are others now. */
  moved(): void {
    for (const [id, watched] of this.watched) {
      if (watched.waiters.size > 0 && this.options.position(id) !== null) wakeAll(watched);
    }
  }

  /** Forgets rows that nobody has asked for lately. */
  tidy(): void {
    const now = this.options.now();
    for (const [id, watched] of this.watched) {
      if (watched.waiters.size === 0 && now - watched.usedAt > ROW_IDLE_MS) this.watched.delete(id);
    }
  }

  private async look(owner: string, id: string): Promise<Observation | undefined> {
    const watched = this.entry(id);
    const row = await watched.row;
    if (!row || row.owner !== owner) {
      if (!row) this.watched.delete(id);
      return undefined;
    }
    const position = row.status === "queued" ? this.options.position(id) : null;
    return { version: `${this.life}.${watched.changes}.${position ?? "-"}`, task: row, position };
  }

  private entry(id: string): Watched {
    const now = this.options.now();
    const known = this.watched.get(id);
    if (known && now - known.readAt <= ROW_FRESH_MS) {
      known.usedAt = now;
      return known;
    }
    if (this.watched.size >= MAX_ROWS) this.tidy();
    const row = this.options.read(id);
    row.catch(() => this.watched.delete(id));
    const watched: Watched = {
      row,
      readAt: now,
      usedAt: now,
      changes: known?.changes ?? 0,
      waiters: known?.waiters ?? new Set(),
    };
    this.watched.set(id, watched);
    return watched;
  }

  private async change(id: string, timeoutMs: number): Promise<"changed" | "timeout"> {
    const watched = this.watched.get(id);
    if (!watched) return "changed";
    return new Promise((resolve) => {
      const waiter: Waiter = (change) => {
        watched.waiters.delete(waiter);
        watched.usedAt = this.options.now();
        resolve(change);
      };
      watched.waiters.add(waiter);
      void this.options.sleep(timeoutMs).then(() => waiter("timeout"));
    });
  }
}

function wakeAll(watched: Watched): void {
  for (const waiter of Array.from(watched.waiters)) waiter("changed");
}
