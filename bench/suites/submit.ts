import { buildForBench } from "../lib/build.ts";
import { barChart } from "../lib/charts.ts";
import { type Check, exactly, median, percentile } from "../lib/checks.ts";
import { load } from "../lib/load.ts";
import { type Peer, PEER_TITLES, type PeerName, type PlainVendor, startField, submission } from "../lib/peers.ts";
import { idle } from "../lib/idle.ts";
import { interleaved } from "../lib/rounds.ts";
import { type Chart, type Suite, type Table, type Target, targetAtLeast, targetAtMost } from "../lib/suite.ts";

const NAMES: readonly PeerName[] = ["reelgate", "express", "fastify", "floor", "keeper"];
const DELAYS_MS = [0, 60];
const CONNECTIONS = [1, 50, 256];
/** One connection is steady at once. */
const ALONE = { seconds: 2, leadInSeconds: 0 };
const CROWD = { seconds: 3, leadInSeconds: 1 };
const ROUNDS = 5;
const WARM_UP_CONNECTIONS = 50;
const WARM_UP_SECONDS = 4;
const QUICK = { rounds: 1, seconds: 1, leadInSeconds: 0, warmUpSeconds: 1 };

const CPU_LIMIT_FLOORS = 2.5;
const THROUGHPUT_LIMIT_FASTIFY = 1;
const ADDED_LIMIT_MS = 10;
/** Of a round without a single answer. */
const NOT_ANSWERED = Number.POSITIVE_INFINITY;
const MANY_CONNECTIONS = 256;
const SLOW_MS = 60;

type Round = {
  answered: number;
  others: Record<string, number>;
  paidAgain: number;
  perSecond: number;
  addedP50Ms: number;
  addedP99Ms: number;
  cpuMs: number;
  /** What the vendor was sent, what the end of the round cut off included: it has been worked on as well. */
  tasks: number;
};
type Measured = { perSecond: number; addedP50Ms: number; addedP99Ms: number; cpuMsPerRequest: number };
type Case = { delayMs: number; connections: number; rounds: Record<PeerName, Round[]> };

export const suite: Suite = {
  name: "submit",
  title: "Submissions",
  method:
    "Each server runs in a process of its own in front of the same plain vendor, and keeps its state in memory where the system has such a folder; rounds of a few seconds take turns, rates and latencies are medians of the rounds, latency is what comes on top of the vendor's delay, and CPU time is the serving process's over all rounds, by the operating system. Workers are called on a socket of workerd's own, without Miniflare's entry Worker in between. The CPU time of Reelgate, and of the Worker that keeps its tasks in D1, includes the local simulators of D1, KV and Durable Objects, which on the platform run elsewhere: the distance between the two Workers that only sign shows what they cost.",
  async run({ quick, say }) {
    await buildForBench(["floor", "keeper"]);
    const field = await startField(NAMES);
    try {
      await warmUp(field.peers, field.vendor, quick);
      const cases: Case[] = [];
      for (const delayMs of DELAYS_MS) {
        for (const connections of CONNECTIONS) {
          say(`vendor delay ${delayMs} ms, ${connections} connections`);
          const length = connections === 1 ? ALONE : CROWD;
          const size = { delayMs, connections, ...(quick ? QUICK : length) };
          const rounds = await interleaved(NAMES, quick ? QUICK.rounds : ROUNDS, (name) =>
            oneRound(name, field.peers[name], field.vendor, size),
          );
          cases.push({ delayMs, connections, rounds });
        }
      }
      return {
        facts: factsOf(cases),
        targets: targetsOf(cases),
        tables: cases.map(tableOf),
        charts: chartsOf(cases),
        raw: cases,
      };
    } finally {
      await field.stop();
    }
  },
};

type RoundSize = { delayMs: number; connections: number; seconds: number; leadInSeconds: number };

async function warmUp(peers: Record<PeerName, Peer>, vendor: PlainVendor, quick: boolean): Promise<void> {
  const seconds = quick ? QUICK.warmUpSeconds : WARM_UP_SECONDS;
  const size = { delayMs: 0, connections: WARM_UP_CONNECTIONS, seconds, leadInSeconds: 0 };
  for (const name of NAMES) await oneRound(name, peers[name], vendor, size);
}

async function oneRound(name: PeerName, peer: Peer, vendor: PlainVendor, size: RoundSize): Promise<Round> {
  const { delayMs, ...length } = size;
  await vendor.reset(delayMs);
  const before = await peer.cpuMilliseconds();
  const done = await load({
    url: peer.url,
    ...length,
    method: "POST",
    request: (unique) => submission(name, unique),
  });
  // Work that goes on after the answer belongs to the request, not to the round of the next server.
  await idle(peer);
  const cpuMs = (await peer.cpuMilliseconds()) - before;
  const { tasks, intents_paid_again: paidAgain } = await vendor.counts();
  const { latenciesMs } = done;
  const latency = (percent: number) => (latenciesMs.length > 0 ? percentile(latenciesMs, percent) : NOT_ANSWERED);
  return {
    answered: done.answered,
    others: done.others,
    paidAgain,
    perSecond: done.perSecond,
    addedP50Ms: latency(50) - delayMs,
    addedP99Ms: latency(99) - delayMs,
    cpuMs,
    tasks,
  };
}

