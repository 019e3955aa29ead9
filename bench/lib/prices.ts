import type { Operations } from "./counts.ts";

/*
 * Prices of Cloudflare's Workers Paid plan beyond what its $5 a month include, in US dollars, as of November 2026. D1 and
 * Durable Objects: copies of d1/platform/pricing and durable-objects/platform/pricing at developers.cloudflare.com.
 * Workers and KV: others' quotations of the platform's pages. Not seen in writing: the prices of log lines and of R2's
 * operations, and that setting an alarm counts as one row written.
 */

export const PRICES_READ = "November 2026";
export const PRICES_SOURCE =
  "copies of Cloudflare's pricing pages of D1 and Durable Objects; quotations for Workers, KV and logs";

const MILLION = 1_000_000;

const DOLLARS_PER_MILLION = {
  requests: 0.3,
  cpuMilliseconds: 0.02,
  d1RowsRead: 0.001,
  d1RowsWritten: 1,
  kvReads: 0.5,
  kvWrites: 5,
  objectRequests: 0.15,
  objectGbSeconds: 12.5,
  /** Rows of an object's own storage are priced as D1's. Setting the alarm writes one. */
  objectRowsRead: 0.001,
  objectRowsWritten: 1,
  /** Its "class B" and "class A". */
  r2Reads: 0.36,
  r2Writes: 4.5,
  logLines: 0.6,
};
const DOLLARS_PER_D1_GB_MONTH = 0.75;

/** What an object is billed for, whatever it uses of it; the platform reckons 128 MB / 1 GB. */
export const OBJECT_GB = 0.128;
const BYTES_PER_GB = 1_000_000_000;

/** What one task uses. */
export type Usage = Operations & {
  cpuMs: number;
  /** For which an object is kept in memory for this task. */
  objectSeconds: number;
  /** In D1, its indexes included. */
  storedByteMonths: number;
};

export type Bill = { part: string; dollars: number }[];

/** Beyond what is included, for as many tasks as are asked for. In the order of the parts of the platform. */
export function billOf(usage: Usage, tasks: number): Bill {
  const millions = tasks / MILLION;
  const each: Record<string, number> = {
    "Workers: requests": usage.requests * DOLLARS_PER_MILLION.requests,
    "Workers: CPU": usage.cpuMs * DOLLARS_PER_MILLION.cpuMilliseconds,
    "D1: rows read": usage.rowsRead * DOLLARS_PER_MILLION.d1RowsRead,
    "D1: rows written": usage.rowsWritten * DOLLARS_PER_MILLION.d1RowsWritten,
    "D1: storage": ((usage.storedByteMonths * MILLION) / BYTES_PER_GB) * DOLLARS_PER_D1_GB_MONTH,
    "KV: reads": usage.kvReads * DOLLARS_PER_MILLION.kvReads,
    "KV: writes": usage.kvWrites * DOLLARS_PER_MILLION.kvWrites,
    "Durable Object: requests": usage.objectRequests * DOLLARS_PER_MILLION.objectRequests,
    "Durable Object: duration": usage.objectSeconds * OBJECT_GB * DOLLARS_PER_MILLION.objectGbSeconds,
    "Durable Object: rows read": usage.objectRowsRead * DOLLARS_PER_MILLION.objectRowsRead,
    "Durable Object: rows written": usage.objectRowsWritten * DOLLARS_PER_MILLION.objectRowsWritten,
    "R2: reads": usage.r2Reads * DOLLARS_PER_MILLION.r2Reads,
    "R2: writes and lists": usage.r2Writes * DOLLARS_PER_MILLION.r2Writes,
    "Workers Logs": usage.logLines * DOLLARS_PER_MILLION.logLines,
  };
  return Object.entries(each).map(([part, dollars]) => ({ part, dollars: dollars * millions }));
}

export function totalOf(bill: Bill): number {
  return bill.reduce((sum, { dollars }) => sum + dollars, 0);
}
