/** A fact that must be the same on every machine, and whether it is. */
export type Check = { fact: string; value: number; rule: string; holds: boolean };

/** Something that depends on the machine. `value` is in `unit`. */
export type Measure = { name: string; value: number; unit: "s" | "ms" | "µs" | "MB" | "bytes" | "x" | "1/s" };

export type Outcome = { checks: Check[]; measures: Measure[] };

export function exactly(fact: string, value: number, expected: number): Check {
  return { fact, value, rule: `= ${expected}`, holds: value === expected };
}

export function atMost(fact: string, value: number, limit: number): Check {
  return { fact, value, rule: `≤ ${limit}`, holds: value <= limit };
}

export function atLeast(fact: string, value: number, limit: number): Check {
  return { fact, value, rule: `≥ ${limit}`, holds: value >= limit };
}

/** @throws {RangeError} without values. */
export function median(values: readonly number[]): number {
  return percentile(values, 50);
}

/** @throws {RangeError} without values. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))];
  if (value === undefined) throw new RangeError("There is nothing to take a percentile of");
  return value;
}
