import { type Entry, OwnerShare, stepsOf, type Waiting, waitingOf } from "./owner-share.ts";

export type { Waiting } from "./owner-share.ts";

/** Before other owners a step of priority counts this part of a usual task: ten steps go before two tasks, not before all. */
const BONUS_TASKS = 0.2;
/** What a task costs its owner at least: one that the vendor refuses at once took its turn all the same. */
const COST_MIN_MS = 1_000;
/** And at most: an owner does not pay for days in which the vendor lost its task. */
const COST_MAX_MS = 30 * 60 * 1000;
/** What tasks usually cost while none has been started yet; then what the latest is expected to, until one has ended. */
const COST_GUESS_MS = 60_000;
/** How much the task that ended last counts in the average. */
const COST_WEIGHT = 0.1;
/** Owners that have gone, whose use of slots is remembered. */
const MAX_DEBTS = 1_000;

/**
 * The waiting tasks. Within an owner they go by age, to which priority adds; between owners the one goes next whose tasks
 * have used the least slot time (start-time fair queueing). No operation walks the tasks; the cost of each grows with
 * the number of owners.
 */
export class FairQueue {
  private readonly tasks = new Map<string, Entry>();
  /** Of every owner that has a task waiting or running. */
  private readonly shares = new Map<string, OwnerShare>();
  private readonly running = new Map<string, { share: OwnerShare; chargedMs: number }>();
  private readonly lanes = new Map<string, number>();
  /** What owners had used that have gone since, as long as it is more than others: leaving and returning pays nothing off. */
  private readonly debts = new Map<string, number>();
  /** The virtual clock: the least that an owner with a task to start has used. Nobody counts as having used less. */
  private clockMs = 0;
  private usualCostMs = COST_GUESS_MS;
  private hasSettled = false;
  private turns = 0;

  get length(): number {
    return this.tasks.size;
  }

  has(id: string): boolean {
    return this.tasks.has(id);
  }

  /** How many tasks of this owner wait. */
  waitingOf(owner: string): number {
    return this.shares.get(owner)?.waiting ?? 0;
  }

  /** @returns false when it waits already */
  add(task: Waiting): boolean {
    if (this.tasks.has(task.id)) return false;
    // Who waits again holds no slot, even if nobody said that it was given back.
    const run = this.running.get(task.id);
    if (run) this.settle(task.id, run.chargedMs);
    const share = this.shareOf(task.owner);
    if (share.waiting === 0) share.turn = ++this.turns;
    this.tasks.set(task.id, share.add(task));
    this.lanes.set(task.lane, (this.lanes.get(task.lane) ?? 0) + 1);
    return true;
  }

  /** @returns false when it does not wait */
  remove(id: string): boolean {
    const entry = this.tasks.get(id);
    if (!entry) return false;
    this.drop(entry);
    this.forgetIdle(entry.lane.share);
    return true;
  }

  /** Whether there is a task that may start. */
  hasOpen(isOpen: (lane: string) => boolean): boolean {
    for (const lane of this.lanes.keys()) if (isOpen(lane)) return true;
    return false;
  }

  /**
   * Takes the next task whose lane is open. It holds a slot until it is settled.
   * @param cost how long it will hold the slot, as far as anybody knows: milliseconds
   */
  take(isOpen: (lane: string) => boolean, cost: number | ((id: string) => number)): Waiting | undefined {
    let next: Entry | undefined;
    let nextStandingMs = 0;
    let leastMs = Number.POSITIVE_INFINITY;
    for (const share of this.shares.values()) {
      const head = share.head(isOpen);
      if (!head) continue;
      leastMs = Math.min(leastMs, this.usedMs(share));
      const standingMs = this.standingMs(head);
      const isAhead = standingMs === nextStandingMs && next && share.turn < next.lane.share.turn;
      if (next && standingMs >= nextStandingMs && !isAhead) continue;
      next = head;
      nextStandingMs = standingMs;
    }
    if (!next) return undefined;
    const costMs = typeof cost === "number" ? cost : cost(next.id);
    const { share } = next.lane;
    this.clockMs = leastMs;
    this.drop(next);
    share.turn = ++this.turns;
    this.charge(share, next.id, costMs);
    return waitingOf(next);
  }

  /**
   * A task holds a slot that was not taken from here, but before a restart; or one that was, and what it will cost is
   * known better by now.
   */
  started(id: string, owner: string, costMs: number): void {
    const run = this.running.get(id);
    if (!run) return this.charge(this.shareOf(owner), id, costMs);
    const chargedMs = this.expected(costMs);
    run.share.usedMs += chargedMs - run.chargedMs;
    run.chargedMs = chargedMs;
  }

