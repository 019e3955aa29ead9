import { readFact, writeFact } from "./facts.ts";
import { accept, joinQueue, requeue } from "./finish.ts";
import { expire } from "./doubt.ts";
import type { Ledger } from "./ledger.ts";
import { RestoreScan, type Restored, RESTORED_STEPS } from "./restored.ts";
import { findLive } from "./rows.ts";

/** In one turn. */
const RELEASED_AT_ONCE = 200;

const EPOCH = "restore_epoch";
/** Before anything is loaded: whether this object was set back and has not come to terms with it yet. */
export function beginRestore(ledger: Ledger, restored: Restored | undefined): void {
  if (!restored) return;
  const reached = readFact(ledger.sql, EPOCH);
  if (reached !== undefined && Number(reached) >= restored.epoch) return;
  const { createTimeoutMs, resendAfterMs } = ledger.options;
  ledger.restore = new RestoreScan(restored, createTimeoutMs + resendAfterMs);
  ledger.log("warn", "dispatcher.restored", { count: restored.epoch });
}

/** Looks at the next slice of the forgotten time, if that is due. */
export function lookAtForgotten(ledger: Ledger, now: number): boolean {
  const { restore } = ledger;
  if (!restore || restore.nextAt() > now) return false;
  const look = ledger.nextLook++;
  ledger.connections.opened("other");
  ledger.emit({ kind: "look", look, ...restore.slice(look, now) });
  return true;
}

/** When all is known, lets the held tasks go: to the vendor's task that was found, or back into the queue. */
export function releaseHeld(ledger: Ledger, now: number): void {
  const { restore } = ledger;
  if (!restore?.complete) return;
  for (const { id, found } of restore.release(RELEASED_AT_ONCE)) {
    const row = findLive(ledger.sql, id);
    if (!row || row.finished_at !== null || row.vendor_task_id !== null || ledger.inquiries.has(id)) continue;
    if (found) accept(ledger, row, found, now);
    else if (row.created_at < restore.blindUntil) expire(ledger, row, now);
    else if (row.status === "queued") joinQueue(ledger, { ...row, lane: ledger.laneOf(row) });
    else
      requeue(
        ledger,
        row,
        { reached: false, steps: RESTORED_STEPS, message: "Not found at the vendor; queued again." },
        now,
      );
  }
  if (!restore.empty) return;
  writeFact(ledger.sql, EPOCH, String(restore.epoch));
  ledger.restore = undefined;
}
