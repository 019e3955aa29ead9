import { Hono } from "hono";
import { getPath } from "hono/utils/url";
import { ApiError } from "../http/api-error.ts";
import type { AppEnv } from "../http/app-env.ts";

/** The hosts fal's client writes its target for. Never fetched: only path and query of the target are used. */
const FAL_HOST = /(^|\.)fal\.(ai|run)$/;

/**
 * `/fal/proxy`: the proxy mode of fal's client, which sends every request to one URL and its real target in a header.
 * @param dispatch answers a request as if it had come from outside
 */
export function createFalProxy(
  dispatch: (request: Request, env: Env, context: ExecutionContext) => Response | Promise<Response>,
) {
  return new Hono<AppEnv>().all("/fal/proxy", async (c) => {
    const target = URL.parse(c.req.header("x-fal-target-url") ?? "");
    if (!target || !FAL_HOST.test(target.hostname)) {
      throw new ApiError("bad_request", 'The header "x-fal-target-url" must be a URL of fal.run or fal.ai.');
    }
    // Member by member: a path that begins with "//" would, joined as text, name a host.
    const url = new URL(c.req.url);
    url.pathname = target.pathname;
    url.search = target.search;
    const inside = new Request(url);
    // As the routes will read it, whatever of it is percent-encoded.
    const path = getPath(inside);
    if (path.startsWith("/fal/")) throw new ApiError("bad_request", "The target cannot be a proxy.");
    // Pages may call the proxy. The callback is the vendor's.
    if (path.startsWith("/callbacks/")) throw new ApiError("not_found", `There is nothing at ${c.req.method} ${path}.`);
    const headers = new Headers(c.req.raw.headers);
    headers.delete("x-fal-target-url");
    return dispatch(new Request(url, new Request(c.req.raw, { headers })), c.env, c.executionCtx as ExecutionContext);
  });
}