  /**
   * A task's slot is free, which it held this long: what it was charged before is made right.
   * @returns false when that is known already
   */
  settle(id: string, usedMs: number): boolean {
    const run = this.running.get(id);
    if (!run) return false;
    const costMs = costOf(usedMs);
    this.running.delete(id);
    run.share.running -= 1;
    run.share.usedMs += costMs - run.chargedMs;
    const weight = this.hasSettled ? COST_WEIGHT : 1;
    this.usualCostMs = Math.round(this.usualCostMs + weight * (costMs - this.usualCostMs));
    this.hasSettled = true;
    this.forgetIdle(run.share);
    return true;
  }

  /**
   * How many tasks go first if nobody else comes, every lane is open and each task costs the usual; undefined for one
   * that does not wait. Exact as long as each owner's tasks are of one priority; else a few places off where several
   * owners wait.
   */
  position(id: string): number | undefined {
    const entry = this.tasks.get(id);
    if (!entry) return undefined;
    const { share: mine } = entry.lane;
    const rank = mine.rank(entry);
    const startMs = this.standingMs(entry) + rank * this.usualCostMs;
    let before = rank;
    for (const share of this.shares.values()) {
      const head = share === mine ? undefined : share.first;
      if (!head) continue;
      // Its task number k goes first when k usual costs are less than this.
      const leadMs = startMs - this.standingMs(head);
      const tied = leadMs / this.usualCostMs;
      const winsTie = tied < rank || (tied === rank && share.turn < mine.turn);
      const first = Math.ceil(tied) + (Number.isInteger(tied) && winsTie ? 1 : 0);
      before += Math.max(0, Math.min(first, share.waiting));
    }
    return before;
  }

  /** The position to tell a client: it never rises while the task waits, also when others pass it. */
  promised(id: string): number | undefined {
    const entry = this.tasks.get(id);
    const actual = this.position(id);
    if (!entry || actual === undefined) return undefined;
    if (entry.promised === -1 || actual < entry.promised) entry.promised = actual;
    return entry.promised;
  }

  /** What an owner has used, or counts as having used. */
  private usedMs(share: OwnerShare): number {
    return Math.max(share.usedMs, this.clockMs);
  }

  /** The lowest goes next. */
  private standingMs(head: Entry): number {
    return this.usedMs(head.lane.share) - Math.round(stepsOf(head.priority) * BONUS_TASKS * this.usualCostMs);
  }

  private charge(share: OwnerShare, id: string, costMs: number): void {
    const chargedMs = this.expected(costMs);
    share.usedMs = this.usedMs(share) + chargedMs;
    share.running += 1;
    this.running.set(id, { share, chargedMs });
  }

  /** What a task is charged before anybody knows what it costs. */
  private expected(givenMs: number): number {
    const costMs = costOf(givenMs);
    if (!this.hasSettled) this.usualCostMs = costMs;
    return costMs;
  }

  private drop(entry: Entry): void {
    this.tasks.delete(entry.id);
    entry.lane.share.remove(entry);
    const left = (this.lanes.get(entry.lane.name) ?? 0) - 1;
    if (left > 0) this.lanes.set(entry.lane.name, left);
    else this.lanes.delete(entry.lane.name);
  }

  private shareOf(owner: string): OwnerShare {
    const known = this.shares.get(owner);
    if (known) return known;
    const share = new OwnerShare(owner);
    share.usedMs = Math.max(this.debts.get(owner) ?? 0, this.clockMs);
    this.debts.delete(owner);
    this.shares.set(owner, share);
    return share;
  }

  /** Owners that neither wait nor run leave nothing but what they used beyond the others. */
  private forgetIdle(share: OwnerShare): void {
    if (share.waiting > 0 || share.running > 0) return;
    this.shares.delete(share.owner);
    if (this.shares.size === 0) return this.debts.clear();
    if (share.usedMs <= this.clockMs) return;
    this.debts.set(share.owner, share.usedMs);
    for (const oldest of this.debts.keys()) {
      if (this.debts.size <= MAX_DEBTS) break;
      this.debts.delete(oldest);
    }
  }
}

function costOf(givenMs: number): number {
  return Math.max(COST_MIN_MS, Math.min(Math.round(givenMs), COST_MAX_MS));
}
