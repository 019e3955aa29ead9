import type { ContentfulStatusCode } from "hono/utils/http-status";

/** Our own error codes and the HTTP status of each. Chosen by what they make real clients do: 409 and 429 are repeated. */
const STATUS = {
  bad_request: 400,
  malformed_json: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  duplicate_session_id: 409,
  gone: 410,
  payload_too_large: 413,
  unsupported_media_type: 415,
  misdirected_request: 421,
  validation_error: 422,
  idempotency_key_reused: 422,
  queue_full: 429,
  too_many_requests: 429,
  too_many_waiting: 429,
  daily_limit: 429,
  internal_error: 500,
  not_configured: 500,
  unavailable: 503,
} as const satisfies Record<string, ContentfulStatusCode>;

export type ApiErrorCode = keyof typeof STATUS;

/** The HTTP status of a code, and every code there is. */
export const statusOf = (code: ApiErrorCode): ContentfulStatusCode => STATUS[code];
export const API_ERROR_CODES = Object.keys(STATUS) as ApiErrorCode[];

/**
 * One thing wrong with a request: where (`["body", "output_config", "duration"]`), what, its kind for programs, and what
 * would be right, where that can be said.
 */
export type Problem = { loc: (string | number)[]; msg: string; type: string; ctx?: Record<string, unknown> };

export type ApiErrorOptions = {
  problems?: Problem[];
  headers?: Record<string, string>;
  /** The task the error speaks of. */
  requestId?: string;
  /** Further members of the answer, e.g. the URLs of the task that a duplicate met. */
  extra?: Record<string, unknown>;
  /** What the vendor called it, where `code` is a plainer word for it. */
  vendorCode?: string;
};

/** An error meant for the client. Each dialect renders it in its own form. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: ContentfulStatusCode;
  /** One of ours, or the vendor's for a task the vendor refused. */
  readonly code: string;
  readonly options: ApiErrorOptions;

  constructor(code: ApiErrorCode | { vendor: string; status: number }, message: string, options: ApiErrorOptions = {}) {
    super(message);
    this.code = typeof code === "string" ? code : code.vendor;
    this.status = typeof code === "string" ? STATUS[code] : (code.status as ContentfulStatusCode);
    this.options = options;
  }
}
