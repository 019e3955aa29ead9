import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { GATEWAY_CONFIG, ROOT } from "../../scripts/lib/paths.ts";
import { runWrangler } from "../../scripts/lib/wrangler.ts";
import { BENCH_BUILD_DIR, benchModule } from "../lib/build.ts";
import { median } from "../lib/checks.ts";
import {
  coldStartTable,
  costCharts,
  operationTable,
  priceTables,
  rowsByStatement,
  rowsTable,
  standingTable,
} from "../lib/cost-tables.ts";
import { buildCounted, type GatewayLab, withGateway } from "../lib/counted-gateway.ts";
import { counted, type Counts, operationsOf, scaled } from "../lib/counts.ts";
import { openProfiler } from "../lib/cpu-profile.ts";
import { type FirstAnswer, prepareWorker } from "../lib/first-answer.ts";
import { hold, release } from "../lib/lab.ts";
import { interleaved } from "../lib/rounds.ts";
import { type Suite, type Target, targetAtMost } from "../lib/suite.ts";
import {
  allOver,
  livePhases,
  type LivePhase,
  NAMING_TITLES,
  NAMINGS,
  type Phase,
  storedBytes,
  submitNamed,
  wholeLife,
} from "../lib/task-phases.ts";
import { type Life, type Measured, rowsWrittenInLife } from "../lib/usage.ts";

const TASKS = 200;
const CPU_TASKS = 300;
const AWAKE_SECONDS = 60;
const COLD_ROUNDS = 9;
const QUICK = { tasks: 10, cpuTasks: 30, awakeSeconds: 12, coldRounds: 3 };

const ROWS_WRITTEN_LIMIT = 12;
const D1_ROWS_WRITTEN_LIMIT = 3;
const BUNDLE_LIMIT_KB = 200;
const COLD_LIMIT_HELLOS = 2;
const COLD_LIMIT_EXTRA_MS = 50;

const BYTES_PER_KB = 1_000;
const MS_PER_SECOND = 1_000;
const HELLO = ["gateway", "hello"] as const;
const HELLO_CONFIG = join(ROOT, "bench/peers/hello/wrangler.toml");
const HELLO_DIR = join(BENCH_BUILD_DIR, "hello");
/** What each of the two answers with 200 without asking anybody. */
const FIRST_PATH = "/healthz";

export const suite: Suite = {
  name: "cost",
  title: "Cost and cold start",
  method:
    "Tasks go through their whole life, one phase after the other, until object and record have forgotten them, for which the gateway's clock is put ahead; a Worker around the gateway counts what Worker and object ask of D1, KV and R2 and of the object's own database in each phase, rows as the databases themselves count them. Times the platform's published prices, beyond what the plan includes, this makes dollars. CPU time is that of Worker and object by V8's profiler, without the counting. Cold starts: runtimes without simulators take turns, from the start of the process to the first answer; medians.",
  parts: ["tasks", "cold-start"],
  async run({ quick, parts, say }) {
    const measured = parts.includes("tasks") ? await measureTasks(quick, say) : undefined;
    const cold = parts.includes("cold-start") ? await measureColdStarts(quick, say) : undefined;
    return {
      facts: [],
      targets: [...(measured ? rowTargets(measured) : []), ...(cold ? coldTargets(cold) : [])],
      tables: [
        ...(measured
          ? [
              operationTable(measured),
              rowsTable(measured),
              rowsByStatement(measured),
              ...priceTables(measured),
              standingTable(measured),
            ]
          : []),
        ...(cold ? [coldStartTable(cold)] : []),
      ],
      charts: measured ? costCharts(measured) : [],
      raw: { measured, cold },
    };
  },
};

async function measureTasks(quick: boolean, say: (line: string) => void): Promise<Measured> {
  const countedDir = await buildCounted();
  const count = quick ? QUICK.tasks : TASKS;
  const cpuCount = quick ? QUICK.cpuTasks : CPU_TASKS;
  const seconds = quick ? QUICK.awakeSeconds : AWAKE_SECONDS;
  const counts = await withGateway({ buildDir: countedDir, emulatorBuildDir: BENCH_BUILD_DIR }, async (lab) => {
    const lives = {} as Record<(typeof NAMINGS)[number], Record<Phase, Counts>>;
    // The first task pays for the isolate's first look at its key.
    await wholeLife(lab, { naming: "none", count: 1, prefix: "warm" }, (work) => work());
    const observed = (work: () => Promise<void>) => counted(lab.gatewayUrl, work);
    for (const naming of NAMINGS) {
      say(`operations of ${count} tasks, ${NAMING_TITLES[naming]}`);
      lives[naming] = await wholeLife(lab, { naming, count, prefix: "count" }, observed);
    }
    say(`the object while one task runs, for ${seconds} s`);
    return { lives, ...(await standing(lab, seconds)) };
  });
  const plain = { buildDir: BENCH_BUILD_DIR, emulatorBuildDir: BENCH_BUILD_DIR, inspect: true };
  const costs = await withGateway(plain, async (lab) => {
    // On a database that has nothing to reuse yet.
    const bytes = await bytesOf(lab, cpuCount);
    await livePhases(lab, { naming: "none", count: cpuCount, prefix: "warm" }, (work) => work());
    say(`CPU of ${cpuCount} tasks`);
    const profiler = await openProfiler(lab.gateway.inspectorUrl ?? "");
    const cpu = await livePhases(lab, { naming: "session", count: cpuCount, prefix: "cpu" }, profiler.during);
    profiler.close();
    return { cpu, bytes };
  });
  return {
    lives: Object.fromEntries(
      NAMINGS.map((naming) => [naming, perTask(counts.lives[naming], count)] as const),
    ) as Measured["lives"],
    statements: counts.lives,
    tasks: count,
    awakePerSecond: scaled(operationsOf(counts.awake), 1 / seconds),
    cron: operationsOf(counts.cron),
    cpuMs: Object.fromEntries(
      Object.entries(costs.cpu).map(([phase, ms]) => [phase, ms / cpuCount] as const),
    ) as Record<LivePhase, number>,
    storedBytes: costs.bytes,
  };
}

