import type { ApiError } from "../../http/api-error.ts";
import type { Dialect } from "../../http/dialect.ts";
import { renderOpenAiError } from "../openai-error.ts";

/** OpenAI's codes for what is most often wrong with a field. */
const CODE_OF_PROBLEM = new Map([
  ["missing", "missing_required_parameter"],
  ["unknown_parameter", "unknown_parameter"],
  ["unknown_model", "model_not_found"],
]);

/** `{error: {message, type, param, code}}`. */
export const openAiVideosDialect: Dialect = {
  name: "openai-videos",
  claims: (path) => path === "/v1/videos" || path.startsWith("/v1/videos/"),
  renderError(error: ApiError) {
    const { status, error: rendered } = renderOpenAiError(error);
    const { problems, requestId, extra } = error.options;
    return {
      status,
      body: {
        error: {
          ...rendered,
          code: CODE_OF_PROBLEM.get(problems?.[0]?.type ?? "") ?? rendered.code,
          ...(problems && { problems }),
        },
        ...(requestId && { video_id: requestId }),
        ...extra,
      },
    };
  },
};
