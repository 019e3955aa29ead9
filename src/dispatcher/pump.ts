import type { StoredRequest } from "../tasks/contract.ts";
import { addFlight, callMade } from "./flights.ts";
import type { Ledger } from "./ledger.ts";
import { READS_FOR_EVENTS } from "./queue/usual-times.ts";
import { LOOKS_AT_ONCE, lookForLost } from "./doubt.ts";
import { leaveQueue } from "./finish.ts";
import { lookAtForgotten } from "./restore.ts";
import { beginTask, resendTask, type Sendable } from "./changes.ts";

/**
 * Gives every free connection to whoever may have it: creates first, then what somebody waits for, then re-reads, looks
 * and the record in turn.
 */
export function pump(ledger: Ledger, now: number): void {
  const { connections } = ledger;
  const wants = () => ({ create: wantsCreate(ledger, now), other: wantsOther(ledger, now) });
  for (let errand = connections.next(now, wants()); errand; errand = connections.next(now, wants())) {
    if (errand === "create") create(ledger, now);
    else other(ledger, now);
  }
}

function wantsCreate(ledger: Ledger, now: number): boolean {
  if (!ledger.pace.mayCall(now)) return false;
  return ledger.resends.size > 0 || mayStart(ledger, now);
}

export function mayStart({ queue, slots, pace, isOpen }: Ledger, now: number): boolean {
  return queue.length > 0 && slots.occupied < pace.concurrency(now) && queue.hasOpen(isOpen);
}

function create(ledger: Ledger, now: number): void {
  const start = { at: now, endsAt: now + ledger.options.createTimeoutMs };
  const again = first(ledger.resends);
  if (again !== undefined) {
    ledger.resends.delete(again);
    const flight = ledger.flights.get(again);
    const row = flight && resendTask(ledger.sql, again, start);
    if (!flight || !row) return;
    flight.call = row.calls;
    flight.callEndsAt = start.endsAt;
    flight.doubtFrom = start.at;
    callMade(ledger, flight);
    emitCreate(ledger, again, row, now);
    return;
  }
  const next = ledger.queue.take(ledger.isOpen, ledger.usual.usual(""));
  if (!next) return;
  leaveQueue(ledger, next.id);
  const row = beginTask(ledger.sql, next.id, start);
  if (!row) throw new Error("The queue held a task that does not wait.");
  addFlight(ledger, { id: next.id, ...row }, start);
  ledger.emit({ kind: "moved" });
  ledger.emit({ kind: "changed", id: next.id });
  emitCreate(ledger, next.id, row, now);
}

function emitCreate(ledger: Ledger, id: string, row: Sendable, calledAt: number): void {
  const request: StoredRequest =
    row.request_blob === null ? { inline: row.request ?? "" } : { blob: row.request_blob, bytes: row.request_bytes };
  const { owner, attempt, calls: call, action } = row;
  ledger.emit({ kind: "create", id, owner, attempt, call, calledAt, action, request });
}

type Errand = (ledger: Ledger, now: number) => boolean;

/** Each does one thing if there is one to do. */
const URGENT: Errand[] = [readUrgent, abort];
const IN_TURN: Errand[] = [readDue, lookForLost, tell, lookAtForgotten];

export function wantsOther(ledger: Ledger, now: number): boolean {
  return (
    (ledger.urgent.size > 0 && ledger.rereads.room(now) > 0) ||
    Array.from(ledger.aborts.values()).some(({ inTheAir }) => !inTheAir) ||
    (ledger.due.size > 0 && ledger.rereads.room(now) > READS_FOR_EVENTS) ||
    (ledger.lost.size > 0 && ledger.looking.size < LOOKS_AT_ONCE) ||
    ledger.outbox.wants(now) ||
    (ledger.restore?.nextAt() ?? Number.POSITIVE_INFINITY) <= now
  );
}

function other(ledger: Ledger, now: number): void {
  if (URGENT.some((errand) => errand(ledger, now))) return;
  for (let tries = 0; tries < IN_TURN.length; tries++) {
    const errand = IN_TURN[ledger.turn % IN_TURN.length];
    ledger.turn += 1;
    if (errand?.(ledger, now)) return;
  }
}

function readUrgent(ledger: Ledger, now: number): boolean {
  const id = first(ledger.urgent);
  if (id === undefined || ledger.rereads.room(now) === 0) return false;
  ledger.urgent.delete(id);
  read(ledger, id);
  return true;
}

function readDue(ledger: Ledger, now: number): boolean {
  const id = first(ledger.due);
  if (id === undefined || ledger.rereads.room(now) <= READS_FOR_EVENTS) return false;
  ledger.due.delete(id);
  read(ledger, id);
  return true;
}

function read(ledger: Ledger, id: string): void {
  const inquiry = ledger.inquiries.get(id);
  if (!inquiry || inquiry.inTheAir) return;
  inquiry.inTheAir = true;
  ledger.rereads.called();
  ledger.connections.opened("other");
  ledger.emit({ kind: "read", id, vendorTaskId: inquiry.vendorTaskId });
}

function abort(ledger: Ledger): boolean {
  for (const [id, wish] of ledger.aborts) {
    if (wish.inTheAir) continue;
    wish.inTheAir = true;
    ledger.connections.opened("other");
    ledger.emit({ kind: "abort", id, vendorTaskId: wish.vendorTaskId });
    return true;
  }
  return false;
}

function tell(ledger: Ledger, now: number): boolean {
  if (!ledger.outbox.wants(now)) return false;
  const tasks = ledger.outbox.take();
  if (tasks.length === 0) return false;
  ledger.connections.opened("other");
  ledger.emit({ kind: "tell", tasks });
  return true;
}

function first<T>(set: ReadonlySet<T>): T | undefined {
  return set.values().next().value;
}
