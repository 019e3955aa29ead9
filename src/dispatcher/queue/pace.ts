import { CallWindow } from "./call-window.ts";

/** After "too many at once": how long to keep to the lower number before trying one more. */
const RAISE_LIMIT_AFTER_MS = 30_000;
/** After "too many at once": a breath, so that what the vendor still counts as running can end. */
const THROTTLED_PAUSE_MS = 1_000;
const SILENCE_PAUSE_FIRST_MS = 1_000;
const SILENCE_PAUSE_MAX_MS = 60_000;
/** While a probe is in the air its landing decides; who does not hear of it asks again after this. */
const PROBE_LOOK_MS = 1_000;

const NEVER = Number.NEGATIVE_INFINITY;

export type PaceOptions = { concurrency: number; requestsPerSecond: number };

/**
 * How fast create calls may be made: calls a second, tasks at once, and pauses after trouble. While the vendor is silent
 * one call at a time finds out whether it is back.
 */
export class Pace {
  private readonly options: PaceOptions;
  private readonly window: CallWindow;
  private limit: number;
  private raiseAt = Number.POSITIVE_INFINITY;
  private throttledUntil = NEVER;
  private restUntil = NEVER;
  /** How often in a row the vendor was found silent; 0: it is not. */
  private silences = 0;
  /** When that was found last. */
  private silentSince = NEVER;
  private silentUntil = NEVER;
  /** When the probe left that is in the air. */
  private probe: number | undefined;

  constructor(options: PaceOptions) {
    this.options = options;
    this.window = new CallWindow(options.requestsPerSecond);
    this.limit = options.concurrency;
  }

  /** How many tasks may be with the vendor at once, now. */
  concurrency(now: number): number {
    this.heed(now);
    while (this.limit < this.options.concurrency && now >= this.raiseAt) {
      this.limit += 1;
      this.raiseAt += RAISE_LIMIT_AFTER_MS;
    }
    return this.limit;
  }

  /** When one more may be with the vendor (milliseconds); infinite when all may that are allowed. */
  raisesAt(now: number): number {
    return this.concurrency(now) < this.options.concurrency ? this.raiseAt : Number.POSITIVE_INFINITY;
  }

  mayCall(now: number): boolean {
    return this.nextCallAt(now) <= now;
  }

  /** When the next create call may be made: now or later. */
  nextCallAt(now: number): number {
    this.heed(now);
    if (this.silences > 0 && this.probe !== undefined) return now + PROBE_LOOK_MS;
    return Math.max(this.restUntil, this.silentUntil, this.window.nextAt(now));
  }

  /** A create call is on its way. */
  called(now: number): void {
    this.window.called();
    if (this.silences > 0) this.probe = now;
  }

  /** The call was answered, given up, or not made after all. */
  landed(now: number, calledAt: number): void {
    this.window.landed(now);
    if (this.probe === calledAt) this.probe = undefined;
  }

  /** A create was answered, whatever the vendor said: it is back. */
  answered(): void {
    this.silences = 0;
    this.silentUntil = NEVER;
    this.probe = undefined;
  }

  /** The vendor had no room for a task it had taken: half as many at once, and one more each half minute. */
  throttled(now: number): void {
    // The limit as it is by now, which may have risen since anybody asked.
    const limit = this.concurrency(now);
    // One overload comes as many refusals.
    if (now >= this.throttledUntil) this.limit = Math.max(1, Math.floor(limit / 2));
    this.raiseAt = now + RAISE_LIMIT_AFTER_MS;
    this.throttledUntil = now + THROTTLED_PAUSE_MS;
    this.rest(now);
  }

  /** The vendor refused a call because there were too many: a breath, which says nothing of tasks at once. */
  rest(now: number): void {
    this.restUntil = Math.max(this.restUntil, now + THROTTLED_PAUSE_MS);
  }

  /** The vendor answered a call with a failure of its own or not at all: hold everything, longer each time. */
  silent(now: number, calledAt: number): void {
    this.heed(now);
    // One outage is met by all calls in the air: those that left before it was found say nothing new.
    if (calledAt <= this.silentSince) return;
    const pauseMs = Math.min(SILENCE_PAUSE_FIRST_MS * 2 ** this.silences, SILENCE_PAUSE_MAX_MS);
    this.silences += 1;
    this.silentSince = now;
    this.silentUntil = now + pauseMs;
  }

  /** Until when calls are held back because the vendor does not answer; null when they are not. */
  holdingUntil(now: number): number | null {
    return this.silences > 0 && this.silentUntil > now ? this.silentUntil : null;
  }

  /** Calls made just before a restart are forgotten here, not at the vendor. */
  recall(calledAt: number[]): void {
    this.window.recall(calledAt);
  }

  /** A clock that was set back must not make pauses longer than they may be. */
  private heed(now: number): void {
    if (this.silentSince > now) this.silentSince = NEVER;
    this.silentUntil = Math.min(this.silentUntil, now + SILENCE_PAUSE_MAX_MS);
    this.restUntil = Math.min(this.restUntil, now + THROTTLED_PAUSE_MS);
    this.throttledUntil = Math.min(this.throttledUntil, now + THROTTLED_PAUSE_MS);
    if (Number.isFinite(this.raiseAt)) this.raiseAt = Math.min(this.raiseAt, now + RAISE_LIMIT_AFTER_MS);
  }
}
