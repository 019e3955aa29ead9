import { type ApiErrorCode, statusOf } from "../../http/api-error.ts";

/** An error as a client meets it: the HTTP status and what `code` says. */
export type DescribedError = { status: number; code: string; text: string };

const TEXTS: Record<ApiErrorCode, string> = {
  bad_request: "What is asked cannot be done now, e.g. to cancel a task that runs.",
  malformed_json: "The body is not JSON, or not UTF-8.",
  unauthorized: "There is no such key.",
  forbidden: "The key lacks the route's scope.",
  not_found: "There is nothing with this id, or it is another owner's.",
  method_not_allowed: "The path takes other methods; they are in Allow.",
  duplicate_session_id: "The session_id was used within three days; the answer names the first task.",
  gone: "The content was removed.",
  misdirected_request: "The request came under a host name that is not the gateway's.",
  payload_too_large: "The body is above 10 MB.",
  unsupported_media_type: "The content type is another than the route's.",
  validation_error: "A field is wrong; the answer names each.",
  idempotency_key_reused: "The Idempotency-Key was used for another request.",
  queue_full: "More tasks wait than fal_max_queue_length allows.",
  too_many_requests: "More requests than one key may send, or more streams and waits than one owner may have.",
  too_many_waiting: "More waiting tasks, or more bytes of them, than one owner may have.",
  daily_limit: "More bytes in a day than one owner may send.",
  internal_error: "The gateway failed.",
  not_configured: "The operator has to set a variable.",
  unavailable: "A part of the gateway cannot be reached; try again after Retry-After.",
};

/** What the vendor may have said, by the status it is told with. Its own code stands in `code`. */
const VENDORS: readonly DescribedError[] = [
  { status: 402, code: "LimitExceeded.Quota", text: "The account's quota is used up." },
  { status: 413, code: "RequestSizeLimitExceeded", text: "The vendor finds the request too large." },
  {
    status: 422,
    code: "InvalidParameterValue",
    text: "The vendor refuses a value; so with its other InvalidParameter codes.",
  },
  { status: 500, code: "AuthFailure", text: "The vendor refuses the gateway's credentials or account." },
  { status: 502, code: "FailedOperation", text: "The vendor failed, and did not make the task." },
];

/** How a task may have ended without a result. */
const ENDINGS: readonly DescribedError[] = [
  { status: 410, code: "canceled", text: "The task was canceled." },
  { status: 410, code: "aborted", text: "The vendor stopped the task." },
  { status: 422, code: "InvalidParameter", text: "The task failed for what was asked; the vendor's code." },
  { status: 500, code: "ModelGenerateFailed", text: "The task failed at the vendor; its code." },
];

const EVERYWHERE: ApiErrorCode[] = [
  "unauthorized",
  "forbidden",
  "misdirected_request",
  "too_many_requests",
  "internal_error",
  "not_configured",
  "unavailable",
];
const OF_BODIES: ApiErrorCode[] = ["malformed_json", "payload_too_large", "unsupported_media_type", "validation_error"];
const OF_SUBMISSIONS: ApiErrorCode[] = ["idempotency_key_reused", "queue_full", "too_many_waiting", "daily_limit"];

/** What sort of thing an operation does; each adds its errors. */
export type Trait = "body" | "submits" | "names_session" | "named" | "kept" | "result" | "ends" | "query";

const OF_TRAIT: Record<Trait, readonly ApiErrorCode[]> = {
  body: OF_BODIES,
  submits: OF_SUBMISSIONS,
  names_session: ["duplicate_session_id"],
  named: ["not_found"],
  kept: ["gone"],
  result: ["bad_request"],
  ends: ["bad_request"],
  query: ["validation_error"],
};

/** Every error of an operation, by its traits. `validation`: the dialect's status for a wrong field. */
export function errorsOf(traits: readonly Trait[], { validation }: { validation: number }): DescribedError[] {
  const codes = new Set([...EVERYWHERE, ...traits.flatMap((trait) => OF_TRAIT[trait])]);
  const own = Array.from(codes, (code) => ({
    status: code === "validation_error" ? validation : statusOf(code),
    code,
    text: TEXTS[code],
  }));
  return [...own, ...(traits.includes("submits") ? VENDORS : []), ...(traits.includes("result") ? ENDINGS : [])];
}

export const METHOD_NOT_ALLOWED = `${statusOf("method_not_allowed")} \`method_not_allowed\`: ${TEXTS.method_not_allowed}`;
