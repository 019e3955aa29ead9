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

export type PendingEvent = { id: string; taskId: string; vendorTaskId: string; tries: number };

/**
 * Applies an event to its task. The event is only a hint: the task is read again from the vendor, and that reading must
 * carry our session token for this task. The caller holds the event's lease.
 */
export async function settleEvent(services: Services, event: PendingEvent): Promise<"applied" | "ignored" | "waiting"> {
  const { store, vod, deps } = services;
  const task = await store.tasks.findById(event.taskId);
  if (!task || isTerminal(task.status)) return ignore(services, event, "task_settled");

  const answer = await vod.describeTask(event.vendorTaskId);
  if (!answer.ok) return afterFailedRead(services, event, answer);
  const read = answer.value.AigcVideoTask ?? answer.value.AigcImageTask;
  if (!read || !(await belongsTo(services, read, task))) return ignore(services, event, "not_this_task");

  const verdict = verdictOf(read);
  if (verdict.state === "processing") return postpone(services, event, "processing");
  const result = JSON.stringify(read);
  const { applied } = await store.events.complete({
    eventId: event.id,
    taskId: task.id,
    vendorTaskId: event.vendorTaskId,
    now: deps.now(),
    outcome:
      verdict.state === "succeeded"
        ? { status: "succeeded", result }
        : { status: "failed", result, failure: { code: verdict.code, message: verdict.message } },
  });
  if (!applied) return "ignored";
  log("info", "task.completed", { request_id: task.id, vendor_task_id: event.vendorTaskId, status: verdict.state });
  return "applied";
}

/** The vendor echoes the token we sent, so a reading proves which task, and which attempt of it, it speaks of. */
async function belongsTo({ config }: Services, read: VendorTask, task: TaskRow): Promise<boolean> {
  const token = await verifySessionToken({ token: read.SessionContext, keys: config.callbacks.secrets });
  return token.ok && token.taskId === task.id && token.attempt === task.attempt;
}

async function afterFailedRead(services: Services, event: PendingEvent, answer: VendorResult<TaskDetail>) {
  const refusal = !answer.ok && answer.error.kind === "refused" ? answer.error : undefined;
  const noSuchTask = refusal?.rule.fault === "client";
  if (noSuchTask && event.tries >= MAX_UNKNOWN_TASK_TRIES) return ignore(services, event, "vendor_knows_no_such_task");
  return postpone(services, event, refusal?.code ?? "no_answer");
}

async function ignore({ store, deps }: Services, event: PendingEvent, reason: string): Promise<"ignored"> {
  await store.events.ignore({ id: event.id, now: deps.now() });
  log("info", "event.ignored", { request_id: event.taskId, vendor_task_id: event.vendorTaskId, reason });
  return "ignored";
}

async function postpone({ store, deps, wake }: Services, event: PendingEvent, reason: string): Promise<"waiting"> {
  const checkAt = deps.now() + Math.min(RETRY_FIRST_MS * 2 ** Math.min(event.tries - 1, 20), RETRY_MAX_MS);
  await store.events.postpone({ id: event.id, checkAt });
  await wake(checkAt);
  log("warn", "event.postponed", { request_id: event.taskId, vendor_task_id: event.vendorTaskId, reason });
  return "waiting";
}
