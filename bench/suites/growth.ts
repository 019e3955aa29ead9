import { rm } from "node:fs/promises";
import { startStack } from "../../scripts/lib/stack.ts";
import { BENCH_BUILD_DIR } from "../lib/build.ts";
import { lineChart } from "../lib/charts.ts";
import { type Check, exactly } from "../lib/checks.ts";
import { buildCounted } from "../lib/counted-gateway.ts";
import { counted, type StatementCount } from "../lib/counts.ts";
import { ALONE_MODEL, REREAD_SECONDS, RESEND_SECONDS, runEveryStatement } from "../lib/every-statement.ts";
import { bootGateway } from "../lib/gateway.ts";
import { labOf } from "../lib/lab.ts";
import { NO_LIMITS, UNLIMITED } from "../lib/no-limits.ts";
import { shortSql } from "../lib/short-sql.ts";
import { newStateDir } from "../lib/state-dir.ts";
import { type Chart, type Suite, type Table, type Target, targetAtMost } from "../lib/suite.ts";
import { planInRecord, plansInObject, seedTasks } from "../lib/table-seed.ts";

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
  [/DELETE .* LIMIT \d+/, "a batch of the retention"],
  [/^DELETE .* json_each/, "a batch of names that have lapsed"],
  [/^(SELECT|WITH) .* LIMIT /, "a page, or what a page with filters may look at"],
];
const DATABASES = ["object", "D1"] as const;
type DatabaseName = (typeof DATABASES)[number];

const VARS = {
  ...NO_LIMITS,
  VOD_MODEL_CONCURRENCY: JSON.stringify({ [ALONE_MODEL]: 1 }),
  VOD_REREAD_SECONDS: String(REREAD_SECONDS),
  VOD_RESEND_SECONDS: String(RESEND_SECONDS),
};

type AtSize = { size: number; statements: Record<DatabaseName, Record<string, StatementCount>> };
type Growth = { database: DatabaseName; sql: string; at: (StatementCount | undefined)[]; grows: boolean };
type Plans = Record<DatabaseName, Record<string, string[]>>;

export const suite: Suite = {
  name: "growth",
  title: "Growth of the tables",
  method:
    "Ever more finished tasks, half of them of one owner, in the record, and as many again in the object, which keeps those with a name for three days; at each size a fresh gateway leads that owner's tasks down every way there is, and a Worker around it counts each statement's calls, rows read and written as the databases themselves count them, and time. Compared is the most that one call of a statement read, for each row that it wrote. The plans of all statements are in the JSON.",
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
  let plans: Plans = { object: {}, D1: {} };
  try {
    let rows = 0;
    for (const size of sizes) {
      const boot = (restart: boolean) =>
        bootGateway({ stateDir, buildDir, restart, vodEndpoint: emulator.emulatorUrl, vars: VARS });
      say(`${size.toLocaleString("en")} tasks`);
      await seedTasks(await boot(rows > 0), rows, size);
      rows = size;
      const gateway = await boot(true);
      try {
        const { gatewayUrl, apiKey } = gateway;
        const lab = labOf({ gatewayUrl, apiKey, emulatorUrl: emulator.emulatorUrl, addApiKey: emulator.addApiKey });
        await lab.vendor.configure({
          notification_url: gateway.callbackUrl,
          concurrency: UNLIMITED,
          requests_per_second: UNLIMITED,
        });
        const counts = await counted(gatewayUrl, () => runEveryStatement({ ...lab, gateway }, `run-${size}`));
        measured.push({ size, statements: { object: counts.object.statements, D1: counts.d1.statements } });
        plans = { object: await plansInObject(gateway, counts.object.statements), D1: {} };
        for (const [sql, { parameters }] of Object.entries(counts.d1.statements)) {
          plans.D1[sql] = await planInRecord(gateway, sql, parameters);
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
  return DATABASES.flatMap((database) => {
    const texts = new Set(measured.flatMap(({ statements }) => Object.keys(statements[database])));
    return Array.from(texts, (sql): Growth => {
      const at = measured.map(({ statements }) => statements[database][sql]);
      const [least, ...larger] = at.filter((count) => count !== undefined).map(readForEach);
      const most = Math.max(0, ...larger);
      return { database, sql, at, grows: least !== undefined && most > least * FLAT_FACTOR + FLAT_ROWS };
    });
  }).toSorted((a, b) => rowsRead(b) - rowsRead(a));
}

/** For each row that it wrote, because some calls are about many tasks; for the call when it wrote none. */
function readForEach({ mostRowsRead, mostRowsWritten }: StatementCount): number {
  return mostRowsRead / Math.max(1, mostRowsWritten);
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
  const ratios = growths.map(({ at }) => {
    const [first, last] = [at[0], at.at(-1)].map((count) => (count ? readForEach(count) : 0));
    return (last ?? 0) / Math.max(FLAT_ROWS, first ?? 0);
  });
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
      "database",
      "statement",
      ...sizes.map((size) => `read, ${size.toLocaleString("en")}`),
      ...sizes.map((size) => `written, ${size.toLocaleString("en")}`),
      "bounded by",
      "grows",
    ],
    rows: growths.map((growth) => [
      growth.database,
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
    title: "Time of a statement in D1, mean",
    note: "D1 tells whole milliseconds, an object's own database none. Those of at least one are shown.",
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
      DATABASES.flatMap((database) => Object.values(statements[database]))
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
