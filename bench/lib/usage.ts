import { combined, type Counts, type Operations, scaled } from "./counts.ts";
import type { Usage } from "./prices.ts";
import type { Naming, Phase } from "./task-phases.ts";

/** What a task of the vendor takes, most of them (reference: two and a half minutes). */
export const TASK_SECONDS = 150;
/** Tasks and their events are kept so long by default; the vendor's prices of storage are by the month. */
const STORED_MONTHS = 1;

/** Operations of one task in each phase. */
export type Life = Record<Phase, Operations>;

export type Measured = {
  lives: Record<Naming, Life>;
  /** As counted, for all tasks together. */
  statements: Record<Naming, Record<Phase, Counts>>;
  tasks: number;
  /** What the object does by itself in each second in which any task is in flight. */
  awakePerSecond: Operations;
  /** One run of the cron trigger with nothing to do. */
  cron: Operations;
  /** Of one task in each phase. */
  cpuMs: Record<Phase, number>;
  /** In D1, of one finished task. */
  storedBytes: number;
};

export type Habit = { naming: Naming; polls: number; inFlight: number };

/** How often a task goes through each phase. */
function times(polls: number): Record<Phase, number> {
  return { submit: 1, poll: polls, event: 1, result: 1, again: 0, deletion: 1 };
}

/**
 * What one task uses when so many are in flight at once. The object is taken to be in memory, and billed, all the time:
 * the platform does not bill what it could hibernate through, so this is the most it can be.
 */
export function usageOf(measured: Measured, { naming, polls, inFlight }: Habit): Usage {
  const often = times(polls);
  const phases = Object.entries(often) as [Phase, number][];
  const seconds = TASK_SECONDS / inFlight;
  const operations = phases
    .map(([phase, factor]) => scaled(measured.lives[naming][phase], factor))
    .reduce(add, scaled(measured.awakePerSecond, seconds));
  return {
    ...operations,
    cpuMs: phases.reduce((sum, [phase, factor]) => sum + measured.cpuMs[phase] * factor, 0),
    objectSeconds: seconds,
    storedByteMonths: measured.storedBytes * STORED_MONTHS,
  };
}

/** From the submission to the result; its deletion, a month later, is not in it. */
export function rowsWrittenInLife(life: Life): number {
  return life.submit.rowsWritten + life.event.rowsWritten + life.result.rowsWritten;
}

function add(one: Operations, another: Operations): Operations {
  return combined(one, another, (a, b) => a + b);
}
