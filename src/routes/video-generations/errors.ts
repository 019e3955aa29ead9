import type { ApiError } from "../../http/api-error.ts";
import type { Dialect } from "../../http/dialect.ts";

/** `{error: {message, type, param, code}, code, message}`, as OpenAI's imitators answer; validation is a 400 here. */
export const videoGenerationsDialect: Dialect = {
  name: "video-generations",
  pathPrefix: "/v1/",
  renderError(error: ApiError) {
    const [problem] = error.options.problems ?? [];
    const invalid = error.code === "validation_error";
    const status = invalid ? 400 : error.status;
    return {
      status,
      body: {
        error: {
          message: error.message,
          type: errorType(status),
          param: problem ? problem.loc.slice(1).join(".") || null : null,
          code: error.code,
        },
        code: error.code,
        message: error.message,
        ...(error.options.requestId && { request_id: error.options.requestId }),
        ...error.options.extra,
      },
    };
  },
};

/** OpenAI's words for the kinds of error. */
function errorType(status: number): string {
  if (status >= 500) return "server_error";
  if (status === 429) return "rate_limit_error";
  return status === 401 || status === 403 ? "authentication_error" : "invalid_request_error";
}
