import type { Context } from "hono";
import { ApiError } from "../../http/api-error.ts";
import type { AppEnv } from "../../http/app-env.ts";
import type { CreateAction } from "../../vod/requests.ts";
import { submitDraft } from "../submission.ts";
import { tencentError } from "./errors.ts";
import { envelope } from "./render.ts";
import { parseCreate } from "./schema.ts";
import { translate } from "./translate.ts";

/** Headers that change what becomes of a task. They count only when they are signed. */
const HEADERS_TO_SIGN = ["idempotency-key", "x-fal-request-timeout"];

/**
 * Takes a create call. Unless a signed Idempotency-Key says otherwise, its signature is the key: the SDKs leave the
 * action unsigned, so it is the signature, whatever it is used for, that makes at most one task.
 */
export async function submit(
  c: Context<AppEnv>,
  action: CreateAction,
  signed: { signature: string; signedHeaders: ReadonlySet<string> },
  json: unknown,
): Promise<Record<string, unknown>> {
  const { config, deps } = c.get("services");
  const body = parseCreate(json, config.vod.subAppId);
  const unsigned = HEADERS_TO_SIGN.find((name) => c.req.header(name) !== undefined && !signed.signedHeaders.has(name));
  if (unsigned) {
    throw tencentError(
      "InvalidParameter",
      `The header \`${unsigned}\` is not in SignedHeaders: sign it or leave it out.`,
    );
  }
  const keyed = c.req.header("idempotency-key") !== undefined;
  const draft = { ...translate(action, body), dialect: "tencent-api" };
  if (keyed) {
    const submission = await submitDraft(c, draft);
    return envelope(deps, submission.kind === "dry_run" ? submission.answer : { TaskId: submission.taskId });
  }
  const submission = await submitDraft(c, { ...draft, idempotencyKey: `tc3:${signed.signature}` }).catch(
    (error: unknown) => {
      if (!(error instanceof ApiError) || error.code !== "idempotency_key_reused") throw error;
      throw usedBefore(error.options.requestId, draft.sessionId);
    },
  );
  if (submission.kind === "dry_run") return envelope(deps, submission.answer);
  if (submission.replayed) {
    c.header("idempotent-replayed", undefined);
    throw usedBefore(submission.taskId, draft.sessionId);
  }
  return envelope(deps, { TaskId: submission.taskId });
}

/** In a code that no client repeats. With a SessionId the client learns what the vendor would have told it. */
function usedBefore(taskId: string | undefined, sessionId: string | undefined): ApiError {
  if (sessionId) return new ApiError("duplicate_session_id", "", taskId === undefined ? {} : { requestId: taskId });
  const message = `This signed request was used already; sign a new one. Its TaskId: ${taskId}`;
  return tencentError("AuthFailure.InvalidAuthorization", message);
}
