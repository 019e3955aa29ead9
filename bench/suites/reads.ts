import { rm } from "node:fs/promises";
import { BENCH_BUILD_DIR } from "../lib/build.ts";
import { barChart } from "../lib/charts.ts";
import { type Check, exactly, type Measure, median, percentile } from "../lib/checks.ts";
import { submit } from "../lib/client.ts";
import { buildCounted, type GatewayLab, withGateway } from "../lib/counted-gateway.ts";
import { bootGateway } from "../lib/gateway.ts";
import { idle } from "../lib/idle.ts";
import { hold, labOf, release } from "../lib/lab.ts";
import { load } from "../lib/load.ts";
import { NO_LIMITS } from "../lib/no-limits.ts";
import { countPolls, type PollCounts, type PolledTasks } from "../lib/poll-counts.ts";
import { pollTables, pollTargets } from "../lib/poll-tables.ts";
import { interleaved } from "../lib/rounds.ts";
import { newStateDir } from "../lib/state-dir.ts";
import type { Chart, Suite, Table } from "../lib/suite.ts";
import { allOver } from "../lib/task-phases.ts";
import { watchers } from "../scenarios/watchers.ts";
import { startStack } from "../../scripts/lib/stack.ts";

const CASES = ["floor", "running", "finished", "result"] as const;
type Case = (typeof CASES)[number];

const CASE_TITLES: Record<Case, string> = {
  floor: "health check (no key, no task)",
  running: "status of a running task",
  finished: "status of a finished task",
  result: "result of a finished task",
};

const CONNECTIONS = [1, 50];
const ROUNDS = 5;
const SECONDS = 2;
const WARM_UP_SECONDS = 2;
const WATCHERS = 1_000;
const WATCHERS_TIMEOUT_MS = 120_000;
const COUNTED = { polls: 1_000, seconds: 6, tasks: 50 };
const QUICK = { rounds: 1, seconds: 1, warmUpSeconds: 1, watchers: 100, counted: { polls: 100, seconds: 2, tasks: 5 } };

type Round = {
  answered: number;
  others: Record<string, number>;
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
  cpuMs: number;
};
type Loaded = { connections: number; rounds: Record<Case, Round[]> };

export const suite: Suite = {
  name: "reads",
  title: "Polls and watchers",
  method:
    "Polls of one running and one finished task by 1 and 50 connections, beside the gateway's health check; rounds take turns, figures are medians of the rounds, CPU time is of workerd by the operating system, with the local simulators in it. D1's statements and rows are counted by a Worker around the gateway, which is not the one that is timed. Watchers are event streams over HTTP on one task.",
  parts: ["polls", "counts", "watchers"],
  async run({ quick, parts, buildDir, say }) {
    const loaded = parts.includes("polls") ? await measureLoad(quick, buildDir, say) : [];
    const counts = parts.includes("counts") ? await countAll(quick, say) : undefined;
    const watched = parts.includes("watchers") ? await watch(quick, buildDir, say) : undefined;
    return {
      facts: [...loadFacts(loaded), ...(watched?.checks ?? [])],
      targets: counts ? pollTargets(counts) : [],
      tables: [
        ...loaded.map(loadTable),
        ...(counts ? pollTables(counts) : []),
        ...(watched ? [watcherTable(watched.measures)] : []),
      ],
      charts: loaded.length > 0 ? [chartOf(loaded)] : [],
      raw: { loaded, counts, watched },
    };
  },
};

/** One task that is over and one that goes on. */
async function twoTasks(lab: GatewayLab): Promise<PolledTasks> {
  await hold(lab);
  const finished = (await submit(lab)).id;
  await release(lab, 0);
  await allOver(lab);
  await hold(lab);
  return { finished, running: (await submit(lab)).id };
}

