import { joinQueue } from "./finish.ts";
import { holdSlot, lookAt } from "./flights.ts";
import { LOOK_FIRST_MS } from "./doubt.ts";
import { resumeHint } from "./inquire.ts";
import type { Ledger } from "./ledger.ts";
import { doubtLeftOver } from "./changes.ts";
import { livePage, type LoadedRow } from "./rows.ts";

const PAGE_ROWS = 4_000;
/** The first looks of a new life are spread: the vendor takes a hundred a second. */
const SPREAD_MS = 15;

/** Derives everything from the rows: order of the queue, slots, deadlines, what the record must still be told. */
export function load(ledger: Ledger, now: number): void {
  const calledAt: number[] = [];
  const leftOver: string[] = [];
  let after = { owner: "", id: "" };
  for (;;) {
    const page = livePage(ledger.sql, after, PAGE_ROWS);
    for (const row of page) {
      restore(ledger, row, now);
      if (row.status === "submitting") leftOver.push(row.id);
      const callAt = row.call_ends_at === null ? undefined : row.call_ends_at - ledger.options.createTimeoutMs;
      if (callAt !== undefined && row.finished_at === null) calledAt.push(callAt);
    }
    const last = page.at(-1);
    if (!last || page.length < PAGE_ROWS) break;
    after = { owner: last.owner, id: last.id };
  }
  doubtLeftOver(ledger.sql, leftOver, now);
  ledger.pace.recall(calledAt);
}

function restore(ledger: Ledger, row: LoadedRow, now: number): void {
  if (row.finished_at !== null) return ledger.outbox.add(row.id);
  ledger.addBytes(row.owner, row.request_bytes);
  if (ledger.restore && row.vendor_task_id === null && row.adopted === 0) {
    ledger.restore.hold(row.id, row.attempt, row.doubt_from);
    return resumeHint(ledger, row);
  }
  if (row.status === "queued" && row.hint === null) return joinQueue(ledger, { ...row, lane: ledger.laneOf(row) });
  if (row.status !== "queued" && row.adopted === 0) takeBack(ledger, row, now);
  resumeHint(ledger, row);
}

/** What was with the vendor holds its slot. A call that was in the air when the last life ended is unanswered. */
function takeBack(ledger: Ledger, row: LoadedRow, now: number): void {
  const flight = holdSlot(ledger, row, row.submitted_at ?? row.created_at);
  ledger.restore?.awaitReading(row.id);
  flight.vendorTaskId = row.vendor_task_id;
  flight.callEndsAt = row.call_ends_at ?? flight.since;
  flight.doubtFrom = row.doubt_from ?? flight.since;
  flight.waitMs = row.vendor_task_id === null ? LOOK_FIRST_MS : 0;
  ledger.queue.started(row.id, row.owner, Math.max(0, now - flight.since));
  // An event may have come while nobody was there: the first look is soon.
  lookAt(ledger, flight, now + LOOK_FIRST_MS + ledger.flights.size * SPREAD_MS);
}
