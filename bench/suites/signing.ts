import { tmpdir } from "node:os";
import { DEV_API_KEY } from "../../scripts/lib/local-env.ts";
import { buildForBench } from "../lib/build.ts";
import { lineChart } from "../lib/charts.ts";
import { exactly, median } from "../lib/checks.ts";
import { type Peer, startPeer } from "../lib/peers.ts";
import { interleaved } from "../lib/rounds.ts";
import { type Chart, type Suite, type Table, type Target, targetAtLeast, targetAtMost } from "../lib/suite.ts";

const WAYS = ["warm", "cold", "aws4fetch", "sdk", "sdk-object"] as const;
type Way = (typeof WAYS)[number];

const TITLES: Record<Way, string> = {
  warm: "Reelgate, warm",
  cold: "Reelgate, cold",
  aws4fetch: "aws4fetch, warm",
  sdk: "SDK in Node, bytes",
  "sdk-object": "SDK in Node, object",
};

const KB = 1_000;
const MB = 1_000_000;
/** Signatures in one request: as many as make it long enough to be timed. */
const SIZES = [
  { bytes: KB, count: 2_000 },
  { bytes: 10 * KB, count: 2_000 },
  { bytes: 100 * KB, count: 500 },
  { bytes: MB, count: 60 },
  { bytes: 7 * MB, count: 10 },
];
const ROUNDS = 7;
const QUICK = { rounds: 2, share: 0.2 };
const MICROSECONDS_PER_MS = 1_000;

const WARM_LIMIT_COLD = 2;
const WARM_LIMIT_AWS4FETCH = 1;

type Round = { microseconds: number; cpuMs: number };
type Size = { bytes: number; count: number; rounds: Record<Way, Round[]>; failures: number };

export const suite: Suite = {
  name: "signing",
  title: "Signatures",
  method:
    "One request has the server sign the same body many times; what the same request takes without signatures is taken off, because a Worker's own clock stands still while it computes. Every signer does the same stages; warm ones keep the day's key, cold ones derive it each time. Rounds take turns, times are medians of the rounds, CPU is of the process by the operating system, over all rounds.",
  async run({ quick, say }) {
    await buildForBench(["signing"]);
    const worker = await startPeer("worker.ts", {
      worker: "signing",
      vodEndpoint: "http://127.0.0.1:9",
      apiKey: DEV_API_KEY,
      stateDir: tmpdir(),
    });
    try {
      const sdk = await startPeer("sdk-signer.ts", {});
      try {
        const sizes: Size[] = [];
        for (const { bytes, count } of SIZES) {
          say(`bodies of ${sizeText(bytes)}`);
          sizes.push(
            await measureSize(
              (way) => (way.startsWith("sdk") ? sdk : worker),
              bytes,
              quick ? Math.ceil(count * QUICK.share) : count,
              quick ? QUICK.rounds : ROUNDS,
            ),
          );
        }
        return {
          facts: [
            exactly(
              "requests to a signer that failed",
              sizes.reduce((sum, { failures }) => sum + failures, 0),
              0,
            ),
          ],
          targets: targetsOf(sizes),
          tables: [timeTable(sizes), cpuTable(sizes)],
          charts: [chartOf(sizes)],
          raw: sizes,
        };
      } finally {
        await sdk.stop();
      }
    } finally {
      await worker.stop();
    }
  },
};

async function measureSize(peerOf: (way: Way) => Peer, bytes: number, count: number, rounds: number): Promise<Size> {
  let failures = 0;
  const ask = async (peer: Peer, way: string, times: number) => {
    const began = performance.now();
    const cpuBefore = await peer.cpuMilliseconds();
    const response = await fetch(`${peer.url}/?way=${way}&bytes=${bytes}&count=${times}`);
    await response.text();
    if (!response.ok) failures += 1;
    return { ms: performance.now() - began, cpuMs: (await peer.cpuMilliseconds()) - cpuBefore };
  };
  for (const way of WAYS) await ask(peerOf(way), way, Math.ceil(count / 4));
  const measured = await interleaved(WAYS, rounds, async (way): Promise<Round> => {
    const peer = peerOf(way);
    const empty = await ask(peer, "none", count);
    const full = await ask(peer, way, count);
    return {
      microseconds: ((full.ms - empty.ms) * MICROSECONDS_PER_MS) / count,
      cpuMs: full.cpuMs - empty.cpuMs,
    };
  });
  return { bytes, count, rounds: measured, failures };
}

function microseconds({ rounds }: Size, way: Way): number {
  return median(rounds[way].map((round) => round.microseconds));
}

function cpuMicroseconds({ rounds, count }: Size, way: Way): number {
  const cpuMs = rounds[way].reduce((sum, round) => sum + round.cpuMs, 0);
  return (cpuMs * MICROSECONDS_PER_MS) / (count * rounds[way].length);
}

function targetsOf(sizes: readonly Size[]): Target[] {
  const [smallest] = sizes;
  if (!smallest) throw new RangeError("Nothing was measured");
  const warm = microseconds(smallest, "warm");
  const at = `bodies of ${sizeText(smallest.bytes)}`;
  return [
    targetAtLeast(
      `a cold signature beside a warm one, ${at}`,
      microseconds(smallest, "cold") / warm,
      WARM_LIMIT_COLD,
      "×",
    ),
    targetAtMost(
      `a warm signature beside aws4fetch's, ${at}`,
      warm / microseconds(smallest, "aws4fetch"),
      WARM_LIMIT_AWS4FETCH,
      "×",
    ),
  ];
}

function timeTable(sizes: readonly Size[]): Table {
  return table("Time of one signature (µs)", sizes, microseconds);
}

function cpuTable(sizes: readonly Size[]): Table {
  return {
    ...table("CPU of one signature (µs)", sizes, cpuMicroseconds),
    note: "The operating system counts in steps of 10 ms; where few signatures fit into a round, this is coarse.",
  };
}

function table(title: string, sizes: readonly Size[], figure: (size: Size, way: Way) => number): Table {
  return {
    title,
    columns: ["signer", ...sizes.map(({ bytes }) => sizeText(bytes))],
    rows: WAYS.map((way) => [TITLES[way], ...sizes.map((size) => figure(size, way))]),
  };
}

function chartOf(sizes: readonly Size[]): Chart {
  const title = "Time of one signature by the size of the body";
  return {
    file: "signing.svg",
    title,
    svg: lineChart({
      title,
      xLabel: "body",
      yLabel: "time (µs, log scale)",
      xs: sizes.map(({ bytes }) => bytes),
      xText: sizeText,
      xScale: "log",
      scale: "log",
      series: WAYS.map((way) => ({ name: TITLES[way], values: sizes.map((size) => microseconds(size, way)) })),
    }),
  };
}

function sizeText(bytes: number): string {
  return bytes >= MB ? `${bytes / MB} MB` : `${bytes / KB} KB`;
}
