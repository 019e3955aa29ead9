import type { CancelOutcome } from "../tasks/contract.ts";
import { answerCancel, endSubmitted, endWaiting } from "./finish.ts";
import type { Ledger } from "./ledger.ts";
import { findLive } from "./rows.ts";

/**
 * Ends a task that waits; has the vendor stop one that it has, which it mostly refuses.
 * @returns undefined when the vendor is asked: its answer is a `cancel_answer` effect
 */
export function cancel(ledger: Ledger, owner: string, id: string, now: number): CancelOutcome | undefined {
  const row = findLive(ledger.sql, id);
  if (!row || row.owner !== owner || row.adopted === 1) return "not_found";
  if (row.finished_at !== null) return "already_over";
  // The vendor may have it after all: that is being found out.
  const held = row.hint !== null || ledger.inquiries.has(id) || ledger.restore?.holds(id);
  if (row.status === "queued" && !held) {
    endWaiting(ledger, row, { status: "canceled", message: "Canceled." }, now);
    return "canceled";
  }
  if (row.vendor_task_id === null) return "in_progress";
  const inTheAir = ledger.aborts.get(id)?.inTheAir ?? false;
  ledger.aborts.set(id, { vendorTaskId: row.vendor_task_id, inTheAir, answered: false });
  return undefined;
}

/** @param ok the vendor stopped it */
export function aborted(
  ledger: Ledger,
  { id, vendorTaskId }: { id: string; vendorTaskId: string },
  ok: boolean,
  now: number,
): void {
  ledger.connections.closed("other");
  const wish = ledger.aborts.get(id);
  if (wish) wish.inTheAir = false;
  // Asked for again in the meantime, of another attempt: that one is still to be made.
  if (wish && wish.vendorTaskId !== vendorTaskId) return;
  const row = findLive(ledger.sql, id);
  const same = row && row.finished_at === null && row.vendor_task_id === vendorTaskId;
  if (ok && same) endSubmitted(ledger, row, { status: "canceled", message: "Canceled." }, now);
  else answerCancel(ledger, id, row && row.finished_at === null ? "in_progress" : "already_over");
  ledger.aborts.delete(id);
}
