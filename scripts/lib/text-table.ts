/** Rows under the names of the first row's members, in columns as wide as they must be. */
export function textTable(rows: readonly Record<string, string>[]): string {
  const columns = Object.keys(rows[0] ?? {}).map((title) => {
    const cells = [title, ...rows.map((row) => row[title] ?? "")];
    const width = Math.max(...cells.map((cell) => cell.length));
    return cells.map((cell) => cell.padEnd(width));
  });
  return ["", ...rows]
    .map((_, line) =>
      columns
        .map((cells) => cells[line])
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
