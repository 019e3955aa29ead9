/*
 * What the simulator needs of the core, in one place.
 */
import type { Core, CoreInput, CoreOptions } from "../../src/dispatcher/core.ts";
import type { TaskStatus } from "../../src/tasks/contract.ts";
import type { Profile } from "./profile.ts";
import { CREATE_TIMEOUT_MS, RESEND_AFTER_MS } from "./times.ts";

export type { Core, CoreInput, CoreOptions } from "../../src/dispatcher/core.ts";

const REREAD_AFTER_MS = 90_000;
const MAX_BYTES = 7 * 1024 ** 3;

/** The core under test: src/dispatcher/core.ts, or a copy of it with something put wrong. */
export type CoreClass = new (input: CoreInput) => Core;

export function optionsOf(profile: Profile): CoreOptions {
  const limited = profile.models.filter(({ limit }) => limit !== undefined);
  return {
    concurrency: profile.concurrency,
    requestsPerSecond: profile.requestsPerSecond,
    modelConcurrency: new Map(limited.map(({ name, limit }) => [name, limit ?? 1])),
    connections: profile.connections,
    createTimeoutMs: CREATE_TIMEOUT_MS,
    resendAfterMs: RESEND_AFTER_MS,
    rereadAfterMs: REREAD_AFTER_MS,
    maxWaiting: profile.maxWaiting,
    maxWaitingBytes: profile.maxWaitingBytes,
    maxDailyBytes: profile.maxDailyBytes,
    maxUntold: profile.maxUntold,
    maxBytes: MAX_BYTES,
  };
}

/** A row of the object's table, as far as the checks look at it. */
export type LedgerRow = {
  id: string;
  owner: string;
  status: TaskStatus;
  told: number;
  rev: number;
  adopted: number;
  attempt: number;
  calls: number;
  reached: number;
  vendor_task_id: string | null;
  holds_session: number;
  holds_key: number;
  retry_print: string | null;
  error_code: string | null;
  finished_at: number | null;
  deleted_at: number | null;
  entries: number;
  content: number;
};

const COLUMNS = `id, owner, status, told, rev, adopted, attempt, calls, reached, vendor_task_id, holds_session, holds_key,
  retry_print, error_code, finished_at, deleted_at, json_array_length(history) AS entries,
  result IS NOT NULL OR outline IS NOT NULL OR session_context IS NOT NULL AS content`;

export const ALL_ROWS = `SELECT ${COLUMNS} FROM tasks`;

const noteOn = (event: string, row: string) =>
  `CREATE TEMP TRIGGER touched_${event} AFTER ${event} ON main.tasks
   BEGIN INSERT OR IGNORE INTO touched VALUES (${row}.id); END`;

/** Rows that a turn has changed are noted by triggers, within the turn. */
export const NOTE_TOUCHED = [
  "CREATE TEMP TABLE touched (id TEXT PRIMARY KEY)",
  noteOn("insert", "new"),
  noteOn("update", "new"),
  noteOn("delete", "old"),
];
export const TOUCHED = "SELECT id FROM touched";
export const TOUCHED_ROWS = `SELECT ${COLUMNS} FROM tasks WHERE id IN (SELECT id FROM touched)`;
export const FORGET_TOUCHED = "DELETE FROM touched";
