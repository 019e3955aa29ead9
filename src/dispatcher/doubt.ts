import type { LookOutcome } from "./effects.ts";
import { accept, endSubmitted, refuse, requeue } from "./finish.ts";
import { lookAt, stopCounting } from "./flights.ts";
import type { Flight, Ledger } from "./ledger.ts";
import { inquire } from "./inquiries.ts";
import { findLive, type LiveRow } from "./rows.ts";
import { vendorSessionId, VENDOR_MEMORY_MS } from "./session-id.ts";

/** An unanswered call is looked for after this, and then ever later. */
export const LOOK_FIRST_MS = 2_000;
const LOOK_MAX_MS = 5 * 60 * 1000;
/** Looked for together when their calls were made within this: one old doubt must not make everybody's scan long. */
const LOOK_TOGETHER_MS = 60_000;
const LOOK_TOGETHER_MAX = 100;
export const LOOKS_AT_ONCE = 2;
/** A call that the vendor answers with a failure of its own so often is not made again. */
const REFUSED_RESENDS_MAX = 8;

/** When absence can be proved at the earliest: the vendor may be at work on a call for a while after we gave it up. */
function provableAt({ options }: Ledger, flight: Flight): number {
  return flight.callEndsAt + options.resendAfterMs;
}

export function lookAgain(ledger: Ledger, flight: Flight, now: number): void {
  const waitMs = Math.max(flight.waitMs, LOOK_FIRST_MS);
  const at = now + waitMs;
  flight.waitMs = Math.min(waitMs * 2, LOOK_MAX_MS);
  const provable = provableAt(ledger, flight);
  // Not past the moment at which a look can decide something.
  lookAt(ledger, flight, now < provable ? Math.min(at, provable) : at);
}

/** Nothing of the calls before is at the vendor: the next one waits for its turn only. */
export function sendAgain(flight: Flight): void {
  flight.resend = true;
}

/** A flight whose time has come is asked about, by its id or by a look. */
export function flightDue(ledger: Ledger, id: string, now: number): void {
  const flight = ledger.flights.get(id);
  if (!flight) return;
  if (now - flight.since > VENDOR_MEMORY_MS && !flight.calling) return expire(ledger, findLive(ledger.sql, id), now);
  flight.asked = true;
  if (flight.vendorTaskId !== null) return inquire(ledger, id, flight.vendorTaskId);
  if (flight.calling) {
    if (now < provableAt(ledger, flight)) return lookAt(ledger, flight, provableAt(ledger, flight));
    flight.calling = false;
  }
  stopCounting(ledger, flight, now);
  if (flight.resend) ledger.resends.add(id);
  else ledger.lost.add(id);
}

/**
 * The vendor has forgotten the task: it can neither be read nor, because its SessionId is forgotten too, be sent again
 * without the risk of a second payment.
 */
export function expire(ledger: Ledger, row: LiveRow | undefined, now: number): void {
  if (!row) return;
  const { id } = row;
  const message = "The vendor reported no result within three days and no longer knows the task.";
  ledger.log("error", "task.expired", { request_id: id, vendor_task_id: row.vendor_task_id ?? "" });
  endSubmitted(ledger, row, { status: "expired", failure: { code: "expired", message }, message: "Expired." }, now);
}

/** One scan of the vendor's list for the tasks in doubt that were sent at about the same time. */
export function lookForLost(ledger: Ledger, now: number): boolean {
  const flights = Array.from(ledger.lost, (id) => ledger.flights.get(id)).filter((flight) => flight !== undefined);
  const [first] = flights;
  if (!first) ledger.lost.clear();
  if (!first || ledger.looking.size >= LOOKS_AT_ONCE) return false;
  const together = flights
    .filter((flight) => Math.abs(flight.doubtFrom - first.doubtFrom) <= LOOK_TOGETHER_MS)
    .slice(0, LOOK_TOGETHER_MAX);
  for (const { id } of together) ledger.lost.delete(id);
  const look = ledger.nextLook++;
  const from = Math.min(...together.map(({ doubtFrom }) => doubtFrom));
  const to = Math.max(...together.map((flight) => provableAt(ledger, flight)));
  const known = ledger.witnesses.within(from, Math.min(to, now - ledger.options.resendAfterMs));
  const witnesses = known.map(({ sessionId }) => sessionId);
  ledger.looking.set(look, { ids: together.map(({ id }) => id), witnesses, startedAt: now });
  ledger.connections.opened("other");
  ledger.emit({
    kind: "look",
    look,
    sessionIds: [...together.map(({ id, attempt }) => vendorSessionId(id, attempt)), ...witnesses],
    from: Math.min(from, ...known.map(({ madeAt }) => madeAt)),
    to,
  });
  return true;
}

/** A look has come back. It finds, or finds absent, or does not know. */
export function looked(ledger: Ledger, look: number, outcome: LookOutcome, now: number): void {
  const asked = ledger.looking.get(look);
  ledger.looking.delete(look);
  const believed = ledger.witnesses.judge(asked?.witnesses ?? [], outcome);
  // It does not show what is known to be there: what else it does not show proves nothing.
  if (!believed) ledger.log("error", "vendor.list_not_believed", { count: asked?.witnesses.length });
  for (const id of asked?.ids ?? []) {
    const flight = ledger.flights.get(id);
    const row = flight && findLive(ledger.sql, id);
    // An answer or an event was faster.
    if (!flight || !row || flight.calling || flight.vendorTaskId !== null || row.finished_at !== null) continue;
    const { attempt } = flight;
    const vendorTaskId = outcome.found[vendorSessionId(id, attempt)];
    if (vendorTaskId !== undefined) {
      ledger.log("info", "task.found", { request_id: id, vendor_task_id: vendorTaskId, attempt });
      accept(ledger, row, { vendorTaskId, attempt }, now);
      lookAt(ledger, flight, now);
      continue;
    }
    const proved = outcome.complete && believed && asked !== undefined && asked.startedAt >= provableAt(ledger, flight);
    if (proved && !flight.exists) absent(ledger, flight, row, now);
    else lookAgain(ledger, flight, now);
  }
}

/** Proved: no call of this attempt made anything. */
function absent(ledger: Ledger, flight: Flight, row: LiveRow, now: number): void {
  const { refusal } = flight;
  if (refusal) {
    const { rule, code } = refusal;
    if (rule.fault === "capacity" && rule.resend === "yes")
      return requeue(ledger, row, { reached: false, message: "The vendor was at its limit; queued again." }, now);
    const mayPass = rule.resend === "same_session" && row.calls <= REFUSED_RESENDS_MAX;
    if (!mayPass) return refuse(ledger, row, { code, message: refusal.message }, now);
  }
  sendAgain(flight);
  ledger.resends.add(flight.id);
}