function measureLoad(quick: boolean, buildDir: string, say: (line: string) => void): Promise<Loaded[]> {
  return withGateway({ buildDir, emulatorBuildDir: buildDir }, async (lab) => {
    const { running, finished } = await twoTasks(lab);
    const requests = "/tencent-vod/v1/requests";
    const paths: Record<Case, string> = {
      floor: "/healthz",
      running: `${requests}/${running}/status`,
      finished: `${requests}/${finished}/status`,
      result: `${requests}/${finished}`,
    };
    const round = async (name: Case, connections: number, seconds: number): Promise<Round> => {
      await idle(lab.gateway);
      const before = await lab.gateway.cpuMilliseconds();
      const headers = { authorization: `Bearer ${lab.apiKey}` };
      const done = await load({
        url: lab.gatewayUrl,
        connections,
        seconds,
        method: "GET",
        request: () => ({ path: paths[name], headers, body: "" }),
      });
      const cpuMs = (await lab.gateway.cpuMilliseconds()) - before;
      const { answered, others, perSecond, latenciesMs } = done;
      return {
        answered,
        others,
        perSecond,
        p50Ms: percentile(latenciesMs, 50),
        p99Ms: percentile(latenciesMs, 99),
        cpuMs: cpuMs / answered,
      };
    };
    for (const name of CASES) await round(name, 50, quick ? QUICK.warmUpSeconds : WARM_UP_SECONDS);
    const loaded: Loaded[] = [];
    for (const connections of CONNECTIONS) {
      say(`polls, ${connections} connections`);
      const rounds = await interleaved(CASES, quick ? QUICK.rounds : ROUNDS, (name) =>
        round(name, connections, quick ? QUICK.seconds : SECONDS),
      );
      loaded.push({ connections, rounds });
    }
    return loaded;
  });
}

async function countAll(quick: boolean, say: (line: string) => void): Promise<PollCounts> {
  const buildDir = await buildCounted();
  return withGateway({ buildDir, emulatorBuildDir: BENCH_BUILD_DIR }, async (lab) =>
    countPolls(lab, await twoTasks(lab), quick ? QUICK.counted : COUNTED, say),
  );
}

async function watch(quick: boolean, buildDir: string, say: (line: string) => void) {
  const count = quick ? QUICK.watchers : WATCHERS;
  say(`${count} watchers of one task`);
  const stateDir = await newStateDir();
  const emulator = await startStack({ gateway: false, buildDir });
  try {
    const gateway = await bootGateway({ stateDir, buildDir, vodEndpoint: emulator.emulatorUrl, vars: NO_LIMITS });
    try {
      const { gatewayUrl, apiKey } = gateway;
      const lab = labOf({ gatewayUrl, apiKey, emulatorUrl: emulator.emulatorUrl, addApiKey: emulator.addApiKey });
      return await watchers(lab, { watchers: count, timeoutMs: WATCHERS_TIMEOUT_MS }, gateway);
    } finally {
      await gateway.kill();
    }
  } finally {
    await emulator.stop();
    await rm(stateDir, { recursive: true, force: true });
  }
}

function loadFacts(loaded: readonly Loaded[]): Check[] {
  if (loaded.length === 0) return [];
  const rounds = loaded.flatMap((one) => Object.values(one.rounds).flat());
  const others = rounds.flatMap((round) => Object.values(round.others));
  return [
    exactly(
      "polls that were not answered with success",
      others.reduce((sum, count) => sum + count, 0),
      0,
    ),
  ];
}

function loadTable({ connections, rounds }: Loaded): Table {
  const of = (name: Case, figure: (round: Round) => number) => median(rounds[name].map(figure));
  return {
    title: `Polls, ${connections === 1 ? "1 connection" : `${connections} connections`}`,
    columns: ["poll", "polls per second", "p50 (ms)", "p99 (ms)", "CPU (ms per poll)"],
    rows: CASES.map((name) => [
      CASE_TITLES[name],
      of(name, (round) => round.perSecond),
      of(name, (round) => round.p50Ms),
      of(name, (round) => round.p99Ms),
      of(name, (round) => round.cpuMs),
    ]),
  };
}

function watcherTable(measures: readonly Measure[]): Table {
  return {
    title: "Event streams on one task",
    columns: ["measure", "value", "unit"],
    rows: measures.map(({ name, value, unit }) => [name, value, unit]),
  };
}

function chartOf(loaded: readonly Loaded[]): Chart {
  const title = "CPU of a poll";
  return {
    file: "reads-cpu.svg",
    title,
    svg: barChart({
      title,
      xLabel: "poll",
      yLabel: "CPU (ms per poll)",
      groups: CASES.map((name) => CASE_TITLES[name].replace(/ \(.*/, "")),
      series: loaded.map(({ connections, rounds }) => ({
        name: connections === 1 ? "1 connection" : `${connections} connections`,
        values: CASES.map((name) => median(rounds[name].map((round) => round.cpuMs))),
      })),
    }),
  };
}
