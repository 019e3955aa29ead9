/** A task that holds one of the vendor's slots. */
export type Slot = {
  id: string;
  lane: string;
  /** Unknown until the store has said which one begins. */
  attempt?: number;
  state: "submitting" | "unknown" | "running";
  /** When to ask again: a resend while unknown, a re-read while running. Never while a call is in the air. */
  checkAt: number;
  /** How long the next wait is measured by. */
  waitMs: number;
};

const NEVER = Number.POSITIVE_INFINITY;

/** What is with the vendor, or may be: few entries, at most the account's concurrency. */
export class Slots {
  private readonly byId = new Map<string, Slot>();
  private readonly load = new Map<string, number>();

  get size(): number {
    return this.byId.size;
  }

  has(id: string): boolean {
    return this.byId.has(id);
  }

  /** False for a slot whose task has left it in the meantime, even if the task is back in another one. */
  holds(slot: Slot): boolean {
    return this.byId.get(slot.id) === slot;
  }

  /** Whether the task is back here for a later attempt than this one. */
  isPast(id: string, attempt: number): boolean {
    const slot = this.byId.get(id);
    return slot !== undefined && (slot.attempt ?? Number.POSITIVE_INFINITY) > attempt;
  }

  take(slot: Omit<Slot, "checkAt"> & { checkAt?: number }): Slot {
    const taken: Slot = { checkAt: NEVER, ...slot };
    this.byId.set(taken.id, taken);
    this.load.set(taken.lane, this.inLane(taken.lane) + 1);
    return taken;
  }

  free(id: string): void {
    const slot = this.byId.get(id);
    if (!slot) return;
    this.byId.delete(id);
    this.load.set(slot.lane, this.inLane(slot.lane) - 1);
  }

  inLane(lane: string): number {
    return this.load.get(lane) ?? 0;
  }

  /** Those to be asked about, each given out once. */
  takeDue(now: number): Slot[] {
    const due = Array.from(this.byId.values()).filter((slot) => slot.checkAt <= now);
    for (const slot of due) slot.checkAt = NEVER;
    return due;
  }

  nextCheck(): number {
    return Array.from(this.byId.values()).reduce((least, slot) => Math.min(least, slot.checkAt), NEVER);
  }
}
