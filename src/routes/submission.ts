import type { Context } from "hono";
import { ApiError } from "../http/api-error.ts";
import type { AppEnv } from "../http/app-env.ts";
import { idempotencyKey } from "../http/idempotency-key.ts";
import { publicOrigin, taskUrls } from "../http/urls.ts";
import { type SubmitOutcome, submitTask, type TaskDraft } from "../tasks/submit.ts";
import { ruleOf } from "../vod/errors.ts";

/** A vendor refusal for lack of capacity passes quickly. */
const CAPACITY_RETRY_AFTER_SECONDS = 1;

/**
 * Submits what a dialect has translated.
 * @returns the accepted task; `idempotent-replayed` is set on the answer when it is the first one's
 * @throws {ApiError} duplicate, reused key, or the vendor's refusal
 */
export async function submitDraft(
  c: Context<AppEnv>,
  draft: Omit<TaskDraft, "owner" | "idempotencyKey">,
): Promise<{ id: string; created_at: number }> {
  const key = idempotencyKey(c);
  const outcome = await submitTask(c.get("services"), { ...draft, owner: c.get("caller").owner, idempotencyKey: key });
  switch (outcome.kind) {
    case "accepted":
      if (outcome.replayed) c.header("idempotent-replayed", "true");
      c.header("x-fal-request-id", outcome.task.id);
      return outcome.task;
    case "duplicate_session":
      throw duplicate(publicOrigin(c), draft.sessionId ?? "", outcome.firstTaskId);
    case "idempotency_key_reused":
      throw new ApiError(
        "idempotency_key_reused",
        "This Idempotency-Key was used for another request. Use a new key for a new request.",
        { requestId: outcome.firstTaskId },
      );
    case "refused":
      throw refusal(outcome);
  }
}

function duplicate(origin: string, sessionId: string, firstTaskId: string): ApiError {
  return new ApiError(
    "duplicate_session_id",
    `A task with session_id ${JSON.stringify(sessionId)} was accepted within the last three days.`,
    {
      requestId: firstTaskId,
      // Clients that repeat a 409 by habit would only get it again.
      headers: { "x-should-retry": "false" },
      extra: taskUrls(origin, firstTaskId),
    },
  );
}

function refusal(outcome: SubmitOutcome & { kind: "refused" }): ApiError {
  const rule = ruleOf(outcome.failure.code);
  const busy = rule.fault === "capacity" && rule.resend === "yes";
  return new ApiError({ vendor: outcome.failure.code, status: rule.httpStatus }, outcome.failure.message, {
    requestId: outcome.task.id,
    headers: {
      ...(busy ? { "retry-after": String(CAPACITY_RETRY_AFTER_SECONDS) } : { "x-should-retry": "false" }),
      ...(outcome.replayed && { "idempotent-replayed": "true" }),
    },
  });
}
