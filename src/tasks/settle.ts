import { log } from "../log.ts";
import type { Services } from "../services.ts";
import { verifySessionToken } from "../signing/session-token.ts";
import type { TaskRow } from "../store/types.ts";
import type { VendorResult } from "../vod/client.ts";
import { DESCRIBE_TIMEOUT_MS } from "../vod/client.ts";
import { type TaskDetail, type VendorTask, verdictOf } from "../vod/tasks.ts";
import { isTerminal } from "./state.ts";

/** Longer than a re-read can take: a first try that died is followed by another. */
export const EVENT_LEASE_MS = DESCRIBE_TIMEOUT_MS + 5_000;
const RETRY_FIRST_MS = 1_000;
const RETRY_MAX_MS = 5 * 60 * 1000;
/** After so many "no such task" from the vendor an event is taken as invented. */
const MAX_UNKNOWN_TASK_TRIES = 5;
/** The vendor did not do the work for lack of room, and says so in a finished task (tencent-vod facts §5.1). */
const NO_ROOM = "RequestLimitExceeded";

export type PendingEvent = { id: string; taskId: string; vendorTaskId: string; tries: number };

/** What a re-read of a task showed. */
type Reading = "applied" | "processing" | "stale" | "foreign" | { unread: VendorResult<TaskDetail> };

/**
 * Applies an event to its task. The event is only a hint: the task is read again from the vendor, and that reading must
 * carry our session token for this task. The caller holds the event's lease.
 */
export async function settleEvent(services: Services, event: PendingEvent): Promise<"applied" | "ignored" | "waiting"> {
  const task = await services.store.tasks.findById(event.taskId);
  if (!task || isTerminal(task.status)) return ignore(services, event, "task_settled");
  const reading = await readAndComplete(services, task, event.vendorTaskId, event.id);
  if (reading === "applied") return "applied";
  if (reading === "processing") return postpone(services, event, reading);
  if (typeof reading === "string") return ignore(services, event, reading);
  const refusal = !reading.unread.ok && reading.unread.error.kind === "refused" ? reading.unread.error : undefined;
  const invented = refusal?.rule.fault === "client" && event.tries >= MAX_UNKNOWN_TASK_TRIES;
  return invented
    ? ignore(services, event, "vendor_knows_no_such_task")
    : postpone(services, event, refusal?.code ?? "no_answer");
}

/**
 * Reads a task from the vendor and, when it is over there, ends it here; tells the dispatcher once that is committed.
 * @param eventId the event that asked for it, settled in the same transaction
 */
export async function readAndComplete(
  services: Services,
  task: TaskRow,
  vendorTaskId: string,
  eventId?: string,
): Promise<Reading> {
  const { store, vod, deps, dispatcher } = services;
  const answer = await vod.describeTask(vendorTaskId);
  if (!answer.ok) return { unread: answer };
  const read = answer.value.AigcVideoTask ?? answer.value.AigcImageTask;
  if (!read || !(await belongsTo(services, read, task))) return "foreign";

  const verdict = verdictOf(read);
  if (verdict.state === "processing") return "processing";
  const result = JSON.stringify(read);
  const noRoom = verdict.state === "failed" && verdict.code === NO_ROOM;
  const moved = await store.tasks.complete({
    taskId: task.id,
    attempt: task.attempt,
    vendorTaskId,
    eventId,
    now: deps.now(),
    outcome: noRoom
      ? { status: "queued" }
      : verdict.state === "succeeded"
        ? { status: "succeeded", result }
        : { status: "failed", result, failure: { code: verdict.code, message: verdict.message } },
  });
  if (!moved) return "stale";
  const status = noRoom ? "requeued" : verdict.state;
  log("info", "task.completed", { request_id: task.id, vendor_task_id: vendorTaskId, status });
  const requeued = { ...task, attempt: task.attempt + 1 };
  await dispatcher.left(task.id, { attempt: task.attempt, ...(noRoom && { requeued }) });
  return "applied";
}

/** The vendor echoes the token we sent, so a reading proves which task, and which attempt of it, it speaks of. */
async function belongsTo({ config }: Services, read: VendorTask, task: TaskRow): Promise<boolean> {
  const token = await verifySessionToken({ token: read.SessionContext, keys: config.callbacks.secrets });
  return token.ok && token.taskId === task.id && token.attempt === task.attempt;
}

async function ignore({ store, deps }: Services, event: PendingEvent, reason: string): Promise<"ignored"> {
  await store.events.ignore({ id: event.id, now: deps.now() });
  log("info", "event.ignored", { request_id: event.taskId, vendor_task_id: event.vendorTaskId, reason });
  return "ignored";
}

async function postpone(services: Services, event: PendingEvent, reason: string): Promise<"waiting"> {
  const { store, deps, dispatcher } = services;
  const checkAt = deps.now() + Math.min(RETRY_FIRST_MS * 2 ** Math.min(event.tries - 1, 20), RETRY_MAX_MS);
  await store.events.postpone({ id: event.id, checkAt });
  await dispatcher.wake(checkAt);
  log("warn", "event.postponed", { request_id: event.taskId, vendor_task_id: event.vendorTaskId, reason });
  return "waiting";
}
