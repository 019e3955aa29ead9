import { log } from "../../log.ts";
import type { Services } from "../../services.ts";
import type { TaskRow } from "../../store/types.ts";
import { vendorSessionId } from "../send.ts";
import { readAndComplete } from "../settle.ts";
import { isTerminal } from "../state.ts";

/** The vendor keeps tasks and SessionIds for three days (tencent-vod facts §2, §5.3); an hour less, for clocks that differ. */
const VENDOR_MEMORY_MS = (3 * 24 - 1) * 60 * 60 * 1000;

/** What became of a task that should have been heard of. */
export type Finding =
  /** No longer with the vendor, says D1. */
  | { kind: "over"; requeued?: TaskRow }
  /** `read`: whether the vendor could be asked. */
  | { kind: "running"; read: boolean }
  /** Nobody knows whether the vendor has it: to be sent again under the same SessionId. */
  | { kind: "in_doubt"; row: TaskRow };

/**
 * Looks where a task is: in D1, which an event may have changed unnoticed, then at the vendor. Ends it when it is over
 * there.
 */
export async function inquire(services: Services, id: string): Promise<Finding> {
  const { store, deps } = services;
  const row = await store.tasks.findById(id);
  if (!row || isTerminal(row.status)) return { kind: "over" };
  if (row.status === "queued") return { kind: "over", requeued: row };
  if (deps.now() - (row.submitted_at ?? row.created_at) > VENDOR_MEMORY_MS) return expire(services, row);
  const vendorTaskId = row.vendor_task_id ?? (await findAtVendor(services, row));
  // As `unknown`, whatever the row says: an earlier call of this attempt may have been made.
  if (vendorTaskId === undefined) return { kind: "in_doubt", row: { ...row, status: "unknown" } };
  const reading = await readAndComplete(services, row, vendorTaskId);
  return { kind: "running", read: typeof reading === "string" };
}

/** Looks for a task whose id never arrived, by the SessionId it was sent with. */
async function findAtVendor({ store, vod, deps }: Services, row: TaskRow): Promise<string | undefined> {
  const createdFrom = row.submitted_at ?? row.created_at;
  const found = await vod.findTask({ sessionId: vendorSessionId(row), createdFrom, createdTo: deps.now() });
  if (!found.ok || found.value === undefined) return undefined;
  const vendorTaskId = found.value;
  await store.tasks.markRunning({ id: row.id, attempt: row.attempt, vendorTaskId, now: deps.now() });
  log("info", "task.found", { request_id: row.id, vendor_task_id: vendorTaskId, attempt: row.attempt });
  return vendorTaskId;
}

/**
 * The vendor has forgotten the task: it can neither be read nor, because its SessionId is forgotten too, be sent again
 * without the risk of a second payment.
 */
async function expire({ store, deps }: Services, row: TaskRow): Promise<Finding> {
  const message = "The vendor reported no result within three days and no longer knows the task.";
  const failure = { code: "expired", message };
  await store.tasks.markExpired({ id: row.id, attempt: row.attempt, failure, now: deps.now() });
  log("error", "task.expired", { request_id: row.id, vendor_task_id: row.vendor_task_id ?? undefined });
  return { kind: "over" };
}
