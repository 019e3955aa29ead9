import * as z from "zod";
import { call } from "../../scripts/lib/http.ts";
import { COUNTS_PATH } from "./counts-path.ts";

const statementCount = z.object({
  calls: z.number(),
  /** Parameters that were bound, at the most. */
  parameters: z.number(),
  rowsRead: z.number(),
  /** By one call. */
  mostRowsRead: z.number(),
  /** Rows of indexes among them, as D1 counts. */
  rowsWritten: z.number(),
  mostRowsWritten: z.number(),
  /** In the database alone; D1 tells it, an object's own database does not. */
  ms: z.number(),
});

const countsSchema = z.object({
  requests: z.number(),
  scheduled: z.number(),
  logLines: z.number(),
  d1: z.object({ batches: z.number(), statements: z.record(z.string(), statementCount) }),
  /** Calls of each method. */
  kv: z.record(z.string(), z.number()),
  r2: z.record(z.string(), z.number()),
  object: z.object({
    starts: z.number(),
    calls: z.record(z.string(), z.number()),
    alarms: z.number(),
    /** Each is a row written in the object's own storage. */
    alarmsSet: z.number(),
    statements: z.record(z.string(), statementCount),
  }),
});

export type StatementCount = z.infer<typeof statementCount>;
export type Counts = z.infer<typeof countsSchema>;

/** What is paid for, of a number of operations. */
export type Operations = {
  /** Calls of the Worker, those of the cron trigger among them. */
  requests: number;
  objectRequests: number;
  /** Of D1, as the rows are. */
  statements: number;
  rowsRead: number;
  rowsWritten: number;
  /** In the object's own database. */
  objectRowsRead: number;
  /** Its alarms among them. */
  objectRowsWritten: number;
  kvReads: number;
  kvWrites: number;
  r2Reads: number;
  r2Writes: number;
  logLines: number;
};

/** Two looks this far apart that show the same mean that nothing is going on. */
const SETTLE_MS = 120;
const SETTLE_LOOKS = 50;

/** @param gatewayUrl of the counting Worker */
export async function readCounts(gatewayUrl: string): Promise<Counts> {
  return countsSchema.parse((await call(`${gatewayUrl}${COUNTS_PATH}`)).body);
}

/** Puts the gateway's clock so far ahead of the true one; the vendor's stays. */
export async function putClockAhead(gatewayUrl: string, milliseconds: number): Promise<void> {
  await call(`${gatewayUrl}${COUNTS_PATH}`, { method: "PUT", json: { clock_ahead_ms: milliseconds } });
}

/** Counts what `work` brings about, what goes on after its answers included. */
export async function counted(gatewayUrl: string, work: () => Promise<void>): Promise<Counts> {
  await settledCounts(gatewayUrl);
  await call(`${gatewayUrl}${COUNTS_PATH}`, { method: "DELETE" });
  await work();
  return settledCounts(gatewayUrl);
}

async function settledCounts(gatewayUrl: string): Promise<Counts> {
  let before = await readCounts(gatewayUrl);
  for (let look = 0; look < SETTLE_LOOKS; look++) {
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    const now = await readCounts(gatewayUrl);
    if (JSON.stringify(now) === JSON.stringify(before)) return now;
    before = now;
  }
  return before;
}

export function operationsOf(counts: Counts): Operations {
  const statements = Object.values(counts.d1.statements);
  const own = Object.values(counts.object.statements);
  const { get = 0, getWithMetadata = 0, ...others } = counts.kv;
  const { get: r2Gets = 0, head = 0, delete: _free, ...r2Writes } = counts.r2;
  return {
    requests: counts.requests + counts.scheduled,
    objectRequests: sum(Object.values(counts.object.calls)) + counts.object.alarms,
    statements: sum(statements.map(({ calls }) => calls)),
    rowsRead: sum(statements.map(({ rowsRead }) => rowsRead)),
    rowsWritten: sum(statements.map(({ rowsWritten }) => rowsWritten)),
    objectRowsRead: sum(own.map(({ rowsRead }) => rowsRead)),
    objectRowsWritten: counts.object.alarmsSet + sum(own.map(({ rowsWritten }) => rowsWritten)),
    kvReads: get + getWithMetadata,
    kvWrites: sum(Object.values(others)),
    r2Reads: r2Gets + head,
    // Lists cost as much as writes.
    r2Writes: sum(Object.values(r2Writes)),
    logLines: counts.logLines,
  };
}

/** Member by member. */
export function combined<T extends Record<string, number>>(
  one: T,
  another: T,
  combine: (a: number, b: number) => number,
): T {
  const entries = Object.entries(one).map(([name, value]) => [name, combine(value, another[name] ?? 0)] as const);
  return Object.fromEntries(entries) as T;
}

export function scaled<T extends Record<string, number>>(one: T, factor: number): T {
  return combined(one, one, (value) => value * factor);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