function perTask(phases: Record<Phase, Counts>, tasks: number): Life {
  const entries = Object.entries(phases).map(
    ([phase, counts]) => [phase, scaled(operationsOf(counts), 1 / tasks)] as const,
  );
  return Object.fromEntries(entries) as Life;
}

/** What goes on as long as any task runs, and what a run of the cron trigger does when there is nothing to do. */
async function standing(lab: GatewayLab, seconds: number): Promise<{ awake: Counts; cron: Counts }> {
  const cron = await counted(lab.gatewayUrl, () => lab.gateway.fireCron());
  await hold(lab);
  await submitNamed(lab, "none", "standing");
  const awake = await counted(
    lab.gatewayUrl,
    () => new Promise((resolve) => setTimeout(resolve, seconds * MS_PER_SECOND)),
  );
  await release(lab, 0);
  await allOver(lab);
  return { awake, cron };
}

/** Of one finished task in the record. */
async function bytesOf(lab: GatewayLab, count: number): Promise<number> {
  const before = await storedBytes(lab);
  await hold(lab);
  for (let index = 0; index < count; index++) await submitNamed(lab, "session", `bytes-${index}`);
  await release(lab, 0);
  await allOver(lab);
  return ((await storedBytes(lab)) - before) / count;
}

export type ColdStart = {
  gzipBytes: number;
  minifiedBytes: number;
  rounds: Record<(typeof HELLO)[number], FirstAnswer[]>;
};

async function measureColdStarts(quick: boolean, say: (line: string) => void): Promise<ColdStart> {
  await runWrangler(["deploy", "--dry-run", "--minify", "--config", HELLO_CONFIG, "--outdir", HELLO_DIR]);
  const code = await readFile(benchModule("gateway"));
  const gateway = await prepareWorker(benchModule("gateway"), GATEWAY_CONFIG);
  const hello = await prepareWorker(join(HELLO_DIR, "index.js"), HELLO_CONFIG);
  try {
    say("first answers of fresh runtimes");
    const workers = { gateway, hello };
    for (const worker of Object.values(workers)) await worker.firstAnswer(FIRST_PATH);
    const rounds = await interleaved(HELLO, quick ? QUICK.coldRounds : COLD_ROUNDS, (name) =>
      workers[name].firstAnswer(FIRST_PATH),
    );
    return { gzipBytes: gzipSync(code).length, minifiedBytes: code.length, rounds };
  } finally {
    await Promise.all([gateway.remove(), hello.remove()]);
  }
}

function rowTargets({ lives }: Measured): Target[] {
  const submission = Math.max(...NAMINGS.map((naming) => lives[naming].submit.statements));
  const rows = NAMINGS.flatMap((naming) => {
    const { all, record } = rowsWrittenInLife(lives[naming]);
    const what = `rows written for a task, its forgetting included, ${NAMING_TITLES[naming]}`;
    return [
      targetAtMost(what, all, ROWS_WRITTEN_LIMIT, "rows"),
      targetAtMost(`D1's of them, ${NAMING_TITLES[naming]}`, record, D1_ROWS_WRITTEN_LIMIT, "rows"),
    ];
  });
  return [targetAtMost("D1 statements of a submission with a known key", submission, 0, "statements"), ...rows];
}

function coldTargets({ gzipBytes, rounds }: ColdStart): Target[] {
  const middle = (name: (typeof HELLO)[number]) => median(rounds[name].map(({ answeredMs }) => answeredMs));
  const limit = COLD_LIMIT_HELLOS * middle("hello") + COLD_LIMIT_EXTRA_MS;
  return [
    targetAtMost("bundle, minified, gzip", gzipBytes / BYTES_PER_KB, BUNDLE_LIMIT_KB, "KB"),
    {
      name: "first answer of a fresh runtime",
      value: middle("gateway"),
      unit: "ms",
      rule: `≤ ${COLD_LIMIT_HELLOS} × a hello-world Worker's + ${COLD_LIMIT_EXTRA_MS} ms (${Math.round(limit)} ms)`,
      reached: middle("gateway") <= limit,
    },
  ];
}
