import { parseArgs } from "node:util";
import { STOP_SIGNALS } from "../scripts/lib/runtime.ts";
import { textTable } from "../scripts/lib/text-table.ts";
import { UsageError } from "../scripts/lib/usage-error.ts";
import { BENCH_BUILD_DIR, buildForBench } from "./lib/build.ts";
import { cellText, checkTable, targetTable } from "./lib/markdown.ts";
import { writeSuite, writeSummary } from "./lib/results.ts";
import type { Suite, SuiteResult, Table } from "./lib/suite.ts";
import { suite as cost } from "./suites/cost.ts";
import { suite as dispatcher } from "./suites/dispatcher.ts";
import { suite as growth } from "./suites/growth.ts";
import { suite as hostile } from "./suites/hostile.ts";
import { suite as lag } from "./suites/lag.ts";
import { suite as paidTasks } from "./suites/paid-tasks.ts";
import { suite as queue } from "./suites/queue.ts";
import { suite as reads } from "./suites/reads.ts";
import { suite as signing } from "./suites/signing.ts";
import { suite as submit } from "./suites/submit.ts";

/** In the order of running and of the summary. */
const SUITES: readonly Suite[] = [submit, signing, paidTasks, lag, queue, reads, growth, cost, dispatcher, hostile];

const HELP = `Measures the gateway beside what would be used instead of it, on this machine.

  npm run bench [-- OPTIONS]

  --only NAMES    these suites only, separated by commas; NAME/PART takes one part of a suite and writes no files
  --quick         few rounds and small sizes; writes no files
  --help          this text

Suites:
SUITES
Each suite writes bench/results/NAME.json and its charts; bench/results/README.md sums up all that is there, and
docs/performance.md shows some of it.
The exit code is 1 when a suite breaks or a fact does not hold; a target that is missed is only reported.
`;

const STOPPED_EXIT_CODE = 130;

type Choice = { suite: Suite; parts: readonly string[] };

async function run(choices: readonly Choice[], quick: boolean): Promise<void> {
  say("Building the Workers");
  await buildForBench(["gateway", "emulator"]);
  for (const { suite, parts } of choices) {
    say(`\n${suite.name}: ${suite.title}`);
    const whole = parts.length === 0;
    try {
      const result = await suite.run({
        quick,
        parts: whole ? (suite.parts ?? []) : parts,
        buildDir: BENCH_BUILD_DIR,
        say: (line) => say(`  ${line}`),
      });
      show(result);
      if (result.facts.some(({ holds }) => !holds)) process.exitCode = 1;
      if (!quick && whole) say(`Written: ${(await writeSuite(suite, result)).join(", ")}`);
    } catch (error) {
      process.stderr.write(`${suite.name}: ${error instanceof Error ? error.stack : String(error)}\n`);
      process.exitCode = 1;
    }
  }
  if (quick || choices.every(({ parts }) => parts.length > 0)) return;
  const missing = await writeSummary(SUITES.map(({ name }) => name));
  say(
    `\nWritten: README.md, docs/performance.md${missing.length > 0 ? `, without a result of ${missing.join(", ")}` : ""}`,
  );
}

function show({ tables, targets, facts }: SuiteResult): void {
  for (const table of tables) say(`\n${table.title}\n${plain(table)}`);
  if (targets.length > 0) say(`\n${plain(targetTable(targets))}`);
  if (facts.length > 0) say(`\n${plain(checkTable(facts))}`);
}

function plain({ columns, rows }: Pick<Table, "columns" | "rows">): string {
  return textTable(
    rows.map((row) => Object.fromEntries(columns.map((title, column) => [title, cellText(row[column] ?? "")]))),
  );
}

/** @throws {UsageError} for a name that is none */
function chosen(only: string | undefined): Choice[] {
  if (only === undefined) return SUITES.map((suite) => ({ suite, parts: [] }));
  const choices = new Map<Suite, string[]>();
  for (const wanted of only.split(",")) {
    const [name, part] = wanted.trim().split("/");
    const suite = SUITES.find((one) => one.name === name);
    if (!suite || (part !== undefined && !suite.parts?.includes(part))) {
      throw new UsageError(`There is no ${wanted}. Suites: ${names().join(", ")}`);
    }
    choices.set(suite, [...(choices.get(suite) ?? []), ...(part === undefined ? (suite.parts ?? []) : [part])]);
  }
  return Array.from(choices, ([suite, parts]) => ({
    suite,
    parts: new Set(parts).size === (suite.parts ?? []).length ? [] : parts,
  }));
}

function names(): string[] {
  return SUITES.map(({ name, parts }) => (parts ? `${name} (parts: ${parts.join(", ")})` : name));
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

// Through the front door, so that peers and folders end with this process.
for (const signal of STOP_SIGNALS) process.once(signal, () => process.exit(STOPPED_EXIT_CODE));

try {
  const { values } = parseArgs({
    options: { quick: { type: "boolean" }, only: { type: "string" }, help: { type: "boolean", short: "h" } },
  });
  if (values.help)
    say(HELP.replace("SUITES", () => SUITES.map(({ name, title }) => `  ${name.padEnd(14)}  ${title}\n`).join("")));
  else await run(chosen(values.only), values.quick ?? false);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
