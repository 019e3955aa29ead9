import { setTimeout as sleep } from "node:timers/promises";
import { submitAtOnce, type Target } from "./client.ts";
import type { EmulatedField } from "./emulated-field.ts";
import type { Gateway } from "./gateway.ts";
import { dispatchesAt, mostAtOnce } from "./vendor-log.ts";
import { watch, type Watcher } from "./watcher.ts";

/** Tasks that are with the vendor together, each watched by a client of its own over an event stream. */
export type FlightPlan = {
  tasks: number;
  /** Submitted at once and alike, at most: larger groups are submitted sooner, and end in bursts. */
  groupTasks: number;
  /**
   * How long the next group of tasks takes at the vendor: seconds.
   * @param group the share of the tasks that is submitted already, from 0 to below 1
   * @param elapsedSeconds since the first submission
   */
  taskSeconds: (group: number, elapsedSeconds: number) => number;
  timeoutMs: number;
};

export type Flight = {
  /** From the vendor's end of each task to its client's reading of `COMPLETED`: milliseconds, ascending. */
  lagsMs: number[];
  /** Of it, from the gateway's own end of the task on: what comes before is the notification's way and the re-read. */
  afterEndMs: number[];
  /** The most that were with the vendor at the same time. */
  mostInFlight: number;
  /** Clients whose stream ended without `COMPLETED`, or was still open after the plan's time. */
  untold: number;
  /** Tasks that the record did not have a moment after the last client was told, or the time was up. */
  open: number;
};

const MIN_GROUPS = 20;
const MIN_TASK_SECONDS = 0.05;
const MS_PER_SECOND = 1_000;
/** The vendor's record of the last end is complete a moment later, and so is the gateway's. */
const SETTLE_MS = 500;

/** The emulator holds no other tasks than these, and has as many slots. */
export async function fly(
  { vendor, gateway }: Pick<EmulatedField<never>, "vendor" | "gateway">,
  { tasks, groupTasks, taskSeconds, timeoutMs }: FlightPlan,
): Promise<Flight> {
  const signal = AbortSignal.timeout(timeoutMs);
  const began = performance.now();
  const perGroup = Math.min(groupTasks, Math.ceil(tasks / MIN_GROUPS));
  const watched: { id: string; watcher: Watcher }[] = [];
  while (watched.length < tasks) {
    const seconds = taskSeconds(watched.length / tasks, (performance.now() - began) / MS_PER_SECOND);
    await vendor.configure({ task_seconds: Math.max(MIN_TASK_SECONDS, seconds) });
    const group = await watchedGroup(gateway, Math.min(perGroup, tasks - watched.length), signal);
    watched.push(...group);
  }
  const times = await Promise.all(
    watched.map(async ({ id, watcher }) => ({ id, completedAt: await watcher.completed.catch(() => undefined) })),
  );
  await sleep(SETTLE_MS);
  const dispatches = await dispatchesAt(vendor);
  const ends = new Map(dispatches.map(({ id, finishedAtMs }) => [id, finishedAtMs]));
  const ended = await endsAt(gateway);
  const afterEndMs = times.flatMap(({ id, completedAt }) => {
    const endedAt = ended.get(id);
    return completedAt === undefined || endedAt === undefined ? [] : [completedAt - endedAt];
  });
  const lagsMs = times.flatMap(({ id, completedAt }) => {
    const end = ends.get(id);
    return completedAt === undefined || end === undefined || end === null ? [] : [completedAt - end];
  });
  return {
    lagsMs: lagsMs.toSorted((a, b) => a - b),
    afterEndMs: afterEndMs.toSorted((a, b) => a - b),
    mostInFlight: mostAtOnce(dispatches),
    untold: tasks - lagsMs.length,
    open: await gateway.openTasks(),
  };
}

async function watchedGroup(target: Target, count: number, signal: AbortSignal) {
  const submitted = await submitAtOnce(target, count);
  const group = submitted.map(({ id }) => ({ id, watcher: watch(target, id, signal) }));
  await Promise.all(group.map(({ watcher }) => watcher.opened));
  return group;
}

/** When the gateway noted each task's end: milliseconds since the epoch. */
async function endsAt({ database }: Gateway): Promise<Map<string, number>> {
  const { results } = await database
    .prepare("SELECT id, finished_at AS at FROM tasks")
    .all<{ id: string; at: number }>();
  return new Map(results.map(({ id, at }) => [id, at]));
}
