import { CallWindow } from "./call-window.ts";

/** After "too many at once": how long to keep to the lower number before trying one more. */
const RAISE_LIMIT_AFTER_MS = 30_000;
/** After "too many at once": a breath, so that what the vendor still counts as running can end. */
const THROTTLED_PAUSE_MS = 1_000;
const SILENCE_PAUSE_FIRST_MS = 1_000;
const SILENCE_PAUSE_MAX_MS = 60_000;

export type PaceOptions = { concurrency: number; requestsPerSecond: number };

/**
 * How fast create calls may be made: calls a second, tasks at once, and pauses after trouble.
 */
export class Pace {
  private readonly options: PaceOptions;
  private readonly window: CallWindow;
  private limit: number;
  private raiseAt = Number.POSITIVE_INFINITY;
  private pausedUntil = 0;
  private throttledUntil = 0;
  private silences = 0;

  constructor(options: PaceOptions) {
    this.options = options;
    this.window = new CallWindow(options.requestsPerSecond);
    this.limit = options.concurrency;
  }

  /** How many tasks may be with the vendor at once, now. */
  concurrency(now: number): number {
    while (this.limit < this.options.concurrency && now >= this.raiseAt) {
      this.limit += 1;
      this.raiseAt += RAISE_LIMIT_AFTER_MS;
    }
    return this.limit;
  }

  /** When the next create call may be made: now or later. */
  nextCallAt(now: number): number {
    return Math.max(this.pausedUntil, this.window.nextAt(now));
  }

  /** A create call is on its way. */
  called(): void {
    this.window.called();
  }

  /** The call was answered, or given up. */
  landed(now: number): void {
    this.window.landed(now);
  }

  /** The vendor answered, whatever it said. */
  answered(): void {
    this.silences = 0;
  }

  /** The vendor had no room for a task it had taken: half as many at once, and one more each half minute. */
  throttled(now: number): void {
    // One overload comes as many refusals.
    if (now >= this.throttledUntil) this.limit = Math.max(1, Math.floor(this.limit / 2));
    this.raiseAt = now + RAISE_LIMIT_AFTER_MS;
    this.throttledUntil = now + THROTTLED_PAUSE_MS;
    this.rest(now);
  }

  /** The vendor refused a call because there were too many: a breath, which says nothing of tasks at once. */
  rest(now: number): void {
    this.pausedUntil = Math.max(this.pausedUntil, now + THROTTLED_PAUSE_MS);
  }

  /** The vendor answered with a failure of its own or not at all: hold everything, longer each time. */
  silent(now: number): void {
    const pause = Math.min(SILENCE_PAUSE_FIRST_MS * 2 ** this.silences, SILENCE_PAUSE_MAX_MS);
    this.silences += 1;
    this.pausedUntil = Math.max(this.pausedUntil, now + pause);
  }

  /** Whether calls are held back because the vendor does not answer, and until when. */
  holdingUntil(now: number): number | undefined {
    return this.silences > 0 && this.pausedUntil > now ? this.pausedUntil : undefined;
  }
}
