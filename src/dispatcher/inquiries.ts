/* Which tasks are to be read at the vendor, and how soon. What a reading comes to is in inquire.ts. */
import type { Inquiry, Ledger } from "./ledger.ts";
import { READS_FOR_EVENTS } from "./queue/usual-times.ts";

/** Has a task read at the vendor in its turn. */
export function inquire(ledger: Ledger, id: string, vendorTaskId: string): void {
  const inquiry = inquiryOf(ledger, id, vendorTaskId);
  if (!inquiry.inTheAir && !ledger.urgent.has(id)) ledger.due.add(id);
}

/** Has a task read because an event names it: before all that is only due, but no more often than events may. */
export function inquireForEvent(ledger: Ledger, id: string, vendorTaskId: string, now: number): void {
  const known = ledger.inquiries.get(id);
  // Somebody waits for this very reading already.
  const isCopy = known?.forEvent === true && known.vendorTaskId === vendorTaskId;
  const inquiry = inquiryOf(ledger, id, vendorTaskId);
  inquiry.forEvent = true;
  if (inquiry.inTheAir) {
    // Of the same id, too: the vendor may have answered the read that is in the air before the task was over.
    inquiry.copiesOnly = isCopy && (inquiry.next === undefined || inquiry.copiesOnly === true);
    inquiry.next = vendorTaskId;
  } else if (!ledger.urgent.has(id)) {
    readSoon(ledger, id, ledger.eventReads.at(id, now), now);
  }
}

/** What events have named while a read was in the air is read once more. */
export function inquireOnceMore(ledger: Ledger, id: string, vendorTaskId: string, isCopy: boolean, now: number): void {
  inquiryOf(ledger, id, vendorTaskId).forEvent = true;
  readSoon(ledger, id, isCopy ? ledger.eventReads.repeatAt(id, now) : ledger.eventReads.at(id, now), now);
}

function readSoon(ledger: Ledger, id: string, at: number, now: number): void {
  const comesAnyway = ledger.due.has(id) || ledger.retries.get(id) !== undefined;
  if (at > now && comesAnyway) return;
  ledger.eventReads.taken(id, now);
  if (at > now) {
    lookLater(ledger, id, at);
  } else {
    ledger.due.delete(id);
    ledger.urgent.add(id);
  }
}

function inquiryOf(ledger: Ledger, id: string, vendorTaskId: string): Inquiry {
  let inquiry = ledger.inquiries.get(id);
  if (!inquiry) {
    inquiry = { vendorTaskId, inTheAir: false, forEvent: false, tries: 0 };
    ledger.inquiries.set(id, inquiry);
  } else if (inquiry.vendorTaskId !== vendorTaskId) {
    inquiry.next = vendorTaskId;
  }
  return inquiry;
}

/** Whether its reading is some time off, so that there is no point in waiting for it. */
export function isPutOff({ inquiries, urgent, due }: Ledger, id: string): boolean {
  return !urgent.has(id) && !due.has(id) && inquiries.get(id)?.inTheAir !== true;
}

/** When there is room for a read that events want, and for one that is due (milliseconds); infinite when nobody wants one. */
export function nextReadsAt({ urgent, due, rereads }: Ledger, now: number): number[] {
  return [
    urgent.size > 0 ? rereads.nextAt(now) : Number.POSITIVE_INFINITY,
    due.size > 0 ? rereads.nextAt(now, READS_FOR_EVENTS) : Number.POSITIVE_INFINITY,
  ];
}

/** The vendor is asked again. */
export function inquiryDue(ledger: Ledger, id: string): void {
  const inquiry = ledger.inquiries.get(id);
  if (inquiry && !inquiry.inTheAir && !ledger.urgent.has(id)) ledger.due.add(id);
}

/** Has it read in its turn, but not before this (milliseconds). */
export function lookLater(ledger: Ledger, id: string, at: number): void {
  ledger.retries.set(id, at);
}
