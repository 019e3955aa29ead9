/*
 * A model, in virtual time, of the polling that new-api publishes: one loop sleeps, then asks about every task that is not
 * over, one after the other with a pause for each (its issue #5717 has the pauses and the length of the rounds).
 */

const PAUSE_BETWEEN_SWEEPS_MS = 15_000;
const PAUSE_PER_TASK_MS = 1_000;
/** A sweep takes up no more (`TASK_QUERY_LIMIT`). */
const MAX_TASKS_OF_SWEEP = 1_000;

/** How long a sweep over so many tasks takes: milliseconds. */
export function sweepMilliseconds(tasks: number): number {
  return Math.min(tasks, MAX_TASKS_OF_SWEEP) * PAUSE_PER_TASK_MS;
}

/**
 * How long after its end each task is found to be over: milliseconds, in the order of `ends`.
 * @param ends when each task ends, of tasks that are there from 0 on
 */
export function pollingLags(ends: readonly number[]): number[] {
  const lags: number[] = [];
  let open = ends.map((end, index) => ({ end, index }));
  for (let now = 0; open.length > 0;) {
    now += PAUSE_BETWEEN_SWEEPS_MS;
    const found = new Set<number>();
    for (const { end, index } of open.slice(0, MAX_TASKS_OF_SWEEP)) {
      now += PAUSE_PER_TASK_MS;
      if (end > now) continue;
      lags[index] = now - end;
      found.add(index);
    }
    open = open.filter(({ index }) => !found.has(index));
  }
  return lags;
}
