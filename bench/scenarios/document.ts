import type { Measure, Outcome } from "../lib/checks.ts";
import { type Machine, machineLine } from "../lib/machine.ts";
import { checkTable, figure, markdownTable } from "../lib/markdown.ts";
import type { Table } from "../lib/suite.ts";

export type ScenarioReport = { title: string; size: Record<string, unknown> } & Outcome;

/** All facts and measures of the dispatcher's scenarios, as Markdown. */
export function scenariosDocument(all: readonly ScenarioReport[], machine: Machine, at: Date): string {
  return [
    "# The dispatcher, measured",
    `Written by \`npm run bench\` on ${at.toISOString().slice(0, "yyyy-mm-dd".length)}. Gateway and emulator ran in workerd on one machine.`,
    "## What does not depend on the machine",
    ...all.flatMap(({ title, size, checks }) => [`### ${title}`, sizeLine(size), markdownTable(checkTable(checks))]),
    "## What does",
    `${machineLine(machine)}.`,
    ...all
      .filter(({ measures }) => measures.length > 0)
      .flatMap(({ title, measures }) => [`### ${title}: times and memory`, markdownTable(measureTable(measures))]),
  ]
    .join("\n\n")
    .concat("\n");
}

export function measureTable(measures: readonly Measure[]): Pick<Table, "columns" | "rows"> {
  return {
    columns: ["measure", "value"],
    rows: measures.map(({ name, value, unit }) => [name, `${figure(value)} ${unit}`]),
  };
}

export function sizeLine(size: Record<string, unknown>): string {
  return Object.entries(size)
    .map(([name, value]) => `${name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)} ${String(value)}`)
    .join(", ");
}
