import { ruleOf } from "../vod/errors.ts";
import { plainCode } from "../vod/plain-words.ts";
import { CLAIM_LIFETIME_MS } from "../tasks/limits.ts";
import type { Submitted } from "../tasks/contract.ts";
import { dropFlight, holdSlot, lookAt, countAgain } from "./flights.ts";
import { type Ledger, modelOf } from "./ledger.ts";
import { acceptTask, type End, endTask, requeueTask } from "./changes.ts";
import { releaseKey, releaseSession } from "./claims.ts";
import { dropAdopted } from "./insert-row.ts";
import type { LiveRow } from "./rows.ts";

/** One signature of the vendor's API makes at most one task, also when that was canceled: such a key is never given back. */
const SIGNATURE_KEY = "tc3:";

/**
 * The vendor has the task, says an answer, a look or an event's re-read. Recorded in whatever state it is, short of over:
 * also while it waits again for an attempt that the vendor had said no to.
 */
export function accept(
  ledger: Ledger,
  row: LiveRow,
  yes: { vendorTaskId: string; attempt: number },
  now: number,
): void {
  const { id } = row;
  // It was taken, came back for lack of room, and nothing was done.
  if (row.spent === yes.vendorTaskId) return;
  if (row.vendor_task_id !== null) {
    if (row.vendor_task_id !== yes.vendorTaskId)
      ledger.log("error", "task.paid_twice", {
        request_id: id,
        vendor_task_id: yes.vendorTaskId,
        attempt: yes.attempt,
      });
    return;
  }
  if (!acceptTask(ledger.sql, id, { ...yes, now })) return;
  if (row.status === "queued") leaveQueue(ledger, id);
  const flight = ledger.flights.get(id) ?? holdSlot(ledger, row, row.submitted_at ?? now);
  flight.vendorTaskId = yes.vendorTaskId;
  flight.attempt = Math.max(flight.attempt, yes.attempt);
  flight.waitMs = 0;
  flight.refusal = undefined;
  ledger.eventReads.forget(id);
  ledger.lost.delete(id);
  ledger.resends.delete(id);
  countAgain(ledger, flight);
  lookAt(ledger, flight, now + ledger.usual.firstWait(modelOf(row)));
  // Whoever waits for the answer notes the session_id itself.
  if (
    !answer(ledger, row, { kind: "accepted", position: 0, sent: true }) &&
    row.session_id !== null &&
    row.holds_session
  )
    ledger.emit({
      kind: "remember",
      owner: row.owner,
      sessionId: row.session_id,
      taskId: id,
      expiresAt: row.created_at + CLAIM_LIFETIME_MS,
    });
  ledger.emit({ kind: "changed", id });
}

export type Refusal = { code: string; message: string; vendorRequestId?: string | undefined };

/** The vendor refused the task and did not do it. */
export function refuse(ledger: Ledger, row: LiveRow, refusal: Refusal, now: number): void {
  const rule = ruleOf(refusal.code);
  const ended = end(
    ledger,
    row,
    {
      status: "failed",
      failure: refusal,
      submitted: false,
      message: `Refused by the vendor: ${plainCode(refusal.code)}`,
    },
    now,
  );
  if (!ended) return;
  if (rule.session === "release" && row.reached === 0) releaseSession(ledger.sql, row.id);
  if (rule.fault !== "client" && !isSignature(row)) releaseKey(ledger.sql, row.id);
  ledger.log("warn", "task.refused", {
    request_id: row.id,
    code: refusal.code,
    reason: rule.fault,
    vendor_request_id: refusal.vendorRequestId,
  });
}

/** Ends a task that still waits; the vendor has never heard of this attempt. */
export function endWaiting(
  ledger: Ledger,
  row: LiveRow,
  how: Pick<End, "status" | "message"> & { failure?: { code: string; message: string } },
  now: number,
): boolean {
  if (!end(ledger, row, { ...how, submitted: false }, now)) return false;
  if (row.reached === 0) releaseSession(ledger.sql, row.id);
  if (!isSignature(row)) releaseKey(ledger.sql, row.id);
  return true;
}

/** Ends a task that the vendor has had. Its names stay its own for three days more. */
export function endSubmitted(
  ledger: Ledger,
  row: LiveRow,
  how: Pick<End, "status" | "message"> & { failure?: { code: string; message: string }; result?: string },
  now: number,
): boolean {
  return end(ledger, row, { ...how, submitted: true }, now);
}

const isSignature = (row: LiveRow) => row.idempotency_key?.startsWith(SIGNATURE_KEY) ?? false;

