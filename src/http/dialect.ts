import type { Context } from "hono";
import type { ApiError } from "./api-error.ts";
import type { AppEnv } from "./app-env.ts";

/** How a wire format shows an error. */
export type Dialect = {
  name: string;
  /** Whether requests to this path, with this method, speak it. */
  claims(path: string, method: string): boolean;
  renderError(error: ApiError, c: Context<AppEnv>): { status: number; body: Record<string, unknown> };
};
