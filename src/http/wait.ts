import type { Context } from "hono";
import type { AppEnv } from "./app-env.ts";
import { rejectInvalid } from "./problems.ts";

/** A longer wait is answered after this. */
export const WAIT_MAX_SECONDS = 60;

/**
 * How long the client wants to wait for its task, in milliseconds: `?wait=N`, else `Prefer: wait=N` (RFC 7240, where a
 * preference that cannot be read is ignored); 0 when it does not.
 */
export function waitMilliseconds(c: Context<AppEnv>): number {
  const query = c.req.query("wait");
  if (query !== undefined && !/^\d{1,6}$/.test(query)) {
    rejectInvalid([
      { loc: ["query", "wait"], msg: `Use a number of seconds, at most ${WAIT_MAX_SECONDS}.`, type: "value_error" },
    ]);
  }
  const preference = /(?:^|[,;\s])wait=(\d{1,6})(?:$|[,;\s])/.exec(c.req.header("prefer") ?? "")?.[1];
  return Math.min(Number(query ?? preference ?? 0), WAIT_MAX_SECONDS) * 1000;
}
