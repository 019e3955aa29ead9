import { type Flight, type Ledger, modelOf } from "./ledger.ts";
import type { Start } from "./insert-row.ts";

/** A task that nobody can find holds its slot no longer than this; it is looked for all the same. */
export const DOUBT_HOLDS_SLOT_MS = 30 * 60 * 1000;

type Leaving = { id: string; owner: string; model_name: string; model_version: string; attempt: number; calls: number };

/** A task is on its way to the vendor: it takes a slot, and its call a connection and a place in the pace. */
export function addFlight(ledger: Ledger, task: Leaving, start: Start): Flight {
  const flight = holdSlot(ledger, task, start.at);
  flight.callEndsAt = start.endsAt;
  flight.doubtFrom = start.at;
  ledger.queue.started(task.id, task.owner, ledger.usual.usual(modelOf(task)));
  callMade(ledger, flight);
  return flight;
}

/** A create call leaves now. */
export function callMade(ledger: Ledger, flight: Flight): void {
  flight.calling = true;
  flight.resend = false;
  flight.refusal = undefined;
  ledger.pace.called(callStart(ledger, flight));
  ledger.connections.opened("create");
  // Should its outcome never be told, somebody looks all the same.
  lookAt(ledger, flight, flight.callEndsAt + ledger.options.resendAfterMs);
}

/** When the flight's latest call was made. */
export function callStart({ options }: Ledger, flight: Flight): number {
  return flight.callEndsAt - options.createTimeoutMs;
}

/** A slot for a task that is with the vendor or may be. */
export function holdSlot(ledger: Ledger, task: Leaving, since: number): Flight {
  const { id, attempt } = task;
  ledger.slots.take({ id, lane: ledger.laneOf(task) });
  const flight: Flight = {
    id,
    attempt,
    call: task.calls,
    callEndsAt: since,
    doubtFrom: since,
    calling: false,
    vendorTaskId: null,
    since,
    waitMs: 0,
    asked: false,
  };
  ledger.flights.set(id, flight);
  return flight;
}

/** The task has left the vendor, or never was there: its slot is free, and nobody asks about it any more. */
export function dropFlight(ledger: Ledger, id: string, now: number): Flight | undefined {
  const flight = ledger.flights.get(id);
  if (!flight) return undefined;
  ledger.flights.delete(id);
  ledger.slots.free(id);
  ledger.queue.settle(id, Math.max(0, now - flight.since));
  ledger.looks.delete(id);
  ledger.due.delete(id);
  ledger.lost.delete(id);
  ledger.resends.delete(id);
  return flight;
}

/** Others shall not wait for a task that nobody has found for long: had the vendor taken it, it would be done by now. */
export function stopCounting(ledger: Ledger, flight: Flight, now: number): void {
  const slot = ledger.slots.get(flight.id);
  if (!slot?.counts || now - flight.since <= DOUBT_HOLDS_SLOT_MS) return;
  ledger.slots.count(slot, false);
  ledger.queue.settle(flight.id, now - flight.since);
}

export function countAgain(ledger: Ledger, flight: Flight): void {
  const slot = ledger.slots.get(flight.id);
  if (slot) ledger.slots.count(slot, true);
}

export function lookAt(ledger: Ledger, flight: Flight, at: number): void {
  ledger.looks.set(flight.id, at);
}
