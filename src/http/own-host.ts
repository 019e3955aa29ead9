import { createMiddleware } from "hono/factory";
import type { Config } from "../config.ts";
import { ApiError } from "./api-error.ts";
import type { AppEnv } from "./app-env.ts";

/** The names of one's own machine: no foreign page can have a browser take another machine for one of them, or this for it. */
const LOOPBACK_NAMES = new Set(["localhost", "127.0.0.1", "[::1]"]);
/** Below it the platform gives names to Workers, and nobody else can. */
const PLATFORM_SUFFIX = ".workers.dev";

/**
 * Whether requests under this name are meant for this gateway. Locally a foreign name means that a page has had its own
 * name point here (DNS rebinding). In a deploy without a `PUBLIC_URL` the URLs in answers repeat the request's host, so
 * that must be one that nobody else can have chosen.
 * @param hostname without a port
 */
function isOwnHost(hostname: string, { local, publicUrl }: Pick<Config, "local" | "publicUrl">): boolean {
  if (local)
    return LOOPBACK_NAMES.has(hostname) || (publicUrl !== undefined && hostname === new URL(publicUrl).hostname);
  return publicUrl !== undefined || hostname.endsWith(PLATFORM_SUFFIX);
}

/** Refuses requests under a foreign name, whatever they want. */
export const requireOwnHost = createMiddleware<AppEnv>(async function ownHost(c, next) {
  const { config } = c.get("services");
  if (!isOwnHost(new URL(c.req.url).hostname, config)) {
    const own = config.local ? "localhost and 127.0.0.1" : "its workers.dev name";
    const message = `This gateway answers under ${own} only. To serve it under another name, set PUBLIC_URL.`;
    throw new ApiError("misdirected_request", message);
  }
  await next();
});
