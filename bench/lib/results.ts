import { spawn } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import * as z from "zod";
import { ROOT } from "../../scripts/lib/paths.ts";
import { withTables } from "./document-tables.ts";
import { machineSchema, thisMachine } from "./machine.ts";
import { type StoredSuite, summary } from "./summary.ts";
import type { Suite, SuiteResult } from "./suite.ts";

export const RESULTS_DIR = join(ROOT, "bench/results");
const DOCUMENT_FILE = join(ROOT, "docs/performance.md");

/** Beyond these there is only noise. */
const STORED_DIGITS = 6;
const SUMMARY_FILE = join(RESULTS_DIR, "README.md");

const cell = z.union([z.string(), z.number()]);
// JSON has no NaN: a figure that could not be had is null there.
const figureOrNone = z
  .number()
  .nullable()
  .transform((value) => value ?? Number.NaN);

const storedSuite = z.object({
  name: z.string(),
  title: z.string(),
  method: z.string(),
  generated_at: z.iso.datetime(),
  machine: machineSchema,
  facts: z.array(z.object({ fact: z.string(), value: figureOrNone, rule: z.string(), holds: z.boolean() })),
  targets: z.array(
    z.object({ name: z.string(), value: figureOrNone, unit: z.string(), rule: z.string(), reached: z.boolean() }),
  ),
  tables: z.array(
    z.object({
      title: z.string(),
      note: z.string().optional(),
      columns: z.array(z.string()),
      rows: z.array(z.array(cell.nullable().transform((value) => value ?? Number.NaN))),
    }),
  ),
  charts: z.array(z.object({ file: z.string(), title: z.string() })),
  documents: z.array(z.object({ file: z.string(), title: z.string() })),
});

/** Writes a suite's JSON, charts and documents. @returns the names of the files */
export async function writeSuite(suite: Suite, result: SuiteResult): Promise<string[]> {
  await mkdir(RESULTS_DIR, { recursive: true });
  const { facts, targets, tables, charts, documents = [], raw } = result;
  const stored = {
    name: suite.name,
    title: suite.title,
    method: suite.method,
    generated_at: new Date().toISOString(),
    machine: thisMachine(),
    facts,
    targets,
    tables,
    charts: charts.map(({ file, title }) => ({ file, title })),
    documents: documents.map(({ file, title }) => ({ file, title })),
    raw,
  };
  const files = [
    { file: `${suite.name}.json`, text: `${JSON.stringify(stored, shortNumbers, 2)}\n` },
    ...charts.map(({ file, svg }) => ({ file, text: svg })),
    ...documents.map(({ file, text }) => ({ file, text })),
  ];
  await Promise.all(files.map(({ file, text }) => writeFile(join(RESULTS_DIR, file), text)));
  const names = files.map(({ file }) => file);
  await format(names.filter((name) => /\.(json|md)$/.test(name)).map((name) => join(RESULTS_DIR, name)));
  return names;
}

/**
 * Makes the summary of all suites from the files that are there, in the order of `names`, and renews the tables in the
 * document that shows some of them.
 * @returns the names of suites that have no file, or one of an earlier form
 */
export async function writeSummary(names: readonly string[]): Promise<string[]> {
  const present = new Set(await readdir(RESULTS_DIR));
  const stored: StoredSuite[] = [];
  const missing: string[] = [];
  for (const name of names) {
    const file = `${name}.json`;
    const text = present.has(file) ? await readFile(join(RESULTS_DIR, file), "utf8") : "{}";
    const parsed = storedSuite.safeParse(JSON.parse(text));
    if (parsed.success) stored.push(parsed.data);
    else missing.push(name);
  }
  await writeFile(SUMMARY_FILE, summary(stored, missing));
  await writeFile(DOCUMENT_FILE, withTables(await readFile(DOCUMENT_FILE, "utf8"), stored));
  await format([SUMMARY_FILE, DOCUMENT_FILE]);
  return missing;
}

function shortNumbers(_name: string, value: unknown): unknown {
  return typeof value === "number" && Number.isFinite(value) && !Number.isInteger(value)
    ? Number(value.toPrecision(STORED_DIGITS))
    : value;
}

/** As the repository's formatter would have them, so that a new result is not a change of form as well. */
async function format(files: readonly string[]): Promise<void> {
  const require = createRequire(import.meta.url);
  const formatter = join(dirname(require.resolve("oxfmt/package.json")), "bin/oxfmt");
  const child = spawn(process.execPath, [formatter, ...files], {
    cwd: ROOT,
    stdio: "ignore",
  });
  const code = await new Promise((resolve, reject) => child.once("error", reject).once("close", resolve));
  if (code !== 0) throw new Error(`The formatter refuses ${files.join(", ")}`);
}
