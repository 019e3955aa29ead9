/** In the long run events may have one task read six times a minute; what exceeds it is read later, once for all of it. */
const GAP_MS = 10_000;
/** At once: a forged event must not keep the genuine one waiting that comes after it. */
const AT_ONCE = 2;

/**
 * How often events may have one task read at the vendor. An event is a hint that whoever has seen it can repeat, in other
 * words, as often as he likes.
 */
export class EventReads {
  /** When all that a task has had will be paid off. */
  private readonly paidOff = new Map<string, number>();

  /** When an event may have the task read: now or later (milliseconds). */
  at(id: string, now: number): number {
    const at = (this.paidOff.get(id) ?? now) - (AT_ONCE - 1) * GAP_MS;
    // A clock that was set back must not hold it up for longer.
    return Math.min(Math.max(at, now), now + GAP_MS);
  }

  /** When one more may be read that says what another one has just said. */
  repeatAt(id: string, now: number): number {
    return Math.max(this.at(id, now), now + GAP_MS);
  }

  /** An event has it read. */
  taken(id: string, now: number): void {
    const from = Math.min(Math.max(this.paidOff.get(id) ?? now, now), now + AT_ONCE * GAP_MS);
    this.paidOff.delete(id);
    this.paidOff.set(id, from + GAP_MS);
    for (const [other, at] of this.paidOff) {
      if (at > now) break;
      this.paidOff.delete(other);
    }
  }

  /** An event of it was news: what comes next is about something else. */
  forget(id: string): void {
    this.paidOff.delete(id);
  }
}
