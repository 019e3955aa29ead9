import { percentile } from "./checks.ts";

/** Lags of many tasks: seconds. */
export type LagFigures = { tasks: number; p50: number; p95: number; p99: number; most: number };

const MS_PER_SECOND = 1_000;

export function lagFigures(lagsMs: readonly number[]): LagFigures {
  const at = (percent: number) => percentile(lagsMs, percent) / MS_PER_SECOND;
  return {
    tasks: lagsMs.length,
    p50: at(50),
    p95: at(95),
    p99: at(99),
    most: lagsMs.reduce((most, lag) => Math.max(most, lag), 0) / MS_PER_SECOND,
  };
}
