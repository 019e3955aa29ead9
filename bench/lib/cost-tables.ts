import { barChart } from "./charts.ts";
import { median } from "./checks.ts";
import type { FirstAnswer } from "./first-answer.ts";
import type { Operations, StatementCount } from "./counts.ts";
import { billOf, OBJECT_GB, PRICES_READ, PRICES_SOURCE, totalOf } from "./prices.ts";
import { shortSql } from "./short-sql.ts";
import type { Cell, Chart, Table } from "./suite.ts";
import { NAMING_TITLES, NAMINGS, type Phase, PHASE_TITLES, PHASES } from "./task-phases.ts";
import { type Habit, type Measured, rowsWrittenInLife, TASK_SECONDS, usageOf } from "./usage.ts";

const MILLION = 1_000_000;
const MANY_IN_FLIGHT = 1_000;
const MANY_POLLS = 10;
const MINUTES_PER_MONTH = 60 * 24 * 30;
const SECONDS_PER_MINUTE = 60;
const BYTES_PER_KB = 1_000;

const OPERATION_TITLES: Record<keyof Operations, string> = {
  requests: "requests",
  objectRequests: "object requests",
  statements: "D1 statements",
  rowsRead: "D1 rows read",
  rowsWritten: "D1 rows written",
  objectRowsRead: "object rows read",
  objectRowsWritten: "object rows written",
  kvReads: "KV reads",
  kvWrites: "KV writes",
  r2Reads: "R2 reads",
  r2Writes: "R2 writes",
  logLines: "log lines",
};
const OPERATIONS = Object.keys(OPERATION_TITLES) as (keyof Operations)[];

/** The phases that a name changes are shown for each naming. */
const NAMED_PHASES: ReadonlySet<Phase> = new Set(["submit", "deletion"]);

export function operationTable({ lives, awakePerSecond, cpuMs }: Measured): Table {
  const row = (title: string, operations: Operations, cpu: Cell): Cell[] =>
    ([title] as Cell[]).concat(
      OPERATIONS.map((name) => operations[name]),
      cpu,
    );
  const phases = PHASES.flatMap((phase) => {
    const own = phase === "deletion" ? "" : cpuMs[phase];
    if (!NAMED_PHASES.has(phase)) return [row(PHASE_TITLES[phase], lives.session[phase], own)];
    return NAMINGS.map((naming) => {
      const cpu = naming === "session" ? own : "";
      return row(`${PHASE_TITLES[phase]}, ${NAMING_TITLES[naming]}`, lives[naming][phase], cpu);
    });
  });
  return {
    title: "Operations of one task",
    note: "A row for each index that a write touches, and for each alarm that is set, which fewer tasks share than usual here: they come one after the other. CPU is that of Worker and object, by V8's profiler.",
    columns: ["phase", ...OPERATIONS.map((name) => OPERATION_TITLES[name]), "CPU (ms)"],
    rows: [...phases, row("the object, each second in which any task is in flight", awakePerSecond, "")],
  };
}

/** From the submission until nothing is left. */
export function rowsTable({ lives }: Measured): Table {
  return {
    title: "Rows written for one task, its forgetting included",
    columns: ["names", "object, alarms included", "D1", "all"],
    rows: NAMINGS.map((naming) => {
      const { object, record, all } = rowsWrittenInLife(lives[naming]);
      return [NAMING_TITLES[naming], object, record, all];
    }),
  };
}

/** Where the rows written come from. */
export function rowsByStatement({ statements, tasks }: Measured): Table {
  const phases: readonly Phase[] = ["submit", "event", "deletion"];
  const rows = phases.flatMap((phase) => {
    const { object, d1 } = statements["session-and-key"][phase];
    const of = (database: string, counts: Record<string, StatementCount>) =>
      Object.entries(counts)
        .filter(([, { rowsWritten }]) => rowsWritten > 0)
        .map(([sql, count]): Cell[] => [
          phase,
          database,
          shortSql(sql),
          count.rowsWritten / tasks,
          count.rowsRead / tasks,
        ]);
    return of("object", object.statements).concat(of("D1", d1.statements));
  });
  return {
    title: "Statements that write, for one task with session_id and Idempotency-Key",
    columns: ["phase", "database", "statement", "rows written", "rows read"],
    rows,
  };
}

const HABITS: readonly Habit[] = NAMINGS.flatMap((naming) =>
  [0, MANY_POLLS].flatMap((polls) => [MANY_IN_FLIGHT, 1].map((inFlight) => ({ naming, polls, inFlight }))),
);

