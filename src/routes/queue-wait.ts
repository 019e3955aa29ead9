import type { QueueReport } from "../tasks/contract.ts";

/** What one task takes at the vendor, for guesses at when others start. */
const SECONDS_PER_TASK = 120;

/** How long a task submitted now is likely to wait for its start: whole seconds. */
export function secondsUntilStart({ waiting, running, concurrency }: QueueReport): number {
  const ahead = waiting + running - concurrency + 1;
  return ahead <= 0 ? 0 : secondsForQueue(ahead, concurrency);
}

const MINUTE_SECONDS = 60;
/** What a wait is told in to who may not know how long the queue is: minutes. */
const STEPS_MINUTES = [0, 1, 2, 5, 10, 20, 30, 60, 120, 240, 480, 1_440, 2_880, 4_320];

/** A wait that does not give the length of the queue away: the next of a few steps. */
export function roughly(seconds: number): number {
  const minutes = STEPS_MINUTES.find((step) => step * MINUTE_SECONDS >= seconds) ?? STEPS_MINUTES.at(-1) ?? 0;
  return minutes * MINUTE_SECONDS;
}

/** How long the vendor is likely to take for `tasks` of the queue: whole seconds. */
export function secondsForQueue(tasks: number, concurrency: number): number {
  return Math.ceil((tasks * SECONDS_PER_TASK) / concurrency);
}
