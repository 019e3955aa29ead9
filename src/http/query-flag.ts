import type { Context } from "hono";
import type { AppEnv } from "./app-env.ts";
import { rejectInvalid } from "./problems.ts";

/** A query parameter that is set or not, e.g. `?dry_run=1`. @throws {ApiError} for any other word */
export function queryFlag(c: Context<AppEnv>, name: string): boolean {
  const word = c.req.query(name);
  if (word === undefined || word === "0" || word === "false") return false;
  if (word === "1" || word === "true") return true;
  return rejectInvalid([{ loc: ["query", name], msg: "Use 1 or 0.", type: "value_error" }]);
}
