import type { ApiError } from "../http/api-error.ts";

/**
 * OpenAI's `{error: {message, type, param, code}}`, with the names of what a validation error found; validation is a 400
 * in all that speaks it.
 */
export function renderOpenAiError(error: ApiError) {
  const [problem] = error.options.problems ?? [];
  const status = error.code === "validation_error" ? 400 : error.status;
  return {
    status,
    error: {
      message: error.message,
      type: errorType(status),
      param: problem ? problem.loc.slice(1).join(".") || null : null,
      code: error.code,
    },
  };
}

/** OpenAI's words for the kinds of error. */
function errorType(status: number): string {
  if (status >= 500) return "server_error";
  if (status === 429) return "rate_limit_error";
  return status === 401 || status === 403 ? "authentication_error" : "invalid_request_error";
}
