import { CLAIM_LIFETIME_MS } from "../../src/tasks/limits.ts";
import type { VendorTask } from "./books.ts";
import { isOver } from "./judge-row.ts";
import type { Lives } from "./lives.ts";
import type { Oracle } from "./oracle.ts";

const MINUTE_MS = 60_000;
/** When everything is over the object sleeps until all names have lapsed, */
export const SLEEP_MS = CLAIM_LIFETIME_MS + 60 * MINUTE_MS;
/** and then has so long to forget what it need not know any more. */
export const FORGETTING_MS = 20 * MINUTE_MS;

/** At the end: everything is over, in the record, as it was at the vendor, and no slot is held. */
export function checkSettled(oracle: Oracle, lives: Lives): void {
  const { record } = oracle.places;
  for (const id of oracle.accepted.keys()) checkRecorded(oracle, id);
  for (const task of oracle.money.vendorTasks.values()) checkPaid(oracle, task);
  const counted = `${record.counted} counted, ${record.rows.size} there`;
  oracle.must(record.counted === record.rows.size, "counters", undefined, () => counted);
  const report = lives.current?.core.report(lives.now);
  const rest = `${report?.waiting} wait, ${report?.running} hold slots, ${report?.untold} untold`;
  const atRest = report?.waiting === 0 && report.running === 0 && report.untold === 0;
  oracle.must(atRest, "R6", undefined, () => `at rest: ${rest}`);
}

function checkRecorded(oracle: Oracle, id: string): void {
  const row = oracle.places.record.rows.get(id);
  const there = row !== undefined && isOver(row);
  oracle.must(there, "lost", id, () => `is ${row?.status ?? "not"} in the record at the end`);
  if (row?.status === "succeeded" && row.deleted_at === null) oracle.checkResult(id, row);
  if (!oracle.told.wasErased(id)) return;
  const content = row?.result ?? row?.outline ?? row?.session_context ?? row?.request ?? null;
  oracle.must(content === null, "erased", id, () => "has its content in the record");
}

function checkPaid(oracle: Oracle, task: VendorTask): void {
  if (task.ending === "no_room" || task.twinOf !== undefined) return;
  const { taskId: id, ending } = task;
  const status = oracle.places.record.rows.get(id)?.status;
  const right = status === ending || (ending === "aborted" && (status === "failed" || status === "canceled"));
  const excused = oracle.isForgotten(id) || (oracle.places.profile.listHidden && status === "expired");
  oracle.must(right || excused, "result", id, () => `is ${status ?? "nowhere"}, and ${ending} at the vendor`);
}

/** Nothing is kept for ever. */
export function checkForgotten(oracle: Oracle): void {
  const [left] = oracle.rows.keys();
  oracle.must(left === undefined, "R4", left, () => `and ${oracle.rows.size - 1} more are kept for ever`);
}
