import { rm } from "node:fs/promises";
import { startStack } from "../../scripts/lib/stack.ts";
import { BENCH_BUILD_DIR } from "../lib/build.ts";
import { lineChart } from "../lib/charts.ts";
import { type Check, exactly } from "../lib/checks.ts";
import { buildCounted } from "../lib/counted-gateway.ts";
import { counted, type StatementCount } from "../lib/counts.ts";
import { ALONE_MODEL, REREAD_SECONDS, runEveryStatement } from "../lib/every-statement.ts";
import { bootGateway } from "../lib/gateway.ts";
import { labOf, NO_RATE_LIMIT } from "../lib/lab.ts";
import { shortSql } from "../lib/short-sql.ts";
import { newStateDir } from "../lib/state-dir.ts";
import { type Chart, type Suite, type Table, type Target, targetAtMost } from "../lib/suite.ts";
import { planOf, seedTasks } from "../lib/table-seed.ts";

const SIZES = [10_000, 100_000, 1_000_000];
const QUICK_SIZES = [10_000, 40_000];

/** A statement is flat when a call of it reads no more than this, whatever is in the table. */
const FLAT_FACTOR = 1.25;
/** Rows that depend on what else happens just then: events that wait, tasks in flight. */
const FLAT_ROWS = 10;
/** Statements that read more than this are told apart: they are bounded, and by what. */
const MANY_ROWS = 200;

/** What bounds the rows that a statement reads, by its text. The first that fits. */
const BOUNDS: readonly (readonly [text: RegExp, bound: string])[] = [
  [/^DELETE .* LIMIT \d+/, "a batch of the retention"],
  [/INDEXED BY tasks_active/, "the tasks that are not over"],
  [/^SELECT .* LIMIT /, "a page, or what a page with filters may look at"],
];

type AtSize = { size: number; statements: Record<string, StatementCount> };
type Growth = { sql: string; at: (StatementCount | undefined)[]; grows: boolean };
type Plans = Record<string, string[]>;

export const suite: Suite = {
  name: "growth",
  title: "Growth of the tables",
  method:
    "Tables of ever more finished tasks, with their requests, events and claims, half of them of one owner; at each size a fresh gateway leads that owner's tasks down every way there is, and a Worker around it counts each statement's calls, rows read and written as D1 counts them, and time. Compared is the most that one call of a statement read. The plans of all statements are in the JSON.",
  async run({ quick, say }) {
    const sizes = quick ? QUICK_SIZES : SIZES;
    const { measured, plans } = await measure(sizes, say);
    const growths = growthsOf(measured);
    return {
      facts: factsOf(growths),
      targets: [targetOf(growths, sizes)],
      tables: [statementTable(growths, sizes), timeTable(growths, sizes)],
      charts: [chartOf(measured)],
      raw: { measured, plans },
    };
  },
};

async function measure(sizes: readonly number[], say: (line: string) => void) {
  const buildDir = await buildCounted();
  const stateDir = await newStateDir();
  const emulator = await startStack({ gateway: false, buildDir: BENCH_BUILD_DIR });
  const measured: AtSize[] = [];
  let plans: Plans = {};
  try {
    let rows = 0;
    for (const size of sizes) {
      const gateway = await bootGateway({
        stateDir,
        buildDir,
        restart: rows > 0,
        vodEndpoint: emulator.emulatorUrl,
        vars: {
          VOD_CONCURRENCY: String(NO_RATE_LIMIT),
          VOD_REQUESTS_PER_SECOND: String(NO_RATE_LIMIT),
          VOD_MODEL_CONCURRENCY: JSON.stringify({ [ALONE_MODEL]: 1 }),
          VOD_REREAD_SECONDS: String(REREAD_SECONDS),
        },
      });
      try {
        say(`${size.toLocaleString("en")} tasks`);
        // Before any request: nobody else uses the database yet.
        await seedTasks(gateway.database, rows, size);
        rows = size;
        const { gatewayUrl, apiKey } = gateway;
        const lab = labOf({ gatewayUrl, apiKey, emulatorUrl: emulator.emulatorUrl, addApiKey: emulator.addApiKey });
        await lab.vendor.configure({
          notification_url: gateway.callbackUrl,
          concurrency: NO_RATE_LIMIT,
          requests_per_second: NO_RATE_LIMIT,
        });
        const counts = await counted(gatewayUrl, () => runEveryStatement({ ...lab, gateway }, `run-${size}`));
        measured.push({ size, statements: counts.d1.statements });
        plans = {};
        for (const [sql, { parameters }] of Object.entries(counts.d1.statements)) {
          plans[sql] = await planOf(gateway.database, sql, parameters);
        }
      } finally {
        await gateway.kill();
      }
    }
    return { measured, plans };
  } finally {
    await emulator.stop();
    await rm(stateDir, { recursive: true, force: true });
  }
}

