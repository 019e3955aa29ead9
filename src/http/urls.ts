import type { Context } from "hono";
import type { AppEnv } from "./app-env.ts";

/** The origin our URLs start with: the configured one, else the one the client used. */
export function publicOrigin(c: Context<AppEnv>): string {
  return c.get("services").config.publicUrl ?? new URL(c.req.url).origin;
}

/** Where a task is read and canceled. */
export function taskUrls(origin: string, id: string) {
  const base = `${origin}/tencent-vod/v1/requests/${id}`;
  return { response_url: base, status_url: `${base}/status`, cancel_url: `${base}/cancel` };
}
