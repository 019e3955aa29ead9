import { barChart } from "./charts.ts";
import { PEER_TITLES, type PeerName } from "./peers.ts";
import { figures, type Measured, type Round } from "./submit-round.ts";
import type { Chart, Table } from "./suite.ts";

export type SubmitCase = { delayMs: number; connections: number; named: boolean; rounds: Record<PeerName, Round[]> };

export function submitTable(names: readonly PeerName[], { delayMs, connections, named, rounds }: SubmitCase): Table {
  const floor = figures(rounds.floor);
  const name = named ? "with a session_id" : "no name";
  return {
    title: `Submissions: ${name}, vendor delay ${delayMs} ms, ${connections} connection${connections === 1 ? "" : "s"}`,
    columns: [
      "server",
      "answers a second",
      "added p50 (ms)",
      "added p99 (ms)",
      "CPU (ms per request)",
      "CPU beside the floor (×)",
    ],
    rows: names.map((peer) => {
      const one = figures(rounds[peer]);
      const ratio = one.cpuMsPerRequest / floor.cpuMsPerRequest;
      return [PEER_TITLES[peer], one.perSecond, one.addedP50Ms, one.addedP99Ms, one.cpuMsPerRequest, ratio];
    }),
  };
}

/** Of submissions without a name in front of the vendor with this delay. */
export function submitCharts(names: readonly PeerName[], cases: readonly SubmitCase[], delayMs: number): Chart[] {
  const shown = cases.filter((one) => one.delayMs === delayMs && !one.named);
  const chart = (file: string, title: string, yLabel: string, figure: keyof Measured): Chart => ({
    file,
    title,
    svg: barChart({
      title,
      xLabel: "connections",
      yLabel,
      groups: shown.map(({ connections }) => String(connections)),
      series: names.map((name) => ({
        name: PEER_TITLES[name],
        values: shown.map(({ rounds }) => figures(rounds[name])[figure]),
      })),
    }),
  });
  return [
    chart(
      "submit-cpu.svg",
      `CPU of one submission, vendor delay ${delayMs} ms`,
      "CPU (ms per request)",
      "cpuMsPerRequest",
    ),
    chart(
      "submit-throughput.svg",
      `Submissions a second, vendor delay ${delayMs} ms`,
      "answers per second",
      "perSecond",
    ),
    chart(
      "submit-latency.svg",
      `Latency added to the vendor's ${delayMs} ms, median`,
      "added latency (ms)",
      "addedP50Ms",
    ),
  ];
}
