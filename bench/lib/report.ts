import { mkdir, writeFile } from "node:fs/promises";
import { availableParallelism, cpus, totalmem } from "node:os";
import { join } from "node:path";
import type { Check, Measure, Outcome } from "./checks.ts";

const BYTES_PER_GB = 1_000_000_000;
const SIGNIFICANT_DIGITS = 3;

export type ScenarioReport = { title: string; size: Record<string, unknown> } & Outcome;

export type Report = {
  generated_at: string;
  quick: boolean;
  machine: { platform: string; cpu: string; cores: number; memory_gb: number; node: string };
  scenarios: Record<string, ScenarioReport>;
};

export function newReport(quick: boolean): Report {
  return {
    generated_at: new Date().toISOString(),
    quick,
    machine: {
      platform: `${process.platform} ${process.arch}`,
      cpu: cpus()[0]?.model ?? "unknown",
      cores: availableParallelism(),
      memory_gb: Math.round(totalmem() / BYTES_PER_GB),
      node: process.version,
    },
    scenarios: {},
  };
}

/** Writes `NAME.json` and `NAME.md` into `folder`. */
export async function writeReport(folder: string, name: string, report: Report): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${name}.json`), `${JSON.stringify(report, null, 2)}\n`);
  await writeFile(join(folder, `${name}.md`), markdown(report));
}

function markdown({ generated_at: at, machine, scenarios }: Report): string {
  const all = Object.values(scenarios);
  return [
    "# The dispatcher, measured",
    `Written by \`npm run bench\` on ${at.slice(0, "yyyy-mm-dd".length)}. Gateway and emulator ran in workerd on one machine.`,
    "## What does not depend on the machine",
    ...all.flatMap(({ title, size, checks }) => [`### ${title}`, sizeLine(size), table(checks.map(checkRow))]),
    "## What does",
    `${machine.platform}, ${machine.cores} cores (${machine.cpu}), ${machine.memory_gb} GB, Node ${machine.node}.`,
    ...all
      .filter(({ measures }) => measures.length > 0)
      .flatMap(({ title, measures }) => [`### ${title}: times and memory`, table(measures.map(measureRow))]),
  ]
    .join("\n\n")
    .concat("\n");
}

export function checkRow({ fact, value, rule, holds }: Check): Record<string, string> {
  return { fact, value: String(value), "must be": rule, holds: holds ? "yes" : "NO" };
}

export function measureRow({ name, value, unit }: Measure): Record<string, string> {
  return { measure: name, value: `${figure(value)} ${unit}` };
}

function sizeLine(size: Record<string, unknown>): string {
  return Object.entries(size)
    .map(([name, value]) => `${name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)} ${String(value)}`)
    .join(", ");
}

/** Columns are as wide as they must be, which is how the formatter wants them. */
function table(rows: readonly Record<string, string>[]): string {
  const titles = Object.keys(rows[0] ?? {});
  const widths = titles.map((title) => Math.max(title.length, ...rows.map((row) => (row[title] ?? "").length)));
  const lines = [
    titles,
    widths.map((width) => "-".repeat(width)),
    ...rows.map((row) => titles.map((title) => row[title] ?? "")),
  ];
  return lines
    .map((cells) => `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`)
    .join("\n");
}

/** Whole numbers from a thousand on, else as many digits as mean something. */
function figure(value: number): string {
  const rounded = Math.abs(value) >= 1_000 ? Math.round(value) : Number(value.toPrecision(SIGNIFICANT_DIGITS));
  return rounded.toLocaleString("en");
}
