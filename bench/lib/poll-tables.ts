import { PATHS, pathTitle, type PollCounts, type Polled, type PollPath } from "./poll-counts.ts";
import { type Cell, type Table, type Target, targetAtMost } from "./suite.ts";

/** Ticks of the object's own may or may not fall into a span that is looked at. */
const STATEMENTS_SLACK = 2;

export function pollTargets({ once, again, crowd }: PollCounts): Target[] {
  const rows = worst((path) => once[path].operations.rowsRead / once[path].polls);
  const known = worst((path) => again.finished[path].operations.rowsRead / again.finished[path].polls);
  const grown = worst((path) => crowd.together[path].operations.statements - crowd.alone[path].operations.statements);
  const status = crowd.together.status.operations.statements - crowd.alone.status.operations.statements;
  const beyond = `D1 statements of ${crowd.pollers} pollers of a running task beyond those of 1, in ${crowd.seconds} s`;
  return [
    targetAtMost(
      `D1 rows read by a poll of a finished task that the isolate has just read, worst: ${known.title}`,
      known.value,
      0,
      "rows",
    ),
    targetAtMost(`D1 rows read by the first poll of a finished task, worst: ${rows.title}`, rows.value, 1, "rows"),
    targetAtMost(`${beyond}, ${pathTitle("status")}`, status, STATEMENTS_SLACK, "statements"),
    targetAtMost(`${beyond}, worst: ${grown.title}`, grown.value, STATEMENTS_SLACK, "statements"),
  ];
}

function worst(figure: (path: PollPath) => number): { title: string; value: number } {
  const values = PATHS.map((path) => ({ title: pathTitle(path), value: figure(path) }));
  return values.reduce((most, one) => (one.value > most.value ? one : most));
}

export function pollTables({ once, again, crowd, unchanged }: PollCounts): Table[] {
  return [
    {
      title: "D1 per 1,000 polls, by path",
      note: "First: finished tasks that nobody has read yet, each polled once. Again: one task polled over and over, after a first poll. Not counted: the look-up of the caller's key, once in half a minute for each isolate, and the object's own rounds.",
      columns: ["polls", "D1 statements", "D1 rows read", "object requests"],
      rows: [
        ...PATHS.map((path) => perThousand(`${pathTitle(path)}, finished, first`, once[path])),
        ...PATHS.map((path) => perThousand(`${pathTitle(path)}, finished, again`, again.finished[path])),
        ...PATHS.map((path) => perThousand(`${pathTitle(path)}, running, again`, again.running[path])),
      ],
    },
    {
      title: `Pollers of one running task, for ${crowd.seconds} s`,
      columns: ["path", "pollers", "polls", "D1 statements", "D1 rows read"],
      rows: PATHS.flatMap((path) =>
        (
          [
            [1, crowd.alone[path]],
            [crowd.pollers, crowd.together[path]],
          ] as const
        ).map(([pollers, { polls, operations }]) => [
          pathTitle(path),
          pollers,
          polls,
          operations.statements,
          operations.rowsRead,
        ]),
      ),
    },
    {
      title: "Polls of the status with If-None-Match",
      columns: ["task", "answered 304 (%)"],
      rows: Object.entries(unchanged).map(([task, share]) => [task, share * 100]),
    },
  ];
}

function perThousand(title: string, { polls, operations }: Polled): Cell[] {
  const { statements, rowsRead, objectRequests } = operations;
  return ([title] as Cell[]).concat([statements, rowsRead, objectRequests].map((value) => (value * 1_000) / polls));
}
