import { createRandom, type Random } from "../faults/random.ts";

/** Every kind of trouble there is; a seed picks which of them happen in its world, and how often. */
export const FAULT_KINDS = [
  "create_lost",
  "create_answer_lost",
  "create_slow",
  "create_hangs",
  "create_refused",
  "create_throttled",
  "create_failed",
  "create_unsent",
  "read_fails",
  "read_slow",
  "look_fails",
  "look_incomplete",
  "abort_fails",
  "no_room",
  "task_fails",
  "task_empty",
  "task_aborted",
  "task_doubled",
  "event_lost",
  "event_late",
  "event_doubled",
  "event_forged",
  "vendor_away",
  "record_away",
  "record_fails",
  "record_answer_lost",
  "record_late",
  "remember_fails",
  "request_lost",
  "answer_lost",
  "alarm_late",
  "commit_slow",
  "crash_in_turn",
  "crash",
  "second_life",
  "clock_jump",
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];
export type FaultRates = Record<FaultKind, number>;

/**
 * All that is left to chance. Each decision is drawn for a name of its own, so that leaving out one order or one fault
 * changes no other decision: that is what makes a failing seed shrink.
 */
export class Fate {
  /** Every fault that happened, by name. */
  readonly struck: string[] = [];
  private readonly seed: number;
  private readonly rates: FaultRates;
  private readonly masked: ReadonlySet<string>;
  private readonly asked = new Map<string, number>();
  private ended = false;

  constructor(seed: number, rates: FaultRates, masked: ReadonlySet<string>) {
    this.seed = seed;
    this.rates = rates;
    this.masked = masked;
  }

  /** Numbers for this purpose; others when asked again. */
  random(purpose: string): Random {
    return createRandom(this.seed, this.unique(purpose));
  }

  between(purpose: string, least: number, most: number): number {
    return least >= most ? least : this.random(purpose).between(least, most);
  }

  strikes(kind: FaultKind, purpose: string): boolean {
    const name = this.unique(`${kind} ${purpose}`);
    const rate = this.rates[kind];
    if (this.ended || rate === 0 || this.masked.has(name)) return false;
    if (!createRandom(this.seed, name).chance(rate)) return false;
    this.struck.push(name);
    return true;
  }

  /** From now on everything goes well. */
  end(): void {
    this.ended = true;
  }

  get over(): boolean {
    return this.ended;
  }

  private unique(name: string): string {
    const times = this.asked.get(name) ?? 0;
    this.asked.set(name, times + 1);
    return times === 0 ? name : `${name} #${times + 1}`;
  }
}
