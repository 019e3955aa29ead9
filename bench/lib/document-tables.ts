import { markdownTable, targetTable } from "./markdown.ts";
import type { StoredSuite } from "./summary.ts";

/** `<!-- bench SUITE: TABLE -->`, the table, `<!-- end -->`; the table is "targets" or one by its title. */
const PLACE = /(<!-- bench ([\w-]+): (.+?) -->\n)[\s\S]*?(<!-- end -->)/g;

/**
 * A text with its tables renewed, where it has places for them. A table of a suite that has no result stays as it is.
 * @throws {RangeError} when a suite has no table of that title
 */
export function withTables(text: string, suites: readonly StoredSuite[]): string {
  return text.replaceAll(PLACE, (place: string, begin: string, name: string, title: string, end: string) => {
    const suite = suites.find((one) => one.name === name);
    return suite ? `${begin}\n${tableOf(suite, title)}\n\n${end}` : place;
  });
}

function tableOf({ name, targets, tables }: StoredSuite, title: string): string {
  if (title === "targets") return markdownTable(targetTable(targets));
  const table = tables.find((one) => one.title === title);
  if (!table) throw new RangeError(`The suite ${name} has no table "${title}"`);
  return markdownTable(table);
}
