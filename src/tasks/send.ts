import { log } from "../log.ts";
import type { Services } from "../services.ts";
import { createSessionToken } from "../signing/session-token.ts";
import type { TaskRow } from "../store/types.ts";
import type { VendorRefusal, VendorResult } from "../vod/client.ts";
import { DUPLICATE_SESSION_CODES } from "../vod/errors.ts";
import { type CreateAction, vendorRequest } from "../vod/requests.ts";
import { CLAIM_LIFETIME_MS } from "./limits.ts";

/** What a create call came to, written down already. `answered`: whether the vendor is there at all. */
export type SendOutcome =
  | { kind: "running"; vendorTaskId: string }
  | { kind: "refused"; code: string; message: string }
  /** The vendor has no room: the task waits again, as its next attempt. */
  | { kind: "throttled"; attempt: number }
  /** It may or may not have been accepted: to be sent again under the same SessionId. */
  | { kind: "unknown"; answered: boolean };

/** The vendor's SessionId for this attempt: ours, so that a resend after a lost answer is refused instead of paid twice. */
export function vendorSessionId(task: Pick<TaskRow, "id" | "attempt">): string {
  return `${task.id}-${task.attempt}`;
}

/**
 * Sends a task in state `submitting` or `unknown` to the vendor and writes down what came of it. Safe to repeat for the
 * same attempt.
 * @param request JSON of the vendor request; read from the store when not at hand
 */
export async function sendToVendor(services: Services, task: TaskRow, request?: string): Promise<SendOutcome> {
  const { config, vod, store } = services;
  const body = vendorRequest.parse(JSON.parse(request ?? (await store.tasks.request(task.id))));
  const key = config.callbacks.secrets[0];
  const sessionContext = await createSessionToken({ taskId: task.id, attempt: task.attempt, key });
  const session = { sessionId: vendorSessionId(task), sessionContext };
  const result = await vod.createTask(task.action as CreateAction, body, session);
  if (result.ok) return accepted(services, task, result.value.TaskId);
  const refusal = finalRefusal(task, result);
  if (!refusal) return unanswered(services, task, result);
  const noRoom = refusal.rule.fault === "capacity" && refusal.rule.resend === "yes";
  return noRoom ? throttled(services, task, refusal) : refused(services, task, refusal);
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

async function accepted(services: Services, task: TaskRow, vendorTaskId: string): Promise<SendOutcome> {
  const { store, deps } = services;
  const now = deps.now();
  await store.tasks.markRunning({ id: task.id, attempt: task.attempt, vendorTaskId, now });
  if (task.session_id) {
    const entry = { taskId: task.id, expiresAt: task.created_at + CLAIM_LIFETIME_MS };
    deps.defer(store.dedupe.remember(task.owner, task.session_id, entry, now));
  }
  log("info", "task.submitted", { request_id: task.id, vendor_task_id: vendorTaskId, attempt: task.attempt });
  return { kind: "running", vendorTaskId };
}

async function refused({ store, deps }: Services, task: TaskRow, refusal: VendorRefusal): Promise<SendOutcome> {
  const { code, message, rule, requestId } = refusal;
  await store.tasks.markRefused({
    id: task.id,
    attempt: task.attempt,
    failure: { code, message },
    now: deps.now(),
    giveBackSession: rule.session === "release",
    giveBackIdempotencyKey: rule.fault !== "client",
  });
  log("warn", "task.refused", { request_id: task.id, code, vendor_request_id: requestId, reason: rule.fault });
  return { kind: "refused", code, message };
}

async function throttled({ store, deps }: Services, task: TaskRow, refusal: VendorRefusal): Promise<SendOutcome> {
  await store.tasks.requeue({ id: task.id, attempt: task.attempt, now: deps.now() });
  log("warn", "task.requeued", { request_id: task.id, attempt: task.attempt, code: refusal.code });
  return { kind: "throttled", attempt: task.attempt + 1 };
}

async function unanswered(
  { store, deps }: Services,
  task: TaskRow,
  result: VendorResult<unknown>,
): Promise<SendOutcome> {
  await store.tasks.markUnknown({ id: task.id, attempt: task.attempt, now: deps.now() });
  const refusal = !result.ok && result.error.kind === "refused" ? result.error : undefined;
  const reason = result.ok || result.error.kind === "refused" ? refusal?.code : result.error.reason;
  log("warn", "task.unanswered", { request_id: task.id, attempt: task.attempt, reason });
  const duplicate = refusal !== undefined && DUPLICATE_SESSION_CODES.has(refusal.code);
  return { kind: "unknown", answered: duplicate || (refusal !== undefined && refusal.rule.resend !== "same_session") };
}
