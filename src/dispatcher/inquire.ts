import type { TaskEvent } from "../tasks/contract.ts";
import { plainCode } from "../vod/plain-words.ts";
import type { ReadOutcome } from "./effects.ts";
import { accept, endSubmitted, forgetAdopted, joinQueue, leaveQueue, requeue } from "./finish.ts";
import { holdSlot, lookAt } from "./flights.ts";
import { inquire, inquireForEvent, inquireOnceMore, isPutOff, lookLater } from "./inquiries.ts";
import { type Ledger, modelOf } from "./ledger.ts";
import { setHint } from "./changes.ts";
import { adoptTask, describeAdopted } from "./insert-row.ts";
import { findLive, type LiveRow, type LoadedRow } from "./rows.ts";

/** The vendor could not be asked. */
const REREAD_RETRY_MS = 5_000;
/** A task that was finished without a file is read once more after this, before that is believed. */
const EMPTY_RETRY_MS = 5_000;
/** After so many "no such task" what an event said is dropped. */
const HINT_TRIES_MAX = 5;
/** The vendor waits 5 s for the answer to its notification; a re-read that takes longer goes on without it. */
const EVENT_WAIT_MS = 3_500;
/** The vendor did not do the work for lack of room, and says so in a finished task (tencent-vod facts §5.1). */
const NO_ROOM = "RequestLimitExceeded";
const EMPTY_OUTPUT = "EmptyOutput";

/**
 * A notification. It is a hint: what ends a task is the vendor's own word on it, which must carry our token.
 * @returns true when there is nothing to wait for
 */
export function eventArrived(ledger: Ledger, event: TaskEvent, now: number): boolean {
  const { taskId: id, vendorTaskId } = event;
  const row = findLive(ledger.sql, id) ?? adopt(ledger, event, now);
  if (!row || row.finished_at !== null || row.owner !== event.owner) return true;
  if (row.vendor_task_id !== null && row.vendor_task_id !== vendorTaskId) {
    ledger.log("info", "event.ignored", { request_id: id, vendor_task_id: vendorTaskId, reason: "other_vendor_task" });
    return true;
  }
  // It may be that the vendor has it after all: it must not be sent before that is known.
  leaveLine(ledger, row);
  inquireForEvent(ledger, id, vendorTaskId, now);
  // It will be read in any case, also by another life: there is nothing to write down.
  if (row.vendor_task_id !== null && isPutOff(ledger, id)) return true;
  // For the first of those that wait: copies must not put off its answer.
  if (ledger.notes.get(id) === undefined) ledger.notes.set(id, now + EVENT_WAIT_MS);
  return false;
}

/** Waits for nothing that would have it sent. */
function leaveLine(ledger: Ledger, row: LiveRow): void {
  if (row.status === "queued") leaveQueue(ledger, row.id);
  ledger.resends.delete(row.id);
}

/** After a restore, events come of tasks that this object has forgotten: they are kept all the same. */
function adopt(ledger: Ledger, event: TaskEvent, now: number): LiveRow | undefined {
  const { taskId: id } = event;
  if (ledger.outbox.wasToldLately(id)) return undefined;
  ledger.log("info", "event.adopted", { request_id: id, vendor_task_id: event.vendorTaskId, attempt: event.attempt });
  adoptTask(ledger.sql, event, now);
  return findLive(ledger.sql, id);
}

/** The re-read that an event waits for takes too long: what it said is written down, and that is its answer. */
export function noteDue(ledger: Ledger, id: string, now: number): void {
  const inquiry = ledger.inquiries.get(id);
  const row = findLive(ledger.sql, id);
  if (inquiry && row) keepHint(ledger, row, inquiry.next ?? inquiry.vendorTaskId);
  ledger.emit({ kind: "noted", id });
  if (inquiry) inquiry.forEvent = false;
  const waits = ledger.urgent.has(id) || ledger.retries.get(id) !== undefined;
  if (inquiry && !inquiry.inTheAir && !waits) lookLater(ledger, id, now + REREAD_RETRY_MS);
}

function keepHint(ledger: Ledger, row: LiveRow, vendorTaskId: string): void {
  if (row.finished_at === null && row.vendor_task_id === null && row.hint !== vendorTaskId)
    setHint(ledger.sql, row.id, vendorTaskId);
}

function noted(ledger: Ledger, id: string): void {
  if (ledger.notes.delete(id)) ledger.emit({ kind: "noted", id });
}

/** A re-read has come back. */
export function reread(
  ledger: Ledger,
  { id, vendorTaskId }: { id: string; vendorTaskId: string },
  outcome: ReadOutcome,
  now: number,
): void {
  ledger.connections.closed("other");
  ledger.rereads.landed(now);
  if (outcome.kind !== "silent") ledger.restore?.wasRead(id);
  const inquiry = ledger.inquiries.get(id);
  ledger.inquiries.delete(id);
  const row = findLive(ledger.sql, id);
  if (row && row.finished_at === null) {
    const known = row.vendor_task_id;
    if (known === null || known === vendorTaskId) apply(ledger, row, vendorTaskId, outcome, inquiry?.tries ?? 0, now);
  }
  const again = ledger.inquiries.get(id);
  if (again && inquiry?.next !== undefined) again.next ??= inquiry.next;
  if (inquiry?.next !== undefined && !again) followUp(ledger, id, inquiry.next, inquiry.copiesOnly === true, now);
  else if (!again?.forEvent) noted(ledger, id);
}

