import { createMiddleware } from "hono/factory";
import type { Scope } from "../auth/scopes.ts";
import { ApiError } from "./api-error.ts";
import type { AppEnv } from "./app-env.ts";
import { countRequest } from "./request-limit.ts";

/** Lets a caller pass whose API key has `scope` and has not been used too often of late. */
export const requireScope = (scope: Scope) =>
  createMiddleware<AppEnv>(async function auth(c, next) {
    const header = c.req.header("authorization");
    const caller = await c.get("services").keyRing.identify(header);
    if (!caller) {
      const message = header
        ? "This API key is unknown or revoked."
        : 'An API key is required: send the header "authorization: Bearer <key>" (or "Key <key>").';
      throw new ApiError("unauthorized", message, { headers: { "www-authenticate": "Bearer" } });
    }
    await countRequest(c, caller);
    if (!caller.scopes.has(scope)) {
      throw new ApiError("forbidden", `This API key does not have the scope "${scope}".`);
    }
    c.set("caller", caller);
    await next();
  });
