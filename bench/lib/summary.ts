import type { Check } from "./checks.ts";
import { type Machine, machineLine } from "./machine.ts";
import { cellText, checkTable, markdownTable, targetTable } from "./markdown.ts";
import type { Cell, Table, Target } from "./suite.ts";

/** A suite's result as its JSON file has it, without the rounds. */
export type StoredSuite = {
  name: string;
  title: string;
  method: string;
  generated_at: string;
  machine: Machine;
  facts: Check[];
  targets: Target[];
  tables: (Omit<Table, "note"> & { note?: string | undefined })[];
  charts: { file: string; title: string }[];
  documents: { file: string; title: string }[];
};

/** The page over all results: first what was aimed at, then a section for each suite. Markdown. */
export function summary(suites: readonly StoredSuite[], missing: readonly string[]): string {
  return [
    "# Measured",
    "Written by `npm run bench`. Everything ran on one machine over loopback, one thing beside the other: compare figures of one table with each other, not with those of other machines.",
    ...targetsOverview(suites),
    ...brokenFacts(suites),
    ...suites.flatMap(section),
    ...(missing.length > 0 ? [`Without a result so far: ${missing.join(", ")}.`] : []),
  ]
    .join("\n\n")
    .concat("\n");
}

function targetsOverview(suites: readonly StoredSuite[]): string[] {
  const all = suites.flatMap(({ targets }) => targets);
  if (all.length === 0) return [];
  const reached = all.filter((target) => target.reached).length;
  const table = bySuite(suites, ({ targets }) => targetTable(targets));
  return ["## Targets", `${reached} of ${all.length} reached.`, table];
}

function brokenFacts(suites: readonly StoredSuite[]): string[] {
  if (suites.every(({ facts }) => facts.every(({ holds }) => holds))) return [];
  const table = bySuite(suites, ({ facts }) => checkTable(facts.filter(({ holds }) => !holds)));
  return ["## Facts that did not hold", table];
}

/** One table of all suites' tables, which have the same columns. */
function bySuite(
  suites: readonly StoredSuite[],
  tableOf: (suite: StoredSuite) => Pick<Table, "columns" | "rows">,
): string {
  const tables = suites.map((suite) => ({ name: suite.name, ...tableOf(suite) }));
  const rows = tables.flatMap(({ name, rows: own }) => own.map((row): Cell[] => [name].concat(row.map(cellText))));
  return markdownTable({ columns: ["suite", ...(tables[0]?.columns ?? [])], rows });
}

function section(suite: StoredSuite): string[] {
  const { title, method, generated_at: at, machine, facts, tables, charts, documents } = suite;
  const held = facts.filter(({ holds }) => holds).length;
  return [
    `## ${title}`,
    method,
    `${at.slice(0, "yyyy-mm-dd".length)}, ${machineLine(machine)}.${facts.length > 0 ? ` ${held} of ${facts.length} facts held.` : ""}`,
    ...tables.flatMap(tableSection),
    ...charts.map((chart) => `![${chart.title}](${chart.file})`),
    ...documents.map((document) => `[${document.title}](${document.file})`),
  ];
}

function tableSection(table: StoredSuite["tables"][number]): string[] {
  const heading = `### ${table.title}`;
  return table.note ? [heading, table.note, markdownTable(table)] : [heading, markdownTable(table)];
}
