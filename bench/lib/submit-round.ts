import { median, percentile } from "./checks.ts";
import { idle } from "./idle.ts";
import { load } from "./load.ts";
import { type Peer, type PeerName, type PlainVendor, submission } from "./peers.ts";

export type RoundSize = {
  delayMs: number;
  connections: number;
  /** Whether each submission has a `session_id`, another one each time. */
  named: boolean;
  seconds: number;
  leadInSeconds: number;
};

export type Round = {
  answered: number;
  others: Record<string, number>;
  paidAgain: number;
  perSecond: number;
  addedP50Ms: number;
  addedP99Ms: number;
  /** Of the process. */
  cpuMs: number;
  /** What the vendor was sent, what the end of the round cut off included: it has been worked on as well. */
  tasks: number;
};

export type Measured = { perSecond: number; addedP50Ms: number; addedP99Ms: number; cpuMsPerRequest: number };

/** Of a round without a single answer. */
const NOT_ANSWERED = Number.POSITIVE_INFINITY;

/** Some seconds of submissions to one server. */
export async function submitRound(name: PeerName, peer: Peer, vendor: PlainVendor, size: RoundSize): Promise<Round> {
  const { delayMs, named, ...length } = size;
  await vendor.reset(delayMs);
  const before = await peer.cpuMilliseconds();
  const done = await load({
    url: peer.url,
    ...length,
    method: "POST",
    request: (unique) => submission(name, named ? unique : undefined),
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

/** Medians of the rounds; CPU over all of them. */
export function figures(rounds: readonly Round[]): Measured {
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
