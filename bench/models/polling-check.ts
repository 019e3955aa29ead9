import { type Check, exactly } from "../lib/checks.ts";
import { type LagFigures, lagFigures } from "../lib/lag-figures.ts";
import { pollingLags, sweepMilliseconds } from "./new-api-polling.ts";
import { virtualEnds } from "./virtual-tasks.ts";

/** The length of a round as new-api's issue #5717 reports it: minutes, rounded to a tenth. */
const REPORTED_ROUNDS = [
  { tasks: 100, minutes: 1.7 },
  { tasks: 500, minutes: 8.3 },
  { tasks: 1_000, minutes: 16.7 },
];

/** An earlier, independent model of the same polling, one run each: seconds of lag (peers' study, §7). */
const EARLIER_MODEL = [
  { tasks: 50, p50: 29, p95: 59, most: 64 },
  { tasks: 100, p50: 52, p95: 110, most: 114 },
  { tasks: 500, p50: 247, p95: 489, most: 515 },
  { tasks: 1_000, p50: 502, p95: 964, most: 1_015 },
];
/** That one drew its ends by chance. */
const TOLERANCE = 0.1;

/** One run has too few tasks for a percentile: as many runs as make up this number. */
const SAMPLES = 2_000;
const MS_PER_MINUTE = 60_000;

/** Lags of the modelled polling with so many tasks in flight. */
export function modelledPolling(tasks: number): LagFigures {
  const runs = Math.max(1, Math.ceil(SAMPLES / tasks));
  return lagFigures(Array.from({ length: runs }, (_, run) => pollingLags(virtualEnds(tasks, run))).flat());
}

/** Whether the model is what it claims to be. */
export function pollingChecks(): Check[] {
  const otherRounds = REPORTED_ROUNDS.filter(
    ({ tasks, minutes }) => (sweepMilliseconds(tasks) / MS_PER_MINUTE).toFixed(1) !== minutes.toFixed(1),
  );
  const farOff = EARLIER_MODEL.flatMap(({ tasks, ...known }) => {
    const own = modelledPolling(tasks);
    const names = ["p50", "p95", "most"] as const;
    return names.filter((name) => Math.abs(own[name] - known[name]) > known[name] * TOLERANCE);
  });
  return [
    exactly("rounds of the polling model that differ from those reported in new-api's #5717", otherRounds.length, 0),
    exactly("figures of the polling model more than 10 % off an independent one", farOff.length, 0),
  ];
}
