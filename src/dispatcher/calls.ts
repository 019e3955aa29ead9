import { DUPLICATE_SESSION_CODES, OUTAGE_CODES, ruleOf } from "../vod/errors.ts";
import type { CreateOutcome } from "./effects.ts";
import { LOOK_FIRST_MS, lookAgain, sendAgain } from "./doubt.ts";
import { answer, accept, endWaiting, refuse, requeue } from "./finish.ts";
import { lookAt } from "./flights.ts";
import type { Flight, Ledger } from "./ledger.ts";
import { doubtTask } from "./changes.ts";
import { findLive, type LiveRow } from "./rows.ts";
import { vendorSessionId } from "./session-id.ts";

/** The request could not be read, so nothing was sent. */
const UNSENT_RETRY_MS = 5_000;

/** A create call has come back, or was given up. */
export function created(
  ledger: Ledger,
  call: { id: string; attempt: number; call: number; calledAt: number },
  outcome: CreateOutcome,
  now: number,
): void {
  ledger.connections.closed("create");
  const flight = ledger.flights.get(call.id);
  const mine = flight?.attempt === call.attempt && flight.call === call.call ? flight : undefined;
  paceOf(ledger, call.calledAt, outcome, now);
  if (mine) mine.calling = false;
  // Others were heard while the call was in the air: what holds is what the row says now.
  const row = findLive(ledger.sql, call.id);
  if (outcome.kind === "accepted") return accepted(ledger, row, call, outcome.vendorTaskId, now);
  // A no, or silence, speaks for its own call: not for one that was made since, and not against a yes.
  const speaks = row && mine && row.finished_at === null && row.vendor_task_id === null && row.attempt === call.attempt;
  if (!speaks) return;
  switch (outcome.kind) {
    case "refused":
      return refused(ledger, mine, row, outcome, now);
    case "silent":
      ledger.log("warn", "task.unanswered", { request_id: row.id, attempt: row.attempt, reason: outcome.reason });
      return doubt(ledger, mine, row, now);
    case "unsent":
      return unsent(ledger, mine, row, outcome.gone, now);
  }
}

function accepted(
  ledger: Ledger,
  row: LiveRow | undefined,
  call: { id: string; attempt: number; calledAt: number },
  vendorTaskId: string,
  now: number,
): void {
  const { id, attempt, calledAt } = call;
  ledger.witnesses.add({ sessionId: vendorSessionId(id, attempt), madeAt: calledAt });
  if (row?.finished_at === null) return accept(ledger, row, { vendorTaskId, attempt }, now);
  // An event that was faster than the answer has ended this very task.
  if (row?.vendor_task_id === vendorTaskId) return;
  ledger.log("error", "task.accepted_too_late", { request_id: id, vendor_task_id: vendorTaskId, attempt });
}

function paceOf(ledger: Ledger, calledAt: number, outcome: CreateOutcome, now: number): void {
  const { pace } = ledger;
  pace.landed(now, calledAt);
  if (outcome.kind === "unsent") return;
  const outage = outcome.kind === "silent" || (outcome.kind === "refused" && OUTAGE_CODES.has(outcome.code));
  if (outage) return pace.silent(now, calledAt);
  pace.answered();
  ledger.lastAnswerAt = now;
  if (outcome.kind === "refused" && isNoRoom(outcome.code)) pace.rest(now);
}

function isNoRoom(code: string): boolean {
  const rule = ruleOf(code);
  return rule.fault === "capacity" && rule.resend === "yes";
}

function refused(
  ledger: Ledger,
  flight: Flight,
  row: LiveRow,
  refusal: Extract<CreateOutcome, { kind: "refused" }>,
  now: number,
): void {
  const { code, message } = refusal;
  const rule = ruleOf(code);
  const exists = DUPLICATE_SESSION_CODES.has(code);
  if (row.calls === 1 && !exists) {
    if (isNoRoom(code))
      return requeue(ledger, row, { reached: false, message: "The vendor was at its limit; queued again." }, now);
    if (rule.resend !== "same_session") return refuse(ledger, row, refusal, now);
  }
  ledger.log("warn", "task.call_refused", {
    request_id: row.id,
    attempt: row.attempt,
    code,
    vendor_request_id: refusal.vendorRequestId,
  });
  // Of a call that may have been executed, or of a resend: it proves nothing. The look says whether it counts.
  if (exists) flight.exists = true;
  else flight.refusal = { code, message, rule };
  doubt(ledger, flight, row, now);
}

/** No usable answer: from here on the vendor is asked what it has. */
function doubt(ledger: Ledger, flight: Flight, row: LiveRow, now: number): void {
  doubtTask(ledger.sql, row.id, row.attempt, now);
  answer(ledger, row, { kind: "accepted", position: 0, sent: false });
  if (flight.waitMs === 0) flight.waitMs = LOOK_FIRST_MS;
  lookAgain(ledger, flight, now);
  ledger.emit({ kind: "changed", id: row.id });
}

/** The call was never made. It was the first, or nothing of those before was at the vendor: so there is nothing to look for. */
function unsent(ledger: Ledger, flight: Flight, row: LiveRow, gone: boolean, now: number): void {
  if (gone) {
    const failure = { code: "InternalError", message: "The request is no longer there." };
    endWaiting(ledger, row, { status: "failed", failure, message: "Failed: the request is gone." }, now);
    return;
  }
  doubtTask(ledger.sql, row.id, row.attempt, now);
  answer(ledger, row, { kind: "accepted", position: 0, sent: false });
  ledger.log("warn", "task.unsent", { request_id: row.id, attempt: row.attempt });
  sendAgain(flight);
  lookAt(ledger, flight, now + UNSENT_RETRY_MS);
  ledger.emit({ kind: "changed", id: row.id });
}
