import { buildForBench } from "../lib/build.ts";
import { type Check, exactly } from "../lib/checks.ts";
import { type IsolateCpu, isolateTable, isolateTargets, measureIsolates } from "../lib/isolate-cpu.ts";
import { type Peer, type PeerName, type PlainVendor, startField } from "../lib/peers.ts";
import { interleaved } from "../lib/rounds.ts";
import { figures, type RoundSize, submitRound } from "../lib/submit-round.ts";
import { type SubmitCase, submitCharts, submitTable } from "../lib/submit-tables.ts";
import { type Suite, type Target, targetAtLeast, targetAtMost } from "../lib/suite.ts";

const NAMES: readonly PeerName[] = ["reelgate", "express", "fastify", "floor", "keeper"];
const MANY_CONNECTIONS = 256;
const SLOW_MS = 60;

/** A `session_id` costs more where there is a KV to ask; in how far is seen in two places. */
const CASES = [
  ...[0, SLOW_MS].flatMap((delayMs) =>
    [1, 50, MANY_CONNECTIONS].map((connections) => ({ delayMs, connections, named: false })),
  ),
  ...[1, MANY_CONNECTIONS].map((connections) => ({ delayMs: SLOW_MS, connections, named: true })),
];
/** One connection is steady at once. */
const ALONE = { seconds: 2, leadInSeconds: 0 };
const CROWD = { seconds: 3, leadInSeconds: 1 };
const ROUNDS = 5;
const WARM_UP_CONNECTIONS = 50;
const WARM_UP_SECONDS = 4;
const QUICK = { rounds: 1, seconds: 1, leadInSeconds: 0, warmUpSeconds: 1 };

const CPU_LIMIT_FLOORS = 3.5;
const THROUGHPUT_LIMIT_FASTIFY = 0.35;
const ADDED_LIMIT_MS = 4;

const WHERE = `${MANY_CONNECTIONS} connections, ${SLOW_MS} ms`;

export const suite: Suite = {
  name: "submit",
  title: "Submissions",
  method:
    "Each server runs in a process of its own in front of the same plain vendor, and keeps its state in memory where the system has such a folder; rounds of a few seconds take turns, rates and latencies are medians of the rounds, latency is what comes on top of the vendor's delay, and CPU time is the serving process's over all rounds, by the operating system. Workers are called on a socket of workerd's own, without Miniflare's entry Worker in between. In Reelgate's process run the local simulators as well, of D1 and R2 idle here, of KV when there is a session_id, and the object's SQLite; so does D1's in the process of the Worker that keeps its tasks there. What Worker and object take alone is told by V8's profiler, in rounds of their own.",
  parts: ["load", "profile"],
  async run({ quick, parts, say }) {
    await buildForBench(["floor", "keeper"]);
    const cases = parts.includes("load") ? await measureLoad(quick, say) : [];
    const cpu = parts.includes("profile") ? await profile(quick, say) : undefined;
    return {
      facts: factsOf(cases),
      targets: [...(cases.length > 0 ? targetsOf(cases) : []), ...(cpu ? isolateTargets(cpu, WHERE) : [])],
      tables: [...cases.map((one) => submitTable(NAMES, one)), ...(cpu ? [isolateTable(cpu)] : [])],
      charts: cases.length > 0 ? submitCharts(NAMES, cases, SLOW_MS) : [],
      raw: { cases, cpu },
    };
  },
};

async function measureLoad(quick: boolean, say: (line: string) => void): Promise<SubmitCase[]> {
  const field = await startField(NAMES, { inspect: false });
  try {
    await warmUp(NAMES, field, quick);
    const cases: SubmitCase[] = [];
    for (const { delayMs, connections, named } of CASES) {
      say(`vendor delay ${delayMs} ms, ${connections} connections${named ? ", session_id" : ""}`);
      const length = connections === 1 ? ALONE : CROWD;
      const size: RoundSize = { delayMs, connections, named, ...(quick ? QUICK : length) };
      const rounds = await interleaved(NAMES, quick ? QUICK.rounds : ROUNDS, (name) =>
        submitRound(name, field.peers[name], field.vendor, size),
      );
      cases.push({ delayMs, connections, named, rounds });
    }
    return cases;
  } finally {
    await field.stop();
  }
}

async function profile(quick: boolean, say: (line: string) => void): Promise<IsolateCpu> {
  const names = ["floor", "reelgate"] as const;
  const field = await startField(names, { inspect: true });
  try {
    await warmUp(names, field, quick);
    say(`profiles of the Workers' isolates, ${WHERE}`);
    const length = quick ? QUICK : { ...CROWD, rounds: ROUNDS };
    return await measureIsolates(field, { delayMs: SLOW_MS, connections: MANY_CONNECTIONS, ...length });
  } finally {
    await field.stop();
  }
}

/** By both kinds of submissions: each has code of its own. */
async function warmUp<Name extends PeerName>(
  names: readonly Name[],
  { peers, vendor }: { peers: Record<Name, Peer>; vendor: PlainVendor },
  quick: boolean,
): Promise<void> {
  const seconds = quick ? QUICK.warmUpSeconds : WARM_UP_SECONDS;
  for (const named of [true, false]) {
    const size = { delayMs: 0, connections: WARM_UP_CONNECTIONS, named, seconds, leadInSeconds: 0 };
    for (const name of names) await submitRound(name, peers[name], vendor, size);
  }
}

function factsOf(cases: readonly SubmitCase[]): Check[] {
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

function targetsOf(cases: readonly SubmitCase[]): Target[] {
  const at = (connections: number, named = false) => {
    const found = cases.find(
      (one) => one.delayMs === SLOW_MS && one.connections === connections && one.named === named,
    );
    if (!found) throw new RangeError(`Nothing was measured at ${SLOW_MS} ms with ${connections} connections`);
    return (name: PeerName) => figures(found.rounds[name]);
  };
  const crowded = at(MANY_CONNECTIONS);
  return [
    targetAtMost(
      `CPU of a submission without a name beside the floor's, ${WHERE}`,
      crowded("reelgate").cpuMsPerRequest / crowded("floor").cpuMsPerRequest,
      CPU_LIMIT_FLOORS,
      "×",
    ),
    targetAtLeast(
      `throughput without a name beside Fastify + SDK + SQLite, ${WHERE}`,
      crowded("reelgate").perSecond / crowded("fastify").perSecond,
      THROUGHPUT_LIMIT_FASTIFY,
      "×",
    ),
    ...[false, true].map((named) =>
      targetAtMost(
        `latency added at the median, one connection, ${SLOW_MS} ms${named ? ", with a session_id" : ""}`,
        at(1, named)("reelgate").addedP50Ms,
        ADDED_LIMIT_MS,
        "ms",
      ),
    ),
  ];
}