function end(ledger: Ledger, row: LiveRow, how: End, now: number): boolean {
  const { id } = row;
  if (!endTask(ledger.sql, id, how, now)) return false;
  if (row.status === "queued") leaveQueue(ledger, id);
  const flight = dropFlight(ledger, id, now);
  const byVendor = how.status === "succeeded" || how.status === "failed";
  if (how.submitted && byVendor && flight && !flight.asked) ledger.usual.learn(modelOf(row), now - flight.since);
  ledger.addBytes(row.owner, -row.request_bytes);
  if (row.request_blob !== null) ledger.emit({ kind: "drop", blob: row.request_blob });
  ledger.outbox.add(id);
  ledger.restore?.wasRead(id);
  dropInquiry(ledger, id);
  if (how.failure && !how.submitted) answer(ledger, row, { kind: "refused", ...how.failure });
  else answer(ledger, row, { kind: "accepted", position: 0, sent: row.reached === 1 });
  answerCancel(ledger, id, how.status === "canceled" ? "canceled" : "already_over");
  ledger.emit({ kind: "changed", id });
  return true;
}

/** The vendor did nothing in this attempt: the task waits again, as its next one. */
export function requeue(
  ledger: Ledger,
  row: LiveRow,
  change: { reached: boolean; steps?: number; message: string },
  now: number,
): void {
  const { id, owner, priority, attempt } = row;
  const steps = change.steps ?? 1;
  if (!requeueTask(ledger.sql, id, { attempt, steps, reached: change.reached, message: change.message, now })) return;
  ledger.log("warn", "task.requeued", { request_id: id, attempt });
  ledger.eventReads.forget(id);
  dropFlight(ledger, id, now);
  // Also under its next attempt it may have been sent by a life that is forgotten.
  ledger.restore?.hold(id, attempt + steps);
  joinQueue(ledger, {
    id,
    owner,
    priority,
    created_at: row.created_at,
    start_by: row.start_by,
    lane: ledger.laneOf(row),
  });
  answerCancel(ledger, id, "in_progress");
  answer(ledger, row, { kind: "accepted", position: 0, sent: change.reached });
  ledger.emit({ kind: "changed", id });
}

type Joining = {
  id: string;
  owner: string;
  priority: number;
  created_at: number;
  start_by: number | null;
  lane: string;
};

export function joinQueue(ledger: Ledger, task: Joining): void {
  const { id, owner, priority, lane, created_at: createdAt, start_by: startBy } = task;
  if (ledger.restore?.holds(id)) return;
  ledger.queue.add({ id, owner, priority, lane, createdAt });
  if (startBy !== null) ledger.starts.set(id, startBy);
  ledger.emit({ kind: "moved" });
}

export function leaveQueue(ledger: Ledger, id: string): void {
  ledger.starts.delete(id);
  if (ledger.queue.remove(id)) ledger.emit({ kind: "moved" });
}

type FirstAnswer =
  | { kind: "accepted"; position: number; sent: boolean }
  | { kind: "refused"; code: string; message: string };

/** Answers a submission that waits for the vendor. @returns false when none does */
export function answer(ledger: Ledger, row: Pick<LiveRow, "id" | "created_at">, first: FirstAnswer): boolean {
  const { id, created_at: createdAt } = row;
  if (!ledger.pending.delete(id)) return false;
  const submitted: Submitted =
    first.kind === "accepted"
      ? { ...first, taskId: id, createdAt, replayed: false }
      : { ...first, taskId: id, replayed: false };
  ledger.emit({ kind: "answer", id, submitted });
  return true;
}

export function answerCancel(ledger: Ledger, id: string, outcome: "canceled" | "in_progress" | "already_over"): void {
  const abort = ledger.aborts.get(id);
  if (!abort || abort.answered) return;
  ledger.emit({ kind: "cancel_answer", id, outcome });
  abort.answered = true;
  // One in the air holds a connection until it lands.
  if (!abort.inTheAir) ledger.aborts.delete(id);
}

/** Nobody needs to ask any more; whoever waits for the answer has it. */
function dropInquiry(ledger: Ledger, id: string): void {
  if (ledger.inquiries.get(id)?.inTheAir === false) ledger.inquiries.delete(id);
  ledger.urgent.delete(id);
  ledger.due.delete(id);
  ledger.retries.delete(id);
  if (ledger.notes.delete(id)) ledger.emit({ kind: "noted", id });
}

/** An adopted task turns out not to be the vendor's. */
export function forgetAdopted(ledger: Ledger, row: LiveRow, now: number): void {
  dropAdopted(ledger.sql, row.id);
  dropFlight(ledger, row.id, now);
}
