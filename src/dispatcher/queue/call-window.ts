/** The window is a little longer than the vendor's second, because calls may bunch up on their way there. */
const WINDOW_MS = 1_100;

/**
 * At most so many calls in any second. A sliding window instead of a token bucket, because a bucket that has filled up
 * lets twice its rate through in one second.
 */
export class CallWindow {
  private readonly perSecond: number;
  /** When the latest calls were answered. */
  private answers: number[] = [];
  private inTheAir = 0;

  constructor(perSecond: number) {
    this.perSecond = perSecond;
  }

  /**
   * When the next call may be made: now or later.
   * @param spare how many calls are to be left to others
   */
  nextAt(now: number, spare = 0): number {
    this.heed(now);
    const room = this.perSecond - spare - this.inTheAir;
    // With all of them in the air the next answer decides; who waits has to ask again.
    if (room <= 0) return now + WINDOW_MS;
    return this.answers.length < room ? now : Math.max(now, (this.answers.at(-room) ?? 0) + WINDOW_MS);
  }

  /** How many calls may be made now. */
  room(now: number): number {
    this.heed(now);
    const counted = this.answers.filter((at) => at + WINDOW_MS > now).length;
    return Math.max(0, this.perSecond - this.inTheAir - counted);
  }

  /**
   * A call is on its way. It counts until it is answered and a window longer: when in between the vendor counts it,
   * nobody here knows.
   */
  called(): void {
    this.inTheAir += 1;
  }

  /** The call was answered, or given up. */
  landed(now: number): void {
    this.heed(now);
    this.inTheAir -= 1;
    this.answers.push(now);
    while (this.answers.length > this.perSecond) this.answers.shift();
  }

  /** Calls made just before a restart are forgotten here, not at the vendor. */
  recall(calledAt: number[]): void {
    this.answers = [...this.answers, ...calledAt].toSorted((a, b) => a - b).slice(-this.perSecond);
  }

  /** A clock that was set back must not hold up calls for as long. */
  private heed(now: number): void {
    if ((this.answers.at(-1) ?? now) > now) this.answers = this.answers.map((at) => Math.min(at, now));
  }
}
