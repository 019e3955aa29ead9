/** A task that holds one of the vendor's slots. */
export type Slot = {
  id: string;
  lane: string;
  /** Unknown until the store has said which one begins. */
  attempt?: number;
  state: "submitting" | "unknown" | "running";
  /** When to ask again: a resend while unknown, a re-read while running. Never while a call is in the air. */
  checkAt: number;
  /** How long the next wait is measured by; 0 while the waits do not grow yet. */
  waitMs: number;
  /** `ModelName/ModelVersion`. */
  model: string;
  /** When the vendor was called: milliseconds. */
  since: number;
  /** Whether it has ever been asked about: when it ends is then no measure of how long it took. */
  asked: boolean;
  /** Whether it counts against the limits: not for ever, if nobody knows whether the vendor has it. */
  counts: boolean;
};

const NEVER = Number.POSITIVE_INFINITY;

/** What is with the vendor, or may be: few entries, at most the account's concurrency. */
export class Slots {
  private readonly byId = new Map<string, Slot>();
  private readonly load = new Map<string, number>();
  private counted = 0;

  /** All of them, those that no longer count too. */
  get size(): number {
    return this.byId.size;
  }

  /** Those that count against the account's concurrency. */
  get occupied(): number {
    return this.counted;
  }

  has(id: string): boolean {
    return this.byId.has(id);
  }

  /** False for a slot whose task has left it in the meantime, even if the task is back in another one. */
  holds(slot: Slot): boolean {
    return this.byId.get(slot.id) === slot;
  }

  get(id: string): Slot | undefined {
    return this.byId.get(id);
  }

  /** Whether the task is back here for a later attempt than this one. */
  isPast(id: string, attempt: number): boolean {
    const slot = this.byId.get(id);
    return slot !== undefined && (slot.attempt ?? Number.POSITIVE_INFINITY) > attempt;
  }

  take(slot: Omit<Slot, "checkAt" | "asked" | "counts">): Slot {
    const taken: Slot = { checkAt: NEVER, asked: false, counts: false, ...slot };
    this.byId.set(taken.id, taken);
    this.count(taken, true);
    return taken;
  }

  free(id: string): void {
    const slot = this.byId.get(id);
    if (!slot) return;
    this.byId.delete(id);
    this.count(slot, false);
  }

  /** From now on it counts against the limits, or no longer. */
  count(slot: Slot, counts: boolean): void {
    if (slot.counts === counts) return;
    slot.counts = counts;
    const step = counts ? 1 : -1;
    this.counted += step;
    this.load.set(slot.lane, this.inLane(slot.lane) + step);
  }

  inLane(lane: string): number {
    return this.load.get(lane) ?? 0;
  }

  /** Those to be asked about, the longest due first, `limit` at most; each is given out once. */
  takeDue(now: number, limit: number): Slot[] {
    const due = Array.from(this.byId.values()).filter((slot) => slot.checkAt <= now);
    const taken = due.toSorted((a, b) => a.checkAt - b.checkAt).slice(0, limit);
    for (const slot of taken) slot.checkAt = NEVER;
    return taken;
  }

  nextCheck(): number {
    return Array.from(this.byId.values()).reduce((least, slot) => Math.min(least, slot.checkAt), NEVER);
  }
}
