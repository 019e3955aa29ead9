import type { Context } from "hono";
import type { Caller } from "../auth/key-ring.ts";
import { log } from "../log.ts";
import { ApiError } from "./api-error.ts";
import type { AppEnv } from "./app-env.ts";

/** Half the period of the binding in wrangler.toml: the platform does not say when its window ends. */
export const RETRY_AFTER_SECONDS = 30;

/**
 * The platform writes it on every request and no client can leave it out; its end names the location. A local run has
 * none, though its runtime has a rate limiter and invents a `request.cf`.
 */
const PLATFORM_HEADER = "cf-ray";

export function isPlatformRequest(c: Context<AppEnv>): boolean {
  return c.req.header(PLATFORM_HEADER) !== undefined;
}

/** Asks the platform's rate limiter. One that is absent or fails stops nobody. */
export async function withinLimit(limiter: RateLimit | undefined, key: string): Promise<boolean> {
  try {
    return (await limiter?.limit({ key }))?.success ?? true;
  } catch (error) {
    log("error", "request_limit.unavailable", { error: String(error) });
    return true;
  }
}

/**
 * Counts a request of an API key with the platform's rate limiter, whose counters belong to a location. A request that
 * came through none, as every one does in a local run, is not counted.
 * @throws {ApiError} `too_many_requests`
 */
export async function countRequest(c: Context<AppEnv>, caller: Caller): Promise<void> {
  if (!isPlatformRequest(c) || (await withinLimit((c.env as Partial<Env>).RATE_LIMITER, caller.keyId))) return;
  throw new ApiError("too_many_requests", "This API key is sending too many requests. Wait, then go on more slowly.", {
    headers: { "retry-after": String(RETRY_AFTER_SECONDS) },
  });
}
