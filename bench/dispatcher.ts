import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildWorkers } from "../scripts/lib/build.ts";
import { ROOT } from "../scripts/lib/paths.ts";
import { startStack } from "../scripts/lib/stack.ts";
import { textTable } from "../scripts/lib/text-table.ts";
import type { Outcome } from "./lib/checks.ts";
import { bootGateway } from "./lib/gateway.ts";
import { type Lab, labOf } from "./lib/lab.ts";
import { checkRow, measureRow, newReport, writeReport } from "./lib/report.ts";
import { burst, paced } from "./scenarios/burst.ts";
import { crash } from "./scenarios/crash.ts";
import { longQueue } from "./scenarios/long-queue.ts";
import { lowerLimit } from "./scenarios/lower-limit.ts";
import { positions } from "./scenarios/positions.ts";
import { twoOwners } from "./scenarios/two-owners.ts";
import { watchers } from "./scenarios/watchers.ts";

const HELP = `Measures the dispatcher: a gateway and the vendor's emulator, each in a runtime of its own, over HTTP.

  npm run bench [-- OPTIONS]

  --quick         a tenth of the size; writes no files
  --only A,B      these scenarios only; writes no files
  --help          this text

Scenarios: NAMES.
A whole run takes about two minutes and writes bench/results/dispatcher.json and .md.
The exit code is 1 when a fact does not hold.
`;

const RESULTS_DIR = join(ROOT, "bench/results");
const CONCURRENCY = 3;
const TASK_SECONDS = 0.2;
const SHORT_TASK_SECONDS = 0.05;
const TIMEOUT_MS = 300_000;
const QUICK_SHARE = 0.1;

type Scenario = {
  title: string;
  size: Record<string, number>;
  run: (buildDir: string) => Promise<Outcome>;
};

function scenarios(quick: boolean): Record<string, Scenario> {
  const share = (count: number) => (quick ? count * QUICK_SHARE : count);
  const common = { concurrency: CONCURRENCY, taskSeconds: TASK_SECONDS };
  const timeoutMs = TIMEOUT_MS;

  const burstSize = { ...common, tasks: share(300) };
  const pacedSize = { tasks: share(300), taskSeconds: SHORT_TASK_SECONDS };
  const lowerSize = { tasks: 20, taskSeconds: TASK_SECONDS };
  const ownersSize = { ...common, firstOwnerTasks: quick ? 60 : 200, taskSeconds: SHORT_TASK_SECONDS };
  const positionsSize = { ...common, waiting: quick ? 20 : 60 };
  const crashSize = { ...common, tasks: quick ? 40 : 200 };
  const watchersSize = { watchers: share(1_000) };
  const queueSize = { tasks: share(100_000), fewTasks: 1_000, lookUpsPerPlace: share(300) };
  return {
    burst: {
      title: "Everything at once",
      size: burstSize,
      run: withLab(CONCURRENCY, (lab) => burst(lab, { ...burstSize, timeoutMs })),
    },
    paced: {
      title: "As many slots as tasks: calls a second are the limit",
      size: pacedSize,
      run: withLab(pacedSize.tasks, (lab) => paced(lab, { ...pacedSize, timeoutMs })),
    },
    "lower-limit": {
      title: "The vendor takes one at a time, the gateway believes in three",
      size: lowerSize,
      run: withLab(CONCURRENCY, (lab) => lowerLimit(lab, { ...lowerSize, timeoutMs })),
    },
    "two-owners": {
      title: "A long queue of one owner, ten tasks of another",
      size: ownersSize,
      run: withLab(CONCURRENCY, (lab) => twoOwners(lab, { ...ownersSize, timeoutMs })),
    },
    positions: {
      title: "Positions",
      size: positionsSize,
      run: withLab(CONCURRENCY, (lab) => positions(lab, { ...positionsSize, timeoutMs })),
    },
    crash: {
      title: "SIGKILL with half the queue done",
      size: crashSize,
      run: (buildDir) => crash(buildDir, { ...crashSize, timeoutMs }),
    },
    watchers: {
      title: "Event streams on one task",
      size: watchersSize,
      run: (buildDir) => watchersAlone(buildDir, watchersSize.watchers),
    },
    "long-queue": {
      title: "A long queue after a restart",
      size: queueSize,
      run: (buildDir) => longQueue(buildDir, { ...queueSize, onProgress: (step) => say(`  ${step}`) }),
    },
  };
}

function withLab(concurrency: number, scenario: (lab: Lab) => Promise<Outcome>): Scenario["run"] {
  return async (buildDir) => {
    const stack = await startStack({ buildDir, environment: { VOD_CONCURRENCY: String(concurrency) } });
    try {
      return await scenario(labOf(stack));
    } finally {
      await stack.stop();
    }
  };
}

/** On a gateway of its own, so that its memory and its database can be looked at. */
async function watchersAlone(buildDir: string, count: number): Promise<Outcome> {
  const stateDir = await mkdtemp(join(tmpdir(), "reelgate-watchers-"));
  const emulator = await startStack({ gateway: false, buildDir });
  try {
    const gateway = await bootGateway({ stateDir, buildDir, vodEndpoint: emulator.emulatorUrl });
    try {
      const { gatewayUrl, apiKey } = gateway;
      const lab = labOf({ gatewayUrl, apiKey, emulatorUrl: emulator.emulatorUrl, addApiKey: emulator.addApiKey });
      return await watchers(lab, { watchers: count, timeoutMs: TIMEOUT_MS }, gateway);
    } finally {
      await gateway.kill();
    }
  } finally {
    await emulator.stop();
    await rm(stateDir, { recursive: true, force: true });
  }
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function run(quick: boolean, only: readonly string[]): Promise<void> {
  const all = Object.entries(scenarios(quick));
  const chosen = all.filter(([name]) => only.length === 0 || only.includes(name));
  const unknown = only.filter((name) => !all.some(([known]) => known === name));
  if (unknown.length > 0) throw new Error(`There is no scenario ${unknown.join(", ")}`);

  const buildDir = join(ROOT, ".wrangler/bench-build");
  say("Building the Workers");
  await buildWorkers(buildDir, ["gateway", "emulator"]);
  const report = newReport(quick);
  for (const [name, { title, size, run: runScenario }] of chosen) {
    say(`\n${name}: ${title} (${JSON.stringify(size)})`);
    const { checks, measures } = await runScenario(buildDir);
    report.scenarios[name] = { title, size, checks, measures };
    say(textTable(checks.map(checkRow)));
    if (measures.length > 0) say(`\n${textTable(measures.map(measureRow))}`);
    if (checks.some(({ holds }) => !holds)) process.exitCode = 1;
  }
  if (quick || only.length > 0) return;
  await writeReport(RESULTS_DIR, "dispatcher", report);
  say("\nWritten to bench/results/dispatcher.json and dispatcher.md");
}

try {
  const { values } = parseArgs({
    options: { quick: { type: "boolean" }, only: { type: "string" }, help: { type: "boolean", short: "h" } },
  });
  if (values.help) process.stdout.write(HELP.replace("NAMES", Object.keys(scenarios(false)).join(", ")));
  else await run(values.quick ?? false, values.only?.split(",") ?? []);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
