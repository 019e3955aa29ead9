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
  /**
   * Of it, from the arrival of the vendor's notification at the gateway on: the rest is the emulator's. Empty when no
   * notification came.
   */
  afterArrivalMs: number[];
  /** The most that were with the vendor at the same time. */
  mostInFlight: number;
  /** Clients whose stream ended without `COMPLETED`, or was still open after the plan's time. */
  untold: number;
  /** Tasks that the gateway did not know to be over when the last client was told, or the time was up. */
  open: number;
};

const MIN_GROUPS = 20;
const MIN_TASK_SECONDS = 0.05;
const MS_PER_SECOND = 1_000;
/** The vendor's record of the last end is complete a moment later. */
const SETTLE_MS = 100;

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
  const arrivals = await arrivalsAt(gateway);
  const afterArrivalMs = times.flatMap(({ id, completedAt }) => {
    const arrivedAt = arrivals.get(id);
    return completedAt === undefined || arrivedAt === undefined ? [] : [completedAt - arrivedAt];
  });
  const lagsMs = times.flatMap(({ id, completedAt }) => {
    const end = ends.get(id);
    return completedAt === undefined || end === undefined || end === null ? [] : [completedAt - end];
  });
  return {
    lagsMs: lagsMs.toSorted((a, b) => a - b),
    afterArrivalMs: afterArrivalMs.toSorted((a, b) => a - b),
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

/** When the first notification of each task came: milliseconds since the epoch. */
async function arrivalsAt({ database }: Gateway): Promise<Map<string, number>> {
  const { results } = await database
    .prepare("SELECT task_id AS id, min(received_at) AS at FROM events WHERE task_id IS NOT NULL GROUP BY task_id")
    .all<{ id: string; at: number }>();
  return new Map(results.map(({ id, at }) => [id, at]));
}
