import type { Outcome } from "../lib/checks.ts";
import { checkTable, figure, markdownTable } from "../lib/markdown.ts";
import type { Table } from "../lib/suite.ts";

export type ScenarioReport = { title: string; size: Record<string, unknown> } & Outcome;

/** All facts of the dispatcher's scenarios, as Markdown: what does not depend on the machine. */
export function scenariosDocument(all: readonly ScenarioReport[], at: Date): string {
  return [
    "# The dispatcher: facts",
    `Written by \`npm run bench\` on ${at.toISOString().slice(0, "yyyy-mm-dd".length)}. Gateway and vendor ran on one machine.`,
    ...all.flatMap(({ title, size, checks }) => [`## ${title}`, sizeLine(size), markdownTable(checkTable(checks))]),
  ]
    .join("\n\n")
    .concat("\n");
}

/** What a scenario measured: what depends on the machine. */
export function measureTable({ title, size, measures }: ScenarioReport): Table {
  return {
    title,
    note: sizeLine(size),
    columns: ["measure", "value"],
    rows: measures.map(({ name, value, unit }) => [name, `${figure(value)} ${unit}`]),
  };
}

export function sizeLine(size: Record<string, unknown>): string {
  return Object.entries(size)
    .map(([name, value]) => `${name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)} ${String(value)}`)
    .join(", ");
}
