import { CLAIM_LIFETIME_MS } from "../../src/tasks/limits.ts";
import type { LedgerRow } from "./core-port.ts";
import type { Oracle } from "./oracle.ts";
import { SKEW_MAX_MS } from "./times.ts";

/** A history is bounded, however often its task is queued again. */
const HISTORY_MAX_ENTRIES = 50;

export function isOver(row: { finished_at: number | null }): boolean {
  return row.finished_at !== null;
}

/** What a step may do to a row. */
export function checkStep(
  oracle: Oracle,
  id: string,
  before: LedgerRow | undefined,
  after: LedgerRow | undefined,
): void {
  if (!after) return checkForgotten(oracle, id, before);
  oracle.must(after.entries <= HISTORY_MAX_ENTRIES, "bounds", id, () => `history of ${after.entries} entries`);
  oracle.must(
    isOver(after) === isEnd(after.status),
    "terminal",
    id,
    () => `${after.status}, finished_at ${after.finished_at}`,
  );
  oracle.must(after.told === 0 || isOver(after), "told early", id, () => `${after.status} and told to the record`);
  if (after.told === 1 && before?.told !== 1) {
    const rev = oracle.places.record.rows.get(id)?.rev ?? -1;
    oracle.must(rev >= after.rev, "lost", id, () => `taken as told at ${after.rev}, and the record has ${rev}`);
  }
  if (after.deleted_at !== null) oracle.must(after.content === 0, "erased", id, () => "has content again");
  if (!before) return;
  oracle.must(after.rev >= before.rev, "terminal", id, () => `revision ${before.rev} → ${after.rev}`);
  oracle.must(
    after.attempt >= before.attempt || after.adopted === 1,
    "attempt",
    id,
    () => `${before.attempt} → ${after.attempt}`,
  );
  oracle.must(after.reached >= before.reached, "claims", id, () => "forgot that the vendor had it");
  if (after.attempt > before.attempt) oracle.money.requeued(id, after.attempt);
  if (isOver(before)) {
    const same = after.status === before.status && after.vendor_task_id === before.vendor_task_id;
    oracle.must(
      same,
      "terminal",
      id,
      () => `${before.status} ${before.vendor_task_id} → ${after.status} ${after.vendor_task_id}`,
    );
  }
  if (before.vendor_task_id !== null && after.vendor_task_id !== before.vendor_task_id) {
    const ending = oracle.money.byVendorId(before.vendor_task_id)?.ending;
    oracle.must(
      ending === "no_room",
      "R1",
      id,
      () => `${before.vendor_task_id} (${ending}) → ${after.vendor_task_id ?? "nothing"}`,
    );
  }
}

function checkForgotten(oracle: Oracle, id: string, before: LedgerRow | undefined): void {
  if (!before || (before.adopted === 1 && !isOver(before))) return;
  const { record, clock } = oracle.places;
  oracle.must(isOver(before), "lost", id, () => `forgotten while ${before.status}`);
  oracle.must(record.rows.has(id), "lost", id, () => "forgotten, and the record does not have it");
  oracle.must(
    (record.rows.get(id)?.rev ?? -1) >= before.rev,
    "lost",
    id,
    () => "forgotten, and the record has an older revision",
  );
  const lapsed = (before.finished_at ?? 0) + CLAIM_LIFETIME_MS <= clock.now + 2 * SKEW_MAX_MS;
  const named = before.holds_session === 1 || before.holds_key === 1 || before.retry_print !== null;
  oracle.must(lapsed || !named, "claims", id, () => "forgotten with its names");
}

/** Whether a task may end as it does, by what the vendor knows of it. */
export function checkEnd(oracle: Oracle, row: LedgerRow): void {
  const { id, status, vendor_task_id: vendorTaskId } = row;
  const own = oracle.money.byVendorId(vendorTaskId ?? "");
  const paid = oracle.money.paidOf(id)[0];
  const say = () =>
    `${status} ${row.error_code ?? ""}, with ${vendorTaskId ?? "no TaskId"}; paid: ${paid?.vendorTaskId ?? "no"} (${paid?.ending ?? "-"})`;
  if (row.adopted === 1) return oracle.must(own !== undefined, "result", id, say);
  const isDone = own !== undefined && own.finishesAt <= oracle.places.clock.now;
  switch (status) {
    case "succeeded":
      return oracle.must(isDone && own.ending === "succeeded", "result", id, say);
    case "failed":
    case "canceled":
      if (own?.ending === "failed" || own?.ending === "aborted") return oracle.must(isDone, "result", id, say);
      oracle.must(paid === undefined, "paid and lost", id, say);
      if (status === "failed") oracle.money.mayFail(row, say);
      return;
    case "expired":
      // Nobody could have found it.
      return oracle.must(oracle.places.profile.listHidden, "lost", id, say);
    default:
      return;
  }
}

function isEnd(status: string): boolean {
  return status === "succeeded" || status === "failed" || status === "canceled" || status === "expired";
}
