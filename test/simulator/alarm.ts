import type { Clock, Planned } from "./clock.ts";
import type { Fate } from "./fate.ts";

const LATE_MAX_MS = 30_000;
/** A timer never fires twice within the same millisecond. */
const MIN_MS = 1;
/** Woken so often within a second for nothing, it burns what it should save. */
const IDLE_MAX = 100;
const IDLE_WITHIN_MS = 1_000;

/** A life's timer: set to a time of the object's own clock, which may jump. */
export class Alarm {
  /** By the object's clock; infinite when it is not set. */
  at = Number.POSITIVE_INFINITY;
  private planned: Planned | undefined;
  /** When it last had something done, and how often it rang for nothing since. */
  private usefulAt: number;
  private idle = 0;
  private readonly clock: Clock;
  private readonly fate: Fate;
  private readonly skewMs: () => number;
  private readonly ring: () => void;

  constructor(parts: { clock: Clock; fate: Fate; skewMs: () => number; ring: () => void }) {
    this.clock = parts.clock;
    this.fate = parts.fate;
    this.skewMs = parts.skewMs;
    this.ring = parts.ring;
    this.usefulAt = this.clock.now;
  }

  set(at: number): void {
    this.stop();
    this.at = at;
    if (!Number.isFinite(at)) return;
    const { clock, fate } = this;
    const late = fate.strikes("alarm_late", "alarm") ? fate.between("alarm", 1, LATE_MAX_MS) : 0;
    const due = Math.max(at - this.skewMs(), clock.now + MIN_MS) + late;
    this.planned = clock.at(due, () => {
      this.at = Number.POSITIVE_INFINITY;
      this.idle += 1;
      this.ring();
    });
  }

  /** The object's clock was set. */
  reset(): void {
    this.set(this.at);
  }

  stop(): void {
    this.planned?.cancel();
    this.planned = undefined;
  }

  /** A turn is over. */
  turned(useful: boolean): void {
    if (!useful && this.clock.now - this.usefulAt < IDLE_WITHIN_MS) return;
    this.usefulAt = this.clock.now;
    this.idle = 0;
  }

  /** Whether it rings for nothing, over and over. */
  get spins(): boolean {
    return this.idle > IDLE_MAX && this.clock.now - this.usefulAt < IDLE_WITHIN_MS;
  }
}
