import { Deadlines } from "./queue/deadlines.ts";

/** Waits that one owner may have open at once. */
const MAX_PER_OWNER = 200;
/** Positions change with every start: those who wait hear of it at most this often, */
const MOVED_INTERVAL_MS = 250;
/** and not all at once, because each that is woken comes back with a call. */
const MOVED_WAKES_PER_SECOND = 500;
const MOVED_WAKES_PER_ROUND = (MOVED_WAKES_PER_SECOND * MOVED_INTERVAL_MS) / 1_000;
/** Tasks whose position one round looks at. */
const MOVED_LOOKS_PER_ROUND = 1_000;

type Waiter = {
  readonly number: number;
  readonly owner: string;
  readonly id: string;
  readonly position: number | null;
  readonly end: (news: "changed" | "timeout") => void;
};

export type WatcherOptions = {
  /** Calls `tick` at this time (milliseconds) or soon after. The latest call is the one that counts. */
  wakeAt: (at: number) => void;
  /** As clients are told it now; null for a task that does not wait in the queue. */
  position: (id: string) => number | null;
  maxPerOwner?: number;
};

/** Those who wait for a task's next change. However many there are, they share one timer. */
export class Watchers {
  private readonly options: WatcherOptions;
  private readonly waiters = new Map<number, Waiter>();
  private readonly byTask = new Map<string, Set<Waiter>>();
  private readonly perOwner = new Map<string, number>();
  private readonly ends = new Deadlines<number>();
  private lastNumber = 0;
  /** Tasks of which somebody was told a position, the one looked at longest ago first. */
  private readonly queued = new Set<string>();
  /** How many of them are still to be looked at because the queue moved. */
  private unseen = 0;
  private nextRoundAt = Number.NEGATIVE_INFINITY;
  private armedAt = Number.POSITIVE_INFINITY;

  constructor(options: WatcherOptions) {
    this.options = options;
  }

  /** How many waits are open. */
  get open(): number {
    return this.waiters.size;
  }

  /** Whether this owner may have one more wait open. */
  room(owner: string): boolean {
    return (this.perOwner.get(owner) ?? 0) < (this.options.maxPerOwner ?? MAX_PER_OWNER);
  }

  /**
   * Waits for the task's next change, or until this time (milliseconds). Whoever calls has made sure, in the same turn,
   * that nothing has changed yet.
   * @param wait.position the one that was told last; null for none
   */
  wait(wait: { owner: string; id: string; position: number | null; until: number }): Promise<"changed" | "timeout"> {
    const { owner, id, position, until } = wait;
    return new Promise((end) => {
      const waiter: Waiter = { number: ++this.lastNumber, owner, id, position, end };
      this.waiters.set(waiter.number, waiter);
      this.perOwner.set(owner, (this.perOwner.get(owner) ?? 0) + 1);
      const others = this.byTask.get(id);
      if (others) others.add(waiter);
      else this.byTask.set(id, new Set([waiter]));
      if (position !== null) this.queued.add(id);
      this.ends.set(waiter.number, until);
      this.arm();
    });
  }

  /** Something about the task has changed that its watchers see. */
  changed(id: string): void {
    for (const waiter of this.byTask.get(id) ?? []) this.end(waiter, "changed");
  }

  /** The queue moved: positions may be others now. */
  moved(now: number): void {
    this.unseen = this.queued.size;
    this.lookAtPositions(now);
    this.arm();
  }

  /** Does what is due. Safe to call at any time. */
  tick(now: number): void {
    this.armedAt = Number.POSITIVE_INFINITY;
    for (const number of this.ends.takeDue(now, Number.POSITIVE_INFINITY)) {
      const waiter = this.waiters.get(number);
      if (waiter) this.end(waiter, "timeout");
    }
    this.lookAtPositions(now);
    this.arm();
  }

  /** One round over tasks in the queue, unless the last was just now. It goes on from where that one stopped. */
  private lookAtPositions(now: number): void {
    this.nextRoundAt = Math.min(this.nextRoundAt, now + MOVED_INTERVAL_MS);
    if (this.unseen === 0 || now < this.nextRoundAt) return;
    this.nextRoundAt = now + MOVED_INTERVAL_MS;
    // Some may have left since the queue moved.
    this.unseen = Math.min(this.unseen, this.queued.size);
    let looks = 0;
    let wakes = 0;
    // What was looked at goes to the end; the loop stops before it comes there.
    for (const id of this.queued) {
      if (this.unseen === 0 || looks === MOVED_LOOKS_PER_ROUND) return;
      const position = this.options.position(id);
      for (const waiter of this.byTask.get(id) ?? []) {
        if (waiter.position === position) continue;
        if (wakes === MOVED_WAKES_PER_ROUND) return;
        this.end(waiter, "changed");
        wakes += 1;
      }
      looks += 1;
      this.unseen -= 1;
      if (this.queued.delete(id) && this.byTask.has(id)) this.queued.add(id);
    }
    this.unseen = 0;
  }

  private end(waiter: Waiter, news: "changed" | "timeout"): void {
    const { number, owner, id } = waiter;
    this.waiters.delete(number);
    this.ends.delete(number);
    const left = (this.perOwner.get(owner) ?? 0) - 1;
    if (left > 0) this.perOwner.set(owner, left);
    else this.perOwner.delete(owner);
    const others = this.byTask.get(id);
    others?.delete(waiter);
    if (others?.size === 0) {
      this.byTask.delete(id);
      this.queued.delete(id);
    }
    waiter.end(news);
  }

  private arm(): void {
    const at = Math.min(this.ends.next(), this.unseen > 0 ? this.nextRoundAt : Number.POSITIVE_INFINITY);
    if (at >= this.armedAt) return;
    this.armedAt = at;
    this.options.wakeAt(at);
  }
}
