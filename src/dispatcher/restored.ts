import type { LookOutcome } from "./effects.ts";
import { attemptOf, VENDOR_MEMORY_MS } from "./session-id.ts";

/** An object that was set back to an earlier time (point-in-time recovery), and has forgotten what came after it. */
export type Restored = {
  /** Rises with each restore; noted as reached when all doubts are resolved. */
  epoch: number;
  /** Milliseconds: the time it was set back to. */
  to: number;
  /** Milliseconds: when the life that forgot ended. */
  at: number;
};

/** One look at a time, each of so much of the forgotten time: at the vendor's 20 creates a second, well within one scan. */
const SLICE_MS = 5 * 60 * 1000;
const RETRY_MS = 5_000;

/**
 * What a restored object does before anything else: the vendor's list of the forgotten time is read from end to end, and
 * until that is done every task that is not known to be with the vendor is held, because it may have been sent by the life
 * that is forgotten.
 */
export class RestoreScan {
  readonly epoch: number;
  private readonly held = new Map<string, number>();
  /** The latest attempt of each held task that the vendor has, and its task. */
  private readonly found = new Map<string, { attempt: number; vendorTaskId: string }>();
  /** With the vendor, as far as is known here; each is to be read once before its attempt counts as the latest. */
  private readonly unread = new Set<string>();
  private readonly at: number;
  private readonly end: number;
  private from: number;
  private retryAt = 0;
  /** Milliseconds: what was sent before this time and forgotten cannot be found any more. */
  blindUntil = 0;
  private look: { name: number; to: number } | undefined;

  /** @param settleMs how long after its call the vendor may still make a task */
  constructor({ epoch, to, at }: Restored, settleMs: number) {
    this.epoch = epoch;
    this.from = to;
    this.at = at;
    this.end = at + settleMs;
  }

  /**
   * The task must not be sent before the scan has shown that it is not there. Who is held while the scan runs was with
   * the vendor when it began, so that no later attempt of it was made before: nothing needs to be looked at again.
   * @param doubtFrom when it was called, if it was in doubt already: the scan begins there
   */
  hold(id: string, attempt: number, doubtFrom: number | null = null): void {
    this.held.set(id, attempt);
    if (doubtFrom !== null) this.from = Math.min(this.from, doubtFrom);
  }

  holds(id: string): boolean {
    return this.held.has(id);
  }

  awaitReading(id: string): void {
    this.unread.add(id);
  }

  wasRead(id: string): void {
    this.unread.delete(id);
  }

  /** When the next slice may be looked at (milliseconds); infinite while one is, and when all are. */
  nextAt(): number {
    // Each reading may hold a task more: what is held is known before the first look.
    const ready = this.unread.size === 0 && this.look === undefined && this.from < this.end;
    if (!ready) return Number.POSITIVE_INFINITY;
    // What was called last may appear until then, in every slice that goes beyond the forgotten life.
    const settling = this.from + SLICE_MS > this.at;
    return Math.max(this.retryAt, settling ? this.end : 0);
  }

  /** The slice to look at now. @param look names the look, for {@link looked} */
  slice(look: number, now: number): { everyAttemptOf: string[]; sessionIds: string[]; from: number; to: number } {
    // Older tasks are gone from the vendor's list: whether there were any, nobody can say any more.
    const known = now - VENDOR_MEMORY_MS;
    if (this.from < known) this.from = this.blindUntil = known;
    const to = Math.min(this.from + SLICE_MS, this.end);
    this.look = { name: look, to };
    return { everyAttemptOf: Array.from(this.held.keys()), sessionIds: [], from: this.from, to };
  }

  /** @returns false when the look was not one of this scan's */
  looked(look: number, outcome: LookOutcome, now: number): boolean {
    if (look !== this.look?.name) return false;
    const { to } = this.look;
    this.look = undefined;
    for (const [sessionId, vendorTaskId] of Object.entries(outcome.found)) {
      const { id, attempt } = attemptOf(sessionId);
      // A later attempt was made only because the vendor had no room for the one before: the latest is the one that counts.
      if (attempt >= (this.found.get(id)?.attempt ?? 0)) this.found.set(id, { attempt, vendorTaskId });
    }
    if (outcome.complete) this.from = to;
    else this.retryAt = now + RETRY_MS;
    return true;
  }

  /** Whether everything is known that can be known. */
  get complete(): boolean {
    return this.from >= this.end && this.look === undefined && this.unread.size === 0;
  }

  /** Lets go of some tasks: each with what was found of it, if anything. Only when {@link complete}. */
  release(limit: number): { id: string; found?: { vendorTaskId: string; attempt: number } }[] {
    const released = Array.from(this.held).slice(0, limit);
    return released.map(([id, attempt]) => {
      this.held.delete(id);
      const found = this.found.get(id);
      // Of an earlier attempt this object knows what came of it.
      return found && found.attempt >= attempt ? { id, found } : { id };
    });
  }

  get empty(): boolean {
    return this.held.size === 0;
  }
}

/** By how much the attempt of a task rises that was called and not found: its next SessionId is one nobody has used. */
export const RESTORED_STEPS = 5;
