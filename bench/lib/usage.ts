import { combined, type Counts, type Operations, scaled } from "./counts.ts";
import type { Usage } from "./prices.ts";
import { LIVE_PHASES, type LivePhase, type Naming, type Phase } from "./task-phases.ts";

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
  /** Of Worker and object in each phase of one task's life; of forgetting it next to nothing, for it goes in batches. */
  cpuMs: Record<LivePhase, number>;
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
    cpuMs: LIVE_PHASES.reduce((sum, phase) => sum + measured.cpuMs[phase] * often[phase], 0),
    objectSeconds: seconds,
    storedByteMonths: measured.storedBytes * STORED_MONTHS,
  };
}

/** From the submission to the day on which it is forgotten: by D1, and by the object's own database. */
export function rowsWrittenInLife(life: Life): { record: number; object: number; all: number } {
  const record = Object.values(life).reduce((sum, { rowsWritten }) => sum + rowsWritten, 0);
  const object = Object.values(life).reduce((sum, { objectRowsWritten }) => sum + objectRowsWritten, 0);
  return { record, object, all: record + object };
}

function add(one: Operations, another: Operations): Operations {
  return combined(one, another, (a, b) => a + b);
}