export function priceTables(measured: Measured): Table[] {
  const shown = HABITS.filter(({ naming }) => naming === "session");
  const bills = shown.map((habit) => billOf(usageOf(measured, habit), MILLION));
  const parts = bills[0]?.map(({ part }) => part) ?? [];
  const note = `${PRICES_SOURCE}, read in ${PRICES_READ}; beyond what the plan includes. A task takes ${TASK_SECONDS} s at the vendor. The object is reckoned as billed for every second in which a task is in flight, though the platform does not bill seconds that it could hibernate through: its duration is the most it can be, and never more than ${dollars(monthAwake())} a month for an account.`;
  return [
    {
      title: "Dollars for a million tasks with a session_id, by part",
      note,
      columns: ["part", ...shown.map(habitText)],
      rows: [
        ...parts.map((part, index) =>
          ([part] as Cell[]).concat(bills.map((bill) => bill[index]?.dollars ?? Number.NaN)),
        ),
        ["all", ...bills.map(totalOf)],
      ],
    },
    {
      title: "Dollars for a million tasks",
      columns: ["names", "polls", "in flight", "dollars"],
      rows: HABITS.map((habit) => [
        NAMING_TITLES[habit.naming],
        habit.polls,
        habit.inFlight,
        totalOf(billOf(usageOf(measured, habit), MILLION)),
      ]),
    },
  ];
}

function habitText({ polls, inFlight }: Habit): string {
  return `${polls} polls, ${inFlight} in flight`;
}

/** What an account costs when it has nothing to do, and when it always has. */
export function standingTable({ cron, awakePerSecond }: Measured): Table {
  const idle = { cpuMs: 0, objectSeconds: 0, storedByteMonths: 0 };
  return {
    title: "Standing cost of an account, a month",
    columns: ["", "requests", "object requests", "object rows written", "R2 lists", "object (GB-s)", "dollars"],
    rows: [
      [
        "cron trigger, each minute",
        cron.requests * MINUTES_PER_MONTH,
        cron.objectRequests * MINUTES_PER_MONTH,
        cron.objectRowsWritten * MINUTES_PER_MONTH,
        cron.r2Writes * MINUTES_PER_MONTH,
        0,
        totalOf(billOf({ ...cron, ...idle }, MINUTES_PER_MONTH)),
      ],
      [
        "the object, if a task is in flight at every moment",
        awakePerSecond.requests * secondsPerMonth(),
        awakePerSecond.objectRequests * secondsPerMonth(),
        awakePerSecond.objectRowsWritten * secondsPerMonth(),
        awakePerSecond.r2Writes * secondsPerMonth(),
        OBJECT_GB * secondsPerMonth(),
        totalOf(billOf({ ...awakePerSecond, ...idle, objectSeconds: 1 }, secondsPerMonth())),
      ],
    ],
  };
}

function secondsPerMonth(): number {
  return MINUTES_PER_MONTH * SECONDS_PER_MINUTE;
}

function monthAwake(): number {
  const nothing = Object.fromEntries(OPERATIONS.map((name) => [name, 0])) as Operations;
  return totalOf(billOf({ ...nothing, cpuMs: 0, storedByteMonths: 0, objectSeconds: 1 }, secondsPerMonth()));
}

function dollars(amount: number): string {
  return `$${amount.toFixed(2)}`;
}

/** As many as can stand under one chart. */
const CHART_GROUPS: Record<string, RegExp> = {
  requests: /^Workers: requests/,
  CPU: /^Workers: CPU/,
  "D1 reads": /^D1: rows read/,
  "D1 writes": /^D1: rows written/,
  "D1 storage": /^D1: storage/,
  "KV, R2": /^(KV|R2)/,
  "Durable Obj.": /^Durable Object/,
  logs: /Logs/,
};

export function costCharts(measured: Measured): Chart[] {
  const shown = [0, MANY_POLLS].map((polls) => ({ naming: "session" as const, polls, inFlight: MANY_IN_FLIGHT }));
  const title = `Dollars for a million tasks with a session_id, ${MANY_IN_FLIGHT.toLocaleString("en")} in flight`;
  const svg = barChart({
    title,
    xLabel: "part of the platform",
    yLabel: "US dollars",
    groups: Object.keys(CHART_GROUPS),
    series: shown.map((habit) => {
      const bill = billOf(usageOf(measured, habit), MILLION);
      const values = Object.values(CHART_GROUPS).map((group) => totalOf(bill.filter(({ part }) => group.test(part))));
      return { name: `${habit.polls} polls`, values };
    }),
  });
  return [{ file: "cost.svg", title, svg }];
}

export function coldStartTable(cold: {
  gzipBytes: number;
  minifiedBytes: number;
  rounds: Record<"gateway" | "hello", FirstAnswer[]>;
}): Table {
  const of = (name: "gateway" | "hello", figure: (one: FirstAnswer) => number) => median(cold.rounds[name].map(figure));
  return {
    title: "Cold start",
    note: `Bundle: ${Math.round(cold.minifiedBytes / BYTES_PER_KB)} KB minified, ${Math.round(cold.gzipBytes / BYTES_PER_KB)} KB gzip. From the start of the runtime's process; the runtime compiles the Worker before it listens.`,
    columns: ["Worker", "listening (ms)", "first answer (ms)"],
    rows: [
      ["Reelgate", of("gateway", (one) => one.listeningMs), of("gateway", (one) => one.answeredMs)],
      ["hello world", of("hello", (one) => one.listeningMs), of("hello", (one) => one.answeredMs)],
    ],
  };
}
