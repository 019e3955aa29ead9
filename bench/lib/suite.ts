import type { Check } from "./checks.ts";

/** What one suite is run with. */
export type SuiteContext = {
  /** A short run that shows that the suite works: few rounds, small sizes. Nothing of it is kept. */
  quick: boolean;
  /** The parts of {@link Suite.parts} that were asked for; all of them unless there was a choice. */
  parts: readonly string[];
  /** Folder of the built gateway and emulator, minified as a deploy would; what `startStack` and `bootGateway` take. */
  buildDir: string;
  /** Shows a line of progress. */
  say: (line: string) => void;
};

/** A side-by-side measurement, registered in `bench/run.ts`. */
export type Suite = {
  /** As on the command line and in the names of its files. */
  name: string;
  title: string;
  /** One sentence: what stands beside what, and how it is measured. */
  method: string;
  /** Names that `--only NAME/PART` takes; a run of some parts keeps nothing. */
  parts?: readonly string[];
  /** @throws when it cannot be measured; whatever it started has ended by then. */
  run: (context: SuiteContext) => Promise<SuiteResult>;
};

/** A cell of a table; numbers are written with as many digits as mean something. */
export type Cell = string | number;

/** `columns` carry their units, as "CPU (ms per request)". */
export type Table = { title: string; note?: string; columns: readonly string[]; rows: readonly (readonly Cell[])[] };

/** An aim. Missing it is reported and is no error. `value` is NaN when it could not be had. */
export type Target = { name: string; value: number; unit: string; rule: string; reached: boolean };

/** `file` is the file's name in the folder of results. */
export type Chart = { file: string; title: string; svg: string };

/** A further text beside the suite's JSON; `file` is its name in the folder of results. */
export type Document = { file: string; title: string; text: string };

export type SuiteResult = {
  /** What must hold on every machine. One that does not hold makes the whole run fail. */
  facts: readonly Check[];
  targets: readonly Target[];
  tables: readonly Table[];
  charts: readonly Chart[];
  documents?: readonly Document[];
  /** Every round's figures, for whoever wants to reckon again. JSON. */
  raw: unknown;
};

export function targetAtMost(name: string, value: number, limit: number, unit: string): Target {
  return { name, value, unit, rule: `≤ ${limit}`, reached: value <= limit };
}

export function targetAtLeast(name: string, value: number, limit: number, unit: string): Target {
  return { name, value, unit, rule: `≥ ${limit}`, reached: value >= limit };
}

export function targetExactly(name: string, value: number, expected: number, unit: string): Target {
  return { name, value, unit, rule: `= ${expected}`, reached: value === expected };
}
