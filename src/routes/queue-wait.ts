import type { QueueReport } from "../tasks/contract.ts";

/** What one task takes at the vendor, for guesses at when others start. */
const SECONDS_PER_TASK = 120;

/** How long a task submitted now is likely to wait for its start: whole seconds. */
export function secondsUntilStart({ waiting, running, concurrency }: QueueReport): number {
  const ahead = waiting + running - concurrency + 1;
  return ahead <= 0 ? 0 : secondsForQueue(ahead, concurrency);
}

/** How long the vendor is likely to take for `tasks` of the queue: whole seconds. */
export function secondsForQueue(tasks: number, concurrency: number): number {
  return Math.ceil((tasks * SECONDS_PER_TASK) / concurrency);
}
