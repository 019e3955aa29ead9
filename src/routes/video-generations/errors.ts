import type { ApiError } from "../../http/api-error.ts";
import type { Dialect } from "../../http/dialect.ts";
import { renderOpenAiError } from "../openai-error.ts";

/**
 * `{error: {message, type, param, code}, code, message}`: as OpenAI has it, and as new-api's TaskError; with `problems`,
 * all that is wrong and what would be right.
 */
export const videoGenerationsDialect: Dialect = {
  name: "video-generations",
  claims: (path) => path.startsWith("/v1/"),
  renderError(error: ApiError) {
    const { status, error: rendered } = renderOpenAiError(error);
    const { problems, requestId, extra } = error.options;
    return {
      status,
      body: {
        error: { ...rendered, ...(problems && { problems }) },
        code: error.code,
        message: error.message,
        ...(requestId && { request_id: requestId }),
        ...extra,
      },
    };
  },
};
