import type { Check } from "./checks.ts";
import type { Cell, Table, Target } from "./suite.ts";

const SIGNIFICANT_DIGITS = 3;

/** Whole numbers from a thousand on, else as many digits as mean something. */
export function figure(value: number): string {
  if (Number.isNaN(value)) return "–";
  const rounded = Math.abs(value) >= 1_000 ? Math.round(value) : Number(value.toPrecision(SIGNIFICANT_DIGITS));
  return rounded.toLocaleString("en", { maximumSignificantDigits: 21 });
}

export function cellText(cell: Cell): string {
  return typeof cell === "number" ? figure(cell) : cell;
}

/** Columns are as wide as they must be; a column of numbers only is aligned to the right. */
export function markdownTable({ columns, rows }: Pick<Table, "columns" | "rows">): string {
  const texts = rows.map((row) => columns.map((_, column) => escaped(cellText(row[column] ?? ""))));
  const titles = columns.map(escaped);
  const widths = titles.map((title, column) => Math.max(title.length, ...texts.map((row) => row[column]?.length ?? 0)));
  const numeric = columns.map((_, column) => rows.length > 0 && rows.every((row) => typeof row[column] === "number"));
  const line = (cells: readonly string[]) =>
    `| ${cells
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return numeric[column] ? cell.padStart(width) : cell.padEnd(width);
      })
      .join(" | ")} |`;
  const rule = widths.map((width, column) => (numeric[column] ? `${"-".repeat(width - 1)}:` : "-".repeat(width)));
  return [line(titles), line(rule), ...texts.map(line)].join("\n");
}

export function checkTable(checks: readonly Check[]): Pick<Table, "columns" | "rows"> {
  return {
    columns: ["fact", "value", "must be", "holds"],
    rows: checks.map(({ fact, value, rule, holds }) => [fact, value, rule, holds ? "yes" : "NO"]),
  };
}

export function targetTable(targets: readonly Target[]): Pick<Table, "columns" | "rows"> {
  return {
    columns: ["target", "value", "aim", "reached"],
    rows: targets.map(({ name, value, unit, rule, reached }) => [
      name,
      `${figure(value)} ${unit}`.trim(),
      rule,
      reached ? "yes" : "no",
    ]),
  };
}

function escaped(text: string): string {
  return text.replaceAll("|", "\\|");
}
