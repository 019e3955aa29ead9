import { log } from "../log.ts";
import type { Services } from "../services.ts";
import { createSessionToken } from "../signing/session-token.ts";
import type { TaskRow } from "../store/types.ts";
import type { VendorRefusal, VendorResult } from "../vod/client.ts";
import { CREATE_TIMEOUT_MS } from "../vod/client.ts";
import { DUPLICATE_SESSION_CODES } from "../vod/errors.ts";
import type { CreateAction, VendorRequest } from "../vod/requests.ts";
import { CLAIM_LIFETIME_MS } from "./limits.ts";

/** A submission that is still open after this has lost its isolate; the sweep takes it over. */
export const SUBMISSION_OVERDUE_MS = 2 * CREATE_TIMEOUT_MS + 15_000;
const RESEND_FIRST_MS = 2_000;
const RESEND_MAX_MS = 5 * 60 * 1000;

/** The vendor's SessionId for this attempt: ours, so that a resend after a lost answer is refused instead of paid twice. */
export function vendorSessionId(task: Pick<TaskRow, "id" | "attempt">): string {
  return `${task.id}-${task.attempt}`;
}

/**
 * Sends a task to the vendor and writes down what came of it. Safe to repeat for the same attempt.
 * @returns the task as it is now
 */
export async function sendToVendor(services: Services, task: TaskRow, request: VendorRequest): Promise<TaskRow> {
  const { config, vod } = services;
  const sessionContext = await createSessionToken({
    taskId: task.id,
    attempt: task.attempt,
    key: config.callbacks.secrets[0],
  });
  const session = { sessionId: vendorSessionId(task), sessionContext };
  const result = await vod.createTask(task.action as CreateAction, request, session);
  if (result.ok) return accepted(services, task, result.value.TaskId);
  const refusal = finalRefusal(task, result);
  return refusal ? refused(services, task, refusal) : unanswered(services, task, result);
}

/**
 * The refusal, if it proves that no task of this attempt exists. After an unanswered first call only a fault in the
 * request itself proves that: the first call met the same fault. "Too many requests" or "signature expired" say
 * nothing about the call before.
 */
function finalRefusal(task: TaskRow, result: VendorResult<unknown>): VendorRefusal | undefined {
  if (result.ok || result.error.kind === "silent") return undefined;
  const { code, rule } = result.error;
  if (DUPLICATE_SESSION_CODES.has(code) || rule.resend === "same_session") return undefined;
  return task.status === "unknown" && rule.fault !== "client" ? undefined : result.error;
}

async function accepted(services: Services, task: TaskRow, vendorTaskId: string): Promise<TaskRow> {
  const { store, deps } = services;
  const now = deps.now();
  try {
    await store.tasks.markRunning({ id: task.id, vendorTaskId, now });
  } catch (error) {
    // The task exists and is paid: the client gets its id, and the sweep or the vendor's event writes the rest.
    log("error", "task.submitted.unrecorded", {
      request_id: task.id,
      vendor_task_id: vendorTaskId,
      error: String(error),
    });
  }
  if (task.session_id) {
    const entry = { taskId: task.id, expiresAt: task.created_at + CLAIM_LIFETIME_MS };
    deps.defer(store.dedupe.remember(task.owner, task.session_id, entry, now));
  }
  log("info", "task.submitted", { request_id: task.id, vendor_task_id: vendorTaskId, attempt: task.attempt });
  return { ...task, status: "running", vendor_task_id: vendorTaskId, submitted_at: now, check_at: null };
}

async function refused(services: Services, task: TaskRow, refusal: VendorRefusal): Promise<TaskRow> {
  const { code, message, rule, requestId } = refusal;
  const now = services.deps.now();
  await services.store.tasks.markRefused({
    id: task.id,
    failure: { code, message },
    now,
    giveBackSession: rule.session === "release",
    giveBackIdempotencyKey: rule.fault !== "client",
  });
  log("warn", "task.refused", { request_id: task.id, code, vendor_request_id: requestId, reason: rule.fault });
  return { ...task, status: "failed", error_code: code, error_message: message, finished_at: now, check_at: null };
}

async function unanswered(services: Services, task: TaskRow, result: VendorResult<unknown>): Promise<TaskRow> {
  const now = services.deps.now();
  // As long again as it has been waiting: soon at first, seldom later, and no counter to keep.
  const checkAt = now + Math.min(Math.max(RESEND_FIRST_MS, now - task.created_at), RESEND_MAX_MS);
  await services.store.tasks.markUnknown({ id: task.id, checkAt });
  await services.wake(checkAt);
  const reason = result.ok ? undefined : result.error.kind === "silent" ? result.error.reason : result.error.code;
  log("warn", "task.unanswered", { request_id: task.id, attempt: task.attempt, reason });
  return { ...task, status: "unknown", check_at: checkAt };
}
