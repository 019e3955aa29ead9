/** Of the vendor's 100 a second (tencent-vod facts §5.1). */
export const READS_PER_SECOND = 95;
/** Of them, those that only events may have: reads that are merely due must not keep them waiting. */
export const READS_FOR_EVENTS = 15;
/** What is left to those that are due. */
export const REREADS_PER_SECOND = READS_PER_SECOND - READS_FOR_EVENTS;

/** How much the latest task counts in the average. */
const WEIGHT = 0.2;
/** A task that takes no longer than usual is seldom later than this. */
const MARGIN_MS = 30_000;
/** After the first re-read the waits start from this part of the longest first one, and double. */
const FIRST_GAP_SHARE = 1 / 6;
const FIRST_GAP_MIN_MS = 1_000;
const GAP_MAX_MS = 30 * 60 * 1000;
/** Clients name the models, so there may be any number; those that ended a task last are kept. */
const MAX_MODELS = 1_000;

/**
 * How long a model's tasks take, learnt from events and forgotten with the dispatcher's object: what a task will cost its
 * owner, and when a running one that nobody hears of is to be asked about: first when its model's tasks are usually
 * over, then ever later.
 */
export class UsualTimes {
  private readonly firstMaxMs: number;
  private readonly averages = new Map<string, number>();

  /** @param firstMaxMs the first re-read comes no later; also the guess for a model nothing is known of */
  constructor(firstMaxMs: number) {
    this.firstMaxMs = firstMaxMs;
  }

  /** A task of this model has ended, as its event said, `elapsedMs` after it was submitted. */
  learn(model: string, elapsedMs: number): void {
    const takenMs = Math.max(0, elapsedMs);
    const known = this.averages.get(model) ?? takenMs;
    this.averages.delete(model);
    this.averages.set(model, known + WEIGHT * (takenMs - known));
    for (const oldest of this.averages.keys()) {
      if (this.averages.size <= MAX_MODELS) break;
      this.averages.delete(oldest);
    }
  }

  /** How long a task of this model takes. */
  usual(model: string): number {
    return this.averages.get(model) ?? this.firstMaxMs;
  }

  /** The wait before the first re-read. */
  firstWait(model: string): number {
    return Math.min(this.firstMaxMs, this.expectedBy(model));
  }

  /**
   * The wait before the next re-read of a task that still runs after `elapsedMs`.
   * @param lastGapMs 0 until the waits have begun to grow
   */
  nextWait(model: string, elapsedMs: number, lastGapMs: number): { waitMs: number; gapMs: number } {
    const firstGapMs = Math.max(FIRST_GAP_MIN_MS, this.firstMaxMs * FIRST_GAP_SHARE);
    const gapMs = lastGapMs === 0 ? firstGapMs : Math.min(lastGapMs * 2, GAP_MAX_MS);
    // Of a slow model: not past the time when its tasks are usually over, and from there the waits grow anew.
    const leftMs = this.averages.has(model) ? this.expectedBy(model) - elapsedMs : 0;
    return leftMs > 0 && gapMs >= leftMs ? { waitMs: leftMs, gapMs: 0 } : { waitMs: gapMs, gapMs };
  }

  private expectedBy(model: string): number {
    const average = this.averages.get(model);
    return average === undefined ? this.firstMaxMs : average + MARGIN_MS;
  }
}
