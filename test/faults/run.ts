/*
 * The command: a soak for people. `npm test` runs a short one.
 */
import { randomInt } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildWorkers } from "../../scripts/lib/build.ts";
import { buildFaulty } from "./build.ts";
import { textTable } from "../../scripts/lib/text-table.ts";
import { UsageError } from "../../scripts/lib/usage-error.ts";
import { reportRows } from "./report.ts";
import { soak } from "./soak.ts";

const DEFAULT_TASKS = 300;
const DEFAULT_KILLS = 5;
const DEFAULT_MINUTES = 20;
const MAX_SEED = 2 ** 32 - 1;

const HELP = `Breaks everything around a gateway that can break, kills it now and then, and checks the books afterwards:
each accepted request is one paid task at the vendor and has its result, whatever happened in between.

  npm run faults
  npm run faults -- --seed 7 --tasks 2000 --kills 20
  npm run faults -- --no-dedupe

  --seed N      the plan: orders, faults, forged events, kills (default: a new one; it is printed)
  --tasks N     how many orders are sent (default ${DEFAULT_TASKS})
  --kills N     how often the gateway is killed and started again (default ${DEFAULT_KILLS})
  --no-dedupe   a vendor that accepts a SessionId again, as another paid task
  --minutes N   no new orders after this time (default ${DEFAULT_MINUTES})
  --verbose     shows what the gateway logs
  --help        this text

Exits with 1 when the books do not balance, and shows the tasks concerned with their history.
`;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function wholeNumber(name: string, text: string | undefined, fallback: number, least: number): number {
  const value = text === undefined ? fallback : Number(text);
  if (!Number.isSafeInteger(value) || value < least || value > MAX_SEED) {
    throw new UsageError(`--${name} must be a whole number from ${least}`);
  }
  return value;
}

function readCommandLine() {
  try {
    const { values } = parseArgs({
      options: {
        seed: { type: "string" },
        tasks: { type: "string" },
        kills: { type: "string" },
        minutes: { type: "string" },
        "no-dedupe": { type: "boolean", default: false },
        verbose: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    return {
      help: values.help,
      verbose: values.verbose,
      dedupe: !values["no-dedupe"],
      seed: wholeNumber("seed", values.seed, randomInt(MAX_SEED), 0),
      tasks: wholeNumber("tasks", values.tasks, DEFAULT_TASKS, 1),
      kills: wholeNumber("kills", values.kills, DEFAULT_KILLS, 0),
      minutes: wholeNumber("minutes", values.minutes, DEFAULT_MINUTES, 1),
    };
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError((error as Error).message, { cause: error });
  }
}

async function main(): Promise<number> {
  const { help, verbose, dedupe, seed, tasks, kills, minutes } = readCommandLine();
  if (help) {
    process.stdout.write(HELP);
    return 0;
  }
  say(`Seed ${seed}: ${tasks} orders, ${kills} kills, a vendor ${dedupe ? "with" : "without"} dedupe`);
  const buildDir = await mkdtemp(join(tmpdir(), "reelgate-faults-build-"));
  const began = Date.now();
  const timed = (line: string) => say(`${((Date.now() - began) / 1000).toFixed(0).padStart(5)} s  ${line}`);
  try {
    await Promise.all([buildWorkers(buildDir, ["emulator"]), buildFaulty(buildDir)]);
    const report = await soak({
      seed,
      tasks,
      kills,
      dedupe,
      maxMs: minutes * 60_000,
      buildDir,
      gatewayBuildDir: buildDir,
      onProgress: timed,
      ...(verbose && { onGatewayLog: timed }),
    });
    say(`\n${textTable(reportRows(seed, report))}\n`);
    for (const { kind, requestId, text } of report.violations) {
      say(`${kind}: ${requestId ?? ""} ${text}`);
      for (const line of (requestId && report.histories.get(requestId)) || []) say(`    ${line}`);
    }
    const { length } = report.violations;
    say(
      length === 0
        ? "The books balance."
        : `${length} violations. Again: --seed ${seed} --tasks ${tasks} --kills ${kills}${dedupe ? "" : " --no-dedupe"}`,
    );
    return length === 0 ? 0 : 1;
  } finally {
    await rm(buildDir, { recursive: true, force: true });
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${error instanceof UsageError ? error.message : String((error as Error).stack ?? error)}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