/** Events have come while the task was asked about. */
function followUp(ledger: Ledger, id: string, vendorTaskId: string, isCopy: boolean, now: number): void {
  const row = findLive(ledger.sql, id);
  if (!row || row.finished_at !== null || (row.vendor_task_id !== null && row.vendor_task_id !== vendorTaskId)) {
    noted(ledger, id);
    return;
  }
  leaveLine(ledger, row);
  // Whoever told of it has been answered already, and what was written down then was about the first.
  if (ledger.notes.get(id) === undefined) keepHint(ledger, row, vendorTaskId);
  inquireOnceMore(ledger, id, vendorTaskId, isCopy, now);
  if (row.vendor_task_id !== null && isPutOff(ledger, id)) noted(ledger, id);
}

function apply(
  ledger: Ledger,
  row: LiveRow,
  vendorTaskId: string,
  outcome: ReadOutcome,
  tries: number,
  now: number,
): void {
  switch (outcome.kind) {
    case "read":
      ledger.lastAnswerAt = now;
      return applyReading(ledger, row, vendorTaskId, outcome, now);
    case "aborted":
      // Without a token: believed of the very task that is known to be ours.
      if (row.vendor_task_id === null) return unconfirmed(ledger, row, now);
      return aborted(ledger, row, outcome.message, now);
    case "foreign":
      ledger.log("warn", "task.foreign_reading", { request_id: row.id, vendor_task_id: vendorTaskId });
      return unconfirmed(ledger, row, now);
    case "absent":
      if (row.vendor_task_id === null && tries + 1 >= HINT_TRIES_MAX) return unconfirmed(ledger, row, now);
      // Known to have been there: it is late, or forgotten; asked about ever later.
      if (row.vendor_task_id !== null) return runsOn(ledger, row, now);
      return askAgain(ledger, row, vendorTaskId, tries + 1, now);
    case "silent":
      return askAgain(ledger, row, vendorTaskId, tries, now);
  }
}

function aborted(ledger: Ledger, row: LiveRow, message: string, now: number): void {
  const failure = { code: "aborted", message };
  endSubmitted(ledger, row, { status: "failed", failure, message: "Failed: aborted" }, now);
}

type Reading = Extract<ReadOutcome, { kind: "read" }>;

function applyReading(ledger: Ledger, row: LiveRow, vendorTaskId: string, reading: Reading, now: number): void {
  const { verdict, attempt } = reading;
  const { id } = row;
  const noRoom = verdict.state === "failed" && verdict.code === NO_ROOM;
  // An attempt that is over already: its end says nothing of the one that is under way.
  if (noRoom && attempt !== row.attempt && row.vendor_task_id !== vendorTaskId) return unconfirmed(ledger, row, now);
  if (row.adopted === 1) describeAdopted(ledger.sql, id, reading.origin);
  accept(ledger, row, { vendorTaskId, attempt }, now);
  const current = findLive(ledger.sql, id) ?? row;
  if (noRoom) {
    ledger.pace.throttled(now);
    if (row.adopted === 1) return forgetAdopted(ledger, current, now);
    return requeue(ledger, current, { reached: true, message: "The vendor was at its limit; queued again." }, now);
  }
  const flight = ledger.flights.get(id);
  if (verdict.state === "processing") return runsOn(ledger, current, now);
  if (verdict.state === "failed" && verdict.code === EMPTY_OUTPUT && flight && !flight.emptySeen) {
    flight.emptySeen = true;
    return lookAt(ledger, flight, now + EMPTY_RETRY_MS);
  }
  ledger.log("info", "task.completed", { request_id: id, vendor_task_id: vendorTaskId, status: verdict.state });
  const { result } = reading;
  if (verdict.state === "succeeded")
    endSubmitted(ledger, current, { status: "succeeded", result, message: "Finished." }, now);
  else {
    const { code, message } = verdict;
    endSubmitted(
      ledger,
      current,
      { status: "failed", failure: { code, message }, result, message: `Failed: ${plainCode(code)}` },
      now,
    );
  }
}

/** It is with the vendor, and not done: asked about again later, and then ever later. */
function runsOn(ledger: Ledger, row: LiveRow, now: number): void {
  const flight = ledger.flights.get(row.id);
  if (!flight) return;
  const { waitMs, gapMs } = ledger.usual.nextWait(modelOf(row), now - flight.since, flight.waitMs);
  flight.waitMs = gapMs;
  lookAt(ledger, flight, now + waitMs);
}

/** The vendor could not say: asked again soon. What an event said outlives this object until then. */
function askAgain(ledger: Ledger, row: LiveRow, vendorTaskId: string, tries: number, now: number): void {
  keepHint(ledger, row, vendorTaskId);
  const flight = ledger.flights.get(row.id);
  if (flight && row.vendor_task_id !== null) return lookAt(ledger, flight, now + REREAD_RETRY_MS);
  ledger.inquiries.set(row.id, { vendorTaskId, inTheAir: false, forEvent: false, tries });
  lookLater(ledger, row.id, now + REREAD_RETRY_MS);
}

/** What was said of this vendor's id is not so: the task stands where it stood. */
function unconfirmed(ledger: Ledger, row: LiveRow, now: number): void {
  if (row.adopted === 1 && row.vendor_task_id === null) return forgetAdopted(ledger, row, now);
  if (row.hint !== null) setHint(ledger.sql, row.id, null);
  const flight = ledger.flights.get(row.id);
  if (row.status === "queued") joinQueue(ledger, { ...row, lane: ledger.laneOf(row) });
  else if (flight && !flight.calling) {
    // Of one that was about to be sent again, absence is to be proved anew.
    flight.resend = false;
    lookAt(ledger, flight, now + REREAD_RETRY_MS);
  }
}

/** What an event said before the restart is asked about again. */
export function resumeHint(ledger: Ledger, row: LoadedRow): void {
  if (row.hint === null) return;
  if (row.adopted === 1) holdSlot(ledger, row, row.submitted_at ?? row.created_at);
  inquire(ledger, row.id, row.hint);
}
