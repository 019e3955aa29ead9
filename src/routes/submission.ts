import type { Context } from "hono";
import { ApiError, type Problem } from "../http/api-error.ts";
import type { AppEnv } from "../http/app-env.ts";
import { idempotencyKey } from "../http/idempotency-key.ts";
import { queryFlag } from "../http/query-flag.ts";
import { maxQueueLength, startTimeoutSeconds } from "../http/queue-limits.ts";
import { dispatcherUnavailable } from "../http/unavailable.ts";
import { publicOrigin, taskUrls } from "../http/urls.ts";
import { type SubmitOutcome, submitTask, type TaskDraft } from "../tasks/submit.ts";
import { ruleOf } from "../vod/errors.ts";
import { plainFailure } from "../vod/plain-words.ts";
import { dryRun, type DryRunAnswer } from "./dry-run.ts";
import { checkModel, type Locate, warn } from "./model-check.ts";
import { refusedByLimit } from "./submission-limits.ts";
import { checkVendorIds } from "./vendor-ids.ts";

const WEBHOOK = "fal_webhook";

/** `warnings`: what the model catalogue doubts, and what of the request has no effect. */
export type Accepted = Extract<SubmitOutcome, { kind: "accepted" }> & { warnings: Problem[] };
export type Submission = Accepted | { kind: "dry_run"; answer: DryRunAnswer };

export type DialectDraft = Omit<TaskDraft, "owner" | "startTimeoutMs" | "maxQueueLength"> & {
  /** Where the client wrote what the vendor's request holds at a place. Default: the same names in snake case. */
  locate?: Locate | undefined;
  /** The client has named the vendor's application. */
  namesApplication?: boolean | undefined;
  /** What the dialect has left out of the request, or doubts. Refused under MODEL_POLICY=strict. */
  doubts?: readonly Problem[] | undefined;
  /** From the body; the header `x-fal-request-timeout` says the same. */
  startTimeoutSeconds?: number | undefined;
};

/**
 * Submits what a dialect has translated; with `?dry_run=1`, says what would be submitted.
 * @returns the accepted task; `idempotent-replayed` is set on the answer when it is the first one's
 * @throws {ApiError} beyond a limit, an id of others', duplicate, reused key, a limit, the vendor's refusal, or no answer
 */
export async function submitDraft(c: Context<AppEnv>, draft: DialectDraft): Promise<Submission> {
  const { startTimeoutSeconds: fromBody, locate: _locate, namesApplication: _named, doubts: _doubts, ...rest } = draft;
  const seconds = fromBody ?? startTimeoutSeconds(c);
  const key = draft.idempotencyKey ?? idempotencyKey(c);
  const warnings = warn(c, [...ignoredWebhook(c), ...checkModel(c, draft)]);
  await checkVendorIds(c, draft);
  if (queryFlag(c, "dry_run")) return { kind: "dry_run", answer: await dryRun(c, { ...draft, warnings }) };
  const maxLength = maxQueueLength(c);
  const outcome = await submitTask(c.get("services"), {
    ...rest,
    owner: c.get("caller").owner,
    idempotencyKey: key,
    startTimeoutMs: seconds === undefined ? undefined : seconds * 1000,
    maxQueueLength: maxLength,
  });
  switch (outcome.kind) {
    case "accepted":
      if (outcome.replayed) c.header("idempotent-replayed", "true");
      c.header("x-fal-request-id", outcome.taskId);
      return { ...outcome, warnings };
    case "duplicate_session":
      throw duplicate(publicOrigin(c), draft.sessionId ?? "", outcome.firstTaskId);
    case "idempotency_key_reused":
      throw new ApiError(
        "idempotency_key_reused",
        "This Idempotency-Key was used for another request. Use a new key for a new request.",
        { requestId: outcome.firstTaskId },
      );
    case "refused":
      throw refusal(c, outcome);
    case "limited":
      throw refusedByLimit(c, outcome, maxLength);
    case "unanswered":
      throw dispatcherUnavailable({ submitted: outcome.taskId, overloaded: outcome.overloaded });
  }
}

/** fal's clients ask for a call back in the query. Until there are webhooks nobody must wait for one. */
function ignoredWebhook(c: Context<AppEnv>): Problem[] {
  if (!c.req.query(WEBHOOK)) return [];
  const msg = "There are no webhooks yet: nobody will be called. Poll the task's status, wait for it, or stream it.";
  return [{ loc: ["query", WEBHOOK], msg, type: "ignored" }];
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

function refusal(c: Context<AppEnv>, outcome: Extract<SubmitOutcome, { kind: "refused" }>): ApiError {
  const admin = c.get("caller").scopes.has("admin");
  const { code, message } = admin ? outcome : plainFailure(outcome, outcome.taskId);
  return new ApiError({ vendor: code, status: ruleOf(outcome.code).httpStatus }, message, {
    requestId: outcome.taskId,
    vendorCode: outcome.code,
    headers: { "x-should-retry": "false", ...(outcome.replayed && { "idempotent-replayed": "true" }) },
  });
}
