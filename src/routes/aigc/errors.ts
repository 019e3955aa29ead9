import type { ApiError } from "../../http/api-error.ts";
import type { Dialect } from "../../http/dialect.ts";

/** `{detail, message, code, request_id?}`; fal's clients read `detail` of a 422 as a list of field errors. */
export const aigcDialect: Dialect = {
  name: "aigc",
  claims: (path) => path.startsWith("/tencent-vod/"),
  renderError(error: ApiError) {
    const { problems, requestId, extra } = error.options;
    return {
      status: error.status,
      body: {
        detail: problems ?? error.message,
        message: error.message,
        code: error.code,
        ...(requestId && { request_id: requestId }),
        ...extra,
      },
    };
  },
};
