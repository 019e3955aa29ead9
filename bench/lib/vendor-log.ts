import * as z from "zod";
import type { EmulatorClient } from "../../scripts/lib/emulator-client.ts";

/** One accepted create call, as the emulator saw it. Times are milliseconds of its clock. */
export type Dispatch = { id: string; attempt: number; createdAtMs: number; finishedAtMs: number | null };

const ONE_SECOND_MS = 1_000;

const dispatchList = z.array(
  z
    .looseObject({
      SessionId: z.string().regex(/^.{36}-\d+$/),
      created_at_ms: z.number(),
      finished_at_ms: z.number().nullable(),
    })
    .transform((task): Dispatch => {
      const split = task.SessionId.lastIndexOf("-");
      return {
        id: task.SessionId.slice(0, split),
        attempt: Number(task.SessionId.slice(split + 1)),
        createdAtMs: task.created_at_ms,
        finishedAtMs: task.finished_at_ms,
      };
    }),
);

/** What the vendor accepted, in the order of acceptance. */
export async function dispatchesAt(vendor: EmulatorClient): Promise<Dispatch[]> {
  return dispatchList.parse(await vendor.tasks());
}

/** How often a create call was refused at once for being one too many. */
export async function refusalsAt(vendor: EmulatorClient): Promise<number> {
  const calls = await vendor.calls();
  return Object.values(calls).reduce((sum, codes) => sum + (codes["RequestLimitExceeded"] ?? 0), 0);
}

/** The most that ran at the same time. */
export function mostAtOnce(dispatches: readonly Dispatch[]): number {
  const steps = dispatches
    .flatMap((task) => [
      { at: task.createdAtMs, step: 1 },
      { at: task.finishedAtMs ?? Number.POSITIVE_INFINITY, step: -1 },
    ])
    // Of two steps at one time the end comes first, as it does at the emulator.
    .toSorted((a, b) => a.at - b.at || a.step - b.step);
  let running = 0;
  let most = 0;
  for (const { step } of steps) most = Math.max(most, (running += step));
  return most;
}

/** The most that were created within any second, wherever it begins. */
export function mostInOneSecond(dispatches: readonly Dispatch[]): number {
  const times = dispatches.map((task) => task.createdAtMs).toSorted((a, b) => a - b);
  let first = 0;
  let most = 0;
  for (const [last, time] of times.entries()) {
    while ((times[first] ?? time) <= time - ONE_SECOND_MS) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

/** How many tasks the vendor has accepted more than once. */
export function acceptedAgain(dispatches: readonly Dispatch[]): number {
  const seen = new Map<string, number>();
  for (const { id } of dispatches) seen.set(id, (seen.get(id) ?? 0) + 1);
  return Array.from(seen.values()).filter((times) => times > 1).length;
}

/**
 * How many places a task is away from where it should stand, at the worst; infinite when one is missing.
 * Calls that are on their way at the same time may overtake each other, so a few places mean nothing.
 */
export function worstDisplacement(actual: readonly string[], expected: readonly string[]): number {
  const places = new Map(actual.map((id, place) => [id, place]));
  return expected.reduce(
    (worst, id, place) => Math.max(worst, Math.abs((places.get(id) ?? Number.POSITIVE_INFINITY) - place)),
    0,
  );
}
