import type { Context } from "hono";
import type { AppEnv } from "./app-env.ts";

/** No SDK tries so often; a larger number means something else. */
const MAX_RETRIES = 100;

/**
 * Which attempt at the same call this is, by the header of all SDKs that Stainless generates, OpenAI's among them.
 * Undefined for clients that do not say, and behind {@link requireScope} only.
 */
export function stainlessRetry(c: Context<AppEnv>): { attempt: number; client: string } | undefined {
  const count = c.req.header("x-stainless-retry-count");
  if (count === undefined || !/^\d{1,3}$/.test(count) || Number(count) > MAX_RETRIES) return undefined;
  const client = JSON.stringify([c.get("caller").keyId, c.req.header("user-agent") ?? ""]);
  return { attempt: Number(count), client };
}
