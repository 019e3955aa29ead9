import type { ApiError } from "./api-error.ts";

/** How a wire format shows an error. */
export type Dialect = {
  name: string;
  /** Paths that speak it begin so. */
  pathPrefix: string;
  renderError(error: ApiError): { status: number; body: Record<string, unknown> };
};
