import { lineChart } from "./charts.ts";
import type { Flight } from "./flight.ts";
import type { LagFigures } from "./lag-figures.ts";
import type { Chart, Table } from "./suite.ts";

/** `afterEnd`: of it, what comes after the gateway has noted the end. */
export type Measured = { tasks: number; lag: LagFigures; afterEnd: LagFigures; flights: Flight[] };
/** In virtual time: without any event, with nothing learnt and with the usual time learnt, and the polling model. */
export type Reckoned = { tasks: number; fresh: LagFigures; learnt: LagFigures; polling: LagFigures };

/** How long tasks take whose events are lost, and when the gateway first looks: seconds. */
export type ShortTimes = { fromSeconds: number; toSeconds: number; rereadSeconds: number };

export function comparison(byEvent: readonly Measured[], reckoned: readonly Reckoned[]): Table {
  return {
    title: "Lag at p99 (s)",
    note: "By event is measured; the two others are of the same tasks of 130 to 150 s in virtual time.",
    columns: [
      "in flight",
      "Reelgate by event",
      "Reelgate, every event lost, virtual time",
      "new-api's polling, model",
      "the model beside Reelgate by event (×)",
    ],
    rows: reckoned.map(({ tasks, learnt, polling }) => {
      const own = byEvent.find((one) => one.tasks === tasks)?.lag.p99 ?? Number.NaN;
      return [tasks, own, learnt.p99, polling.p99, polling.p99 / own];
    }),
  };
}

export function measuredTable(
  cases: Record<string, readonly Measured[]>,
  { fromSeconds, toSeconds, rereadSeconds }: ShortTimes,
): Table {
  const rows = (title: string, measured: readonly Measured[]) =>
    measured.map(({ tasks, lag, afterEnd, flights }) => [
      title,
      tasks,
      Math.max(...flights.map(({ mostInFlight }) => mostInFlight)),
      lag.tasks,
      lag.p50,
      lag.p95,
      lag.p99,
      lag.most,
      afterEnd.p50,
      afterEnd.p99,
    ]);
  return {
    title: "Measured lag (s)",
    note: `Without events the tasks take ${fromSeconds} to ${toSeconds} s and VOD_REREAD_SECONDS is ${rereadSeconds}: the vendor's 130 to 150 s and the gateway's default of 180 s in small. Its lag is what is left until that first look, and the turn among 80 looks a second, which are not made smaller.`,
    columns: [
      "case",
      "in flight",
      "most at once",
      "tasks",
      "p50",
      "p95",
      "p99",
      "most",
      "after the gateway's own end: p50",
      "p99 of that",
    ],
    rows: Object.entries(cases).flatMap(([title, measured]) => rows(title, measured)),
  };
}

export function reckonedTable(reckoned: readonly Reckoned[]): Table {
  return {
    title: "Lag in virtual time (s), tasks of 130 to 150 s submitted at once",
    note: "Without events the gateway first looks when the model's tasks usually are over and 30 s more, at the latest after VOD_REREAD_SECONDS (180); what is usual is learnt from earlier events. 80 looks a second at most. The second by which the dispatcher's alarm is set later than it must be is in the figures.",
    columns: ["case", "in flight", "p50", "p95", "p99", "most"],
    rows: reckoned.flatMap(({ tasks, fresh, learnt, polling }) => [
      lagRow("Reelgate, every event lost, usual time learnt earlier (140 s)", tasks, learnt),
      lagRow("Reelgate, every event lost, nothing learnt", tasks, fresh),
      lagRow("new-api's polling, model", tasks, polling),
    ]),
  };
}

function lagRow(title: string, tasks: number, { p50, p95, p99, most }: LagFigures) {
  return [title, tasks, p50, p95, p99, most];
}

export function chartOf(byEvent: readonly Measured[], reckoned: readonly Reckoned[]): Chart {
  const title = "From the vendor's finish to the client knowing, p99";
  return {
    file: "lag.svg",
    title,
    svg: lineChart({
      title,
      xLabel: "tasks in flight",
      yLabel: "lag (s, log scale)",
      xs: reckoned.map(({ tasks }) => tasks),
      xScale: "log",
      scale: "log",
      series: [
        {
          name: "Reelgate by event, measured",
          values: reckoned.map(({ tasks }) => byEvent.find((one) => one.tasks === tasks)?.lag.p99),
        },
        { name: "Reelgate, every event lost, virtual time", values: reckoned.map(({ learnt }) => learnt.p99) },
        { name: "new-api's polling, model", values: reckoned.map(({ polling }) => polling.p99) },
      ],
    }),
  };
}
