import { ApiError, type ApiErrorCode, type Problem } from "../../http/api-error.ts";
import type { Dialect } from "../../http/dialect.ts";
import { ruleOf } from "../../vod/errors.ts";
import { FOREIGN_ID } from "../vendor-ids.ts";
import { platformDeps } from "../../deps.ts";
import { envelope } from "./render.ts";

/** The vendor answers everything with it; to its SDKs another status is a broken line. */
const HTTP_OK = 200;

/**
 * Our own codes in the vendor's words. Those that its SDKs repeat by themselves (`RequestLimitExceeded`) are for calls
 * that did nothing. A task may exist behind `InternalError`: to the vendor's clients that is so there as well.
 */
export const CODES: Record<Exclude<ApiErrorCode, "validation_error">, string> = {
  bad_request: "InvalidParameter",
  malformed_json: "InvalidParameter",
  unauthorized: "AuthFailure.InvalidAuthorization",
  forbidden: "UnauthorizedOperation",
  not_found: "ResourceNotFound",
  method_not_allowed: "InvalidRequest",
  duplicate_session_id: "InvalidParameterValue.SessionId",
  gone: "ResourceNotFound",
  payload_too_large: "RequestSizeLimitExceeded",
  unsupported_media_type: "InvalidParameter",
  misdirected_request: "InvalidRequest",
  idempotency_key_reused: "InvalidParameter",
  queue_full: "RequestLimitExceeded",
  too_many_requests: "RequestLimitExceeded",
  too_many_waiting: "RequestLimitExceeded",
  daily_limit: "RequestLimitExceeded",
  internal_error: "InternalError",
  not_configured: "InternalError",
  unavailable: "InternalError",
};

/** An error that this dialect has a word of its own for. */
export function tencentError(code: string, message: string): ApiError {
  return new ApiError({ vendor: code, status: HTTP_OK }, message);
}

/** `{Response: {Error: {Code, Message}, RequestId}}`, always with HTTP 200. */
export const tencentApiDialect: Dialect = {
  name: "tencent-api",
  claims: (path, method) => path === "/" && method === "POST",
  renderError(error, c) {
    const deps = (c.var as Partial<typeof c.var>).services?.deps ?? platformDeps;
    const { code, message } = inVendorsWords(error);
    return { status: HTTP_OK, body: envelope(deps, { Error: { Code: code, Message: message } }) };
  },
};

function inVendorsWords(error: ApiError): { code: string; message: string } {
  const { code, status, message, options } = error;
  if (code === "validation_error") return ofProblem(message, options.problems?.[0]);
  if (code === "duplicate_session_id") {
    const first = `A task with this SessionId was accepted within the last three days. Its TaskId: ${options.requestId}`;
    return { code: CODES[code], message: first };
  }
  if (isOurs(code)) return { code: CODES[code], message };
  const { vendorCode = code } = options;
  if (ACCOUNT_CODES.test(vendorCode)) return { code: vendorCode, message };
  // The vendor's word about our credentials would have a client look for the fault in its own.
  if (status !== HTTP_OK && ruleOf(code).fault === "operator")
    return { code: "InternalError", message: `The vendor refused the gateway: ${code}: ${message}` };
  return { code, message };
}

/** What the vendor's own clients know of an account that may not do this. They repeat none of it, as `InternalError`. */
const ACCOUNT_CODES = /^(FailedOperation\.InvalidVodUser|UnauthorizedOperation(\..+)?)$/;

function isOurs(code: string): code is keyof typeof CODES {
  return Object.hasOwn(CODES, code);
}

function ofProblem(message: string, problem: Problem | undefined): { code: string; message: string } {
  const nearest = problem?.ctx?.["nearest"];
  const hint = nearest === undefined ? "" : ` The nearest possible value: ${JSON.stringify(nearest)}.`;
  return { code: codeOfProblem(problem), message: `${message}${hint}` };
}

function codeOfProblem(problem: Problem | undefined): string {
  // The vendor's own word, where it has one.
  if (problem?.type === FOREIGN_ID && String(problem.loc.at(-1)).endsWith("FileId"))
    return "InvalidParameterValue.FileId";
  if (problem?.type === "missing") return "MissingParameter";
  return problem?.type === "type_error" || problem?.loc.length === 1 ? "InvalidParameter" : "InvalidParameterValue";
}