function figures(rounds: readonly Round[]): Measured {
  const of = (figure: (round: Round) => number) => median(rounds.map(figure));
  const sum = (figure: (round: Round) => number) => rounds.reduce((total, round) => total + figure(round), 0);
  return {
    perSecond: of((round) => round.perSecond),
    addedP50Ms: of((round) => round.addedP50Ms),
    addedP99Ms: of((round) => round.addedP99Ms),
    // A slow round has few requests, and the operating system counts in steps of 10 ms.
    cpuMsPerRequest: sum((round) => round.cpuMs) / sum((round) => round.tasks),
  };
}

function factsOf(cases: readonly Case[]): Check[] {
  const rounds = cases.flatMap((one) => one.rounds.reelgate);
  const refused = rounds.flatMap(({ others }) => Object.values(others));
  const again = rounds.reduce((sum, { paidAgain }) => sum + paidAgain, 0);
  return [
    exactly(
      "Reelgate's answers other than success, broken connections among them",
      refused.reduce((sum, count) => sum + count, 0),
      0,
    ),
    exactly("tasks that Reelgate paid for twice", again, 0),
  ];
}

function targetsOf(cases: readonly Case[]): Target[] {
  const at = (delayMs: number, connections: number) => {
    const found = cases.find((one) => one.delayMs === delayMs && one.connections === connections);
    if (!found) throw new RangeError(`Nothing was measured at ${delayMs} ms with ${connections} connections`);
    return (name: PeerName) => figures(found.rounds[name]);
  };
  const crowded = at(SLOW_MS, MANY_CONNECTIONS);
  const cpuRatios = cases.map(
    ({ rounds }) => figures(rounds.reelgate).cpuMsPerRequest / figures(rounds.floor).cpuMsPerRequest,
  );
  const throughput = crowded("reelgate").perSecond / crowded("fastify").perSecond;
  return [
    targetAtMost(
      `CPU of a submission beside the floor's, ${MANY_CONNECTIONS} connections, ${SLOW_MS} ms`,
      crowded("reelgate").cpuMsPerRequest / crowded("floor").cpuMsPerRequest,
      CPU_LIMIT_FLOORS,
      "×",
    ),
    targetAtMost(
      "CPU of a submission beside the floor's, worst of all cases",
      Math.max(...cpuRatios),
      CPU_LIMIT_FLOORS,
      "×",
    ),
    targetAtLeast(
      `throughput beside Fastify + SDK + SQLite, ${MANY_CONNECTIONS} connections, ${SLOW_MS} ms`,
      throughput,
      THROUGHPUT_LIMIT_FASTIFY,
      "×",
    ),
    ...DELAYS_MS.map((delayMs) =>
      targetAtMost(
        `latency added at the median, one connection, ${delayMs} ms`,
        at(delayMs, 1)("reelgate").addedP50Ms,
        ADDED_LIMIT_MS,
        "ms",
      ),
    ),
  ];
}

function tableOf({ delayMs, connections, rounds }: Case): Table {
  const floor = figures(rounds.floor);
  return {
    title: `Submissions: vendor delay ${delayMs} ms, ${connections} connection${connections === 1 ? "" : "s"}`,
    columns: [
      "server",
      "answers a second",
      "added p50 (ms)",
      "added p99 (ms)",
      "CPU (ms per request)",
      "CPU beside the floor (×)",
    ],
    rows: NAMES.map((name) => {
      const one = figures(rounds[name]);
      const ratio = one.cpuMsPerRequest / floor.cpuMsPerRequest;
      return [PEER_TITLES[name], one.perSecond, one.addedP50Ms, one.addedP99Ms, one.cpuMsPerRequest, ratio];
    }),
  };
}

function chartsOf(cases: readonly Case[]): Chart[] {
  const series = (delayMs: number, figure: keyof Measured) =>
    NAMES.map((name) => ({
      name: PEER_TITLES[name],
      values: cases.filter((one) => one.delayMs === delayMs).map(({ rounds }) => figures(rounds[name])[figure]),
    }));
  const chart = (file: string, title: string, yLabel: string, delayMs: number, figure: keyof Measured): Chart => ({
    file,
    title,
    svg: barChart({
      title,
      xLabel: "connections",
      yLabel,
      groups: CONNECTIONS.map(String),
      series: series(delayMs, figure),
    }),
  });
  return [
    chart(
      "submit-cpu.svg",
      "CPU of one submission, vendor delay 60 ms",
      "CPU (ms per request)",
      SLOW_MS,
      "cpuMsPerRequest",
    ),
    chart(
      "submit-throughput.svg",
      "Submissions a second, vendor delay 60 ms",
      "answers per second",
      SLOW_MS,
      "perSecond",
    ),
    chart(
      "submit-latency.svg",
      "Latency added to the vendor's 60 ms, median",
      "added latency (ms)",
      SLOW_MS,
      "addedP50Ms",
    ),
  ];
}
