/** What is on record of tasks of this kind: ready 130 to 150 seconds after they were submitted (peers' study, §7). */
const READY_FROM_MS = 130_000;
const READY_SPREAD_MS = 20_000;

/** Its multiples, without their whole parts, fill the range from 0 to 1 evenly and in no order: chance that repeats itself. */
const GOLDEN_RATIO = (1 + Math.sqrt(5)) / 2;

/**
 * When each of so many tasks ends that were all submitted at 0: milliseconds.
 * @param repetition other ends for each
 */
export function virtualEnds(tasks: number, repetition: number): number[] {
  const first = repetition * tasks;
  return Array.from({ length: tasks }, (_, index) => {
    const share = ((first + index) * GOLDEN_RATIO) % 1;
    return READY_FROM_MS + share * READY_SPREAD_MS;
  });
}
