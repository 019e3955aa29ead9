/** A task that holds one of the vendor's slots. */
export type Slot = {
  readonly id: string;
  readonly lane: string;
  /** Whether it counts against the limits: not for ever, if nobody knows whether the vendor has it. Changed by {@link Slots.count}. */
  counts: boolean;
};

/** What is with the vendor, or may be: few entries, at most the account's concurrency and what is in doubt for long. */
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

  /** Those of a lane that count. */
  inLane(lane: string): number {
    return this.load.get(lane) ?? 0;
  }

  has(id: string): boolean {
    return this.byId.has(id);
  }

  get(id: string): Slot | undefined {
    return this.byId.get(id);
  }

  /** A later attempt takes the place of an earlier one. */
  take(slot: Omit<Slot, "counts">): Slot {
    this.free(slot.id);
    const taken: Slot = { ...slot, counts: false };
    this.byId.set(taken.id, taken);
    this.count(taken, true);
    return taken;
  }

  free(id: string): Slot | undefined {
    const slot = this.byId.get(id);
    if (!slot) return undefined;
    this.count(slot, false);
    this.byId.delete(id);
    return slot;
  }

  /** From now on it counts against the limits, or no longer. Does nothing for a slot that was freed. */
  count(slot: Slot, counts: boolean): void {
    if (slot.counts === counts || this.byId.get(slot.id) !== slot) return;
    slot.counts = counts;
    const step = counts ? 1 : -1;
    this.counted += step;
    const load = this.inLane(slot.lane) + step;
    if (load > 0) this.load.set(slot.lane, load);
    else this.load.delete(slot.lane);
  }
}
