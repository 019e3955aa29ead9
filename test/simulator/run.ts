/*
 * The command: the simulator for people. `npm test` runs its first seeds.
 */
import { parseArgs } from "node:util";
import { textTable } from "../../scripts/lib/text-table.ts";
import { UsageError } from "../../scripts/lib/usage-error.ts";
import type { CoreClass } from "./core-port.ts";
import { runMutants } from "./mutants.ts";
import { runSeeds } from "./pool.ts";
import { shrink } from "./shrink.ts";
import { type Outcome, simulate } from "./world.ts";

const DEFAULT_SEEDS = 1_000;
const MUTANT_SEEDS = 1_000;
const MAX_SEED = 2 ** 32 - 1;
const PROGRESS_MS = 5_000;
const TRACE_LINES = 80;
const CORE = new URL("../../src/dispatcher/core.ts", import.meta.url).href;

const HELP = `Runs the dispatcher's core in a world of its own: vendor, record, KV, clients and the clock are all made up of one
seed, and whatever can be lost, late, doubled or broken off is. After every step the rules and the books are checked.

  npm run simulate
  npm run simulate -- --seeds 10000
  npm run simulate -- --seed 4711 --verbose

  --seeds N     how many worlds (default ${DEFAULT_SEEDS})
  --from N      the first of them (default 1)
  --seed N      this world only
  --steps N     gives up a world after so many steps
  --verbose     shows all that happens, of a single world
  --mutants     puts known faults back into the code, one after the other, and says after how many seeds each is found
  --only NAME   of the mutants, those whose names begin like this
  --help        this text

Exits with 1 when something was found; shows the first such world, with as few orders and faults as bring it about.
`;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function wholeNumber(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1 || value > MAX_SEED) {
    throw new UsageError(`--${name} must be a whole number from 1`);
  }
  return value;
}

function readCommandLine() {
  try {
    const { values } = parseArgs({
      options: {
        seeds: { type: "string" },
        from: { type: "string" },
        seed: { type: "string" },
        steps: { type: "string" },
        verbose: { type: "boolean", default: false },
        mutants: { type: "boolean", default: false },
        only: { type: "string", default: "" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    return {
      ...values,
      seeds: wholeNumber("seeds", values.seeds),
      from: wholeNumber("from", values.from) ?? 1,
      seed: wholeNumber("seed", values.seed),
      steps: wholeNumber("steps", values.steps),
    };
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError((error as Error).message, { cause: error });
  }
}

async function main(): Promise<number> {
  const options = readCommandLine();
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  if (options.mutants) return runMutants({ say, seeds: options.seeds ?? MUTANT_SEEDS, only: options.only });
  const { Core } = (await import(CORE)) as { Core: CoreClass };
  if (options.seed !== undefined) return one(Core, options.seed, options);
  return many(Core, options);
}

/** @returns the exit code */
function one(
  Core: CoreClass,
  seed: number,
  { verbose, steps }: { verbose: boolean; steps: number | undefined },
): number {
  const plan = { seed, CoreClass: Core, ...(steps !== undefined && { steps }) };
  const outcome = simulate({ ...plan, ...(verbose && { onTrace: say }) });
  const { violation } = outcome;
  if (!violation) {
    say(
      `Seed ${seed}: ${outcome.tasks} tasks, ${outcome.paid} paid, ${outcome.lives} lives, ${outcome.struck.length} faults. Nothing found.`,
    );
    return 0;
  }
  showShrunk(Core, outcome);
  return 1;
}

type ManyOptions = { seeds: number | undefined; from: number; steps: number | undefined };

async function many(Core: CoreClass, { seeds = DEFAULT_SEEDS, from, steps }: ManyOptions): Promise<number> {
  const began = Date.now();
  let done = 0;
  let found = 0;
  const seconds = () => ((Date.now() - began) / 1000).toFixed(0);
  const ticker = setInterval(
    () => say(`${seconds().padStart(5)} s  ${done} of ${seeds} worlds, ${found} with something found`),
    PROGRESS_MS,
  );
  const outcomes = await runSeeds({
    from,
    seeds,
    core: CORE,
    steps,
    isEnough: () => false,
    onOutcomes: (some) => {
      done += some.length;
      found += some.filter(({ violation }) => violation).length;
    },
  }).finally(() => clearInterval(ticker));
  say(textTable(summary(outcomes, seconds())));
  const failing = outcomes.filter(({ violation }) => violation);
  for (const { seed, violation } of failing.slice(0, 50))
    say(`seed ${seed}: ${violation?.rule}: ${violation?.id ?? ""} ${violation?.text.split("\n")[0]}`);
  const [first] = failing;
  if (!first) return 0;
  showShrunk(Core, first);
  return 1;
}

function summary(outcomes: readonly Outcome[], seconds: string): { FIGURE: string; VALUE: string }[] {
  const sum = (of: (outcome: Outcome) => number) => outcomes.reduce((total, outcome) => total + of(outcome), 0);
  const figures: [string, number | string][] = [
    ["worlds", outcomes.length],
    ["  with something found", sum(({ violation }) => (violation ? 1 : 0))],
    ["tasks taken", sum(({ tasks }) => tasks)],
    ["paid at the vendor", sum(({ paid }) => paid)],
    ["lives of the object", sum(({ lives }) => lives)],
    ["faults", sum(({ struck }) => struck.length)],
    ["steps", sum(({ steps }) => steps)],
    ["duration", `${seconds} s`],
  ];
  return figures.map(([FIGURE, value]) => ({ FIGURE, VALUE: String(value) }));
}

/** Leaves out what is not needed, and shows the rest. */
function showShrunk(Core: CoreClass, outcome: Outcome): void {
  const { seed } = outcome;
  const { plan, outcome: least, tries } = shrink({ seed, CoreClass: Core }, outcome);
  const lines: string[] = [];
  simulate({ ...plan, onTrace: (line) => void lines.push(line) });
  const orders = least.orders - (plan.without?.size ?? 0);
  say(
    `\nSeed ${seed}, with ${orders} of ${least.orders} orders and ${least.struck.length} of ${outcome.struck.length} faults (${tries} tries):`,
  );
  for (const name of least.struck) say(`  fault  ${name}`);
  if (lines.length > TRACE_LINES) say(`  … ${lines.length - TRACE_LINES} lines before`);
  for (const line of lines.slice(-TRACE_LINES)) say(line);
  const { rule, id, text } = least.violation ?? { rule: "", id: "", text: "" };
  say(`${rule}: ${id ?? ""} ${text}`);
  say(`Again: npm run simulate -- --seed ${seed}`);
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${error instanceof UsageError ? error.message : String((error as Error).stack ?? error)}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