function growthsOf(measured: readonly AtSize[]): Growth[] {
  const texts = new Set(measured.flatMap(({ statements }) => Object.keys(statements)));
  return Array.from(texts, (sql) => {
    const at = measured.map(({ statements }) => statements[sql]);
    const [least, ...larger] = at.filter((count) => count !== undefined).map(({ mostRowsRead }) => mostRowsRead);
    const most = Math.max(0, ...larger);
    return { sql, at, grows: least !== undefined && most > least * FLAT_FACTOR + FLAT_ROWS };
  }).toSorted((a, b) => rowsRead(b) - rowsRead(a));
}

/** By one call, on the largest table. */
function rowsRead({ at }: Growth): number {
  return at.at(-1)?.mostRowsRead ?? 0;
}

function factsOf(growths: readonly Growth[]): Check[] {
  return [
    exactly("statements whose rows read grow with the table", growths.filter(({ grows }) => grows).length, 0),
    exactly(
      `statements that read more than ${MANY_ROWS} rows and name no limit`,
      growths.filter((growth) => rowsRead(growth) > MANY_ROWS && boundOf(growth.sql) === "").length,
      0,
    ),
  ];
}

function targetOf(growths: readonly Growth[], sizes: readonly number[]): Target {
  const ratios = growths.map(
    ({ at }) => (at.at(-1)?.mostRowsRead ?? 0) / Math.max(FLAT_ROWS, at[0]?.mostRowsRead ?? 0),
  );
  return targetAtMost(
    `rows read by a statement on ${sizes.at(-1)?.toLocaleString("en")} tasks beside ${sizes[0]?.toLocaleString("en")}, worst`,
    Math.max(...ratios),
    FLAT_FACTOR,
    "×",
  );
}

function statementTable(growths: readonly Growth[], sizes: readonly number[]): Table {
  return {
    title: "Rows that one call of a statement read and wrote, at the most",
    note: "By the number of tasks in the table; – where it was not run.",
    columns: [
      "statement",
      ...sizes.map((size) => `read, ${size.toLocaleString("en")}`),
      ...sizes.map((size) => `written, ${size.toLocaleString("en")}`),
      "bounded by",
      "grows",
    ],
    rows: growths.map((growth) => [
      shortSql(growth.sql),
      ...growth.at.map((count) => count?.mostRowsRead ?? Number.NaN),
      ...growth.at.map((count) => count?.mostRowsWritten ?? Number.NaN),
      rowsRead(growth) > MANY_ROWS ? boundOf(growth.sql) : "",
      growth.grows ? "YES" : "no",
    ]),
  };
}

function boundOf(sql: string): string {
  return BOUNDS.find(([text]) => text.test(sql))?.[1] ?? "";
}

function timeTable(growths: readonly Growth[], sizes: readonly number[]): Table {
  return {
    title: "Time of a statement in the database, mean",
    note: "The database tells whole milliseconds. Those of at least one are shown.",
    columns: ["statement", ...sizes.map((size) => `ms, ${size.toLocaleString("en")}`)],
    rows: growths
      .map(({ sql, at }) => [shortSql(sql), ...at.map(meanMs)] as const)
      .filter(([, ...times]) => times.some((ms) => ms >= 1)),
  };
}

function meanMs(count: StatementCount | undefined): number {
  return count ? count.ms / count.calls : Number.NaN;
}

function chartOf(measured: readonly AtSize[]): Chart {
  const title = "Rows read and written by all ways through the gateway";
  const total = (figure: (count: StatementCount) => number) =>
    measured.map(({ statements }) =>
      Object.values(statements)
        .map((count) => figure(count) / count.calls)
        .reduce((sum, value) => sum + value, 0),
    );
  return {
    file: "growth.svg",
    title,
    svg: lineChart({
      title,
      xLabel: "tasks in the table (log scale)",
      yLabel: "rows, one call of each statement",
      xs: measured.map(({ size }) => size),
      xScale: "log",
      xText: (size) => size.toLocaleString("en"),
      series: [
        { name: "read", values: total(({ rowsRead: rows }) => rows) },
        { name: "written", values: total(({ rowsWritten }) => rowsWritten) },
      ],
    }),
  };
}
