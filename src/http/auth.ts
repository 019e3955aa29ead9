import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import type { Scope } from "../auth/scopes.ts";
import { log } from "../log.ts";
import { ApiError } from "./api-error.ts";
import type { AppEnv } from "./app-env.ts";
import { countRequest } from "./request-limit.ts";
import { countStranger, refuseFlood } from "./strangers.ts";

const CHALLENGE = { "www-authenticate": "Bearer" };

/** Lets a caller pass whose API key has `scope` and has not been used too often of late. */
export const requireScope = (scope: Scope) =>
  createMiddleware<AppEnv>(async function auth(c, next) {
    const header = c.req.header("authorization");
    let lookedUp = false;
    const caller = await c.get("services").keyRing.identify(header, {
      beforeLookUp() {
        refuseFlood(c);
        lookedUp = true;
      },
    });
    if (!caller) {
      if (lookedUp) await countStranger(c);
      const message = header
        ? "This API key is unknown or revoked."
        : 'An API key is required: send the header "authorization: Bearer <key>" (or "Key <key>").';
      throw new ApiError("unauthorized", message, { headers: CHALLENGE });
    }
    await countRequest(c, caller);
    if (!caller.scopes.has(scope)) {
      throw new ApiError("forbidden", `This API key does not have the scope "${scope}".`);
    }
    c.set("caller", caller);
    await next();
  });

/** While somebody waits, their key is looked up again when what is known of it is as old as this. */
const RECHECK_MAX_AGE_MS = 5_000;

/**
 * For who stays: asks whether the key of this request still lets its caller in, and throws `unauthorized` once it does
 * not. While nobody can be asked, it does.
 */
export function recheckOf(c: Context<AppEnv>, scope: Scope): () => Promise<void> {
  const { keyRing } = c.get("services");
  const header = c.req.header("authorization");
  let toldAway = false;
  return async () => {
    let allowed = true;
    try {
      const caller = await keyRing.identify(header, { maxAgeMs: RECHECK_MAX_AGE_MS });
      allowed = caller?.scopes.has(scope) ?? false;
    } catch (error) {
      if (!toldAway) log("warn", "key.not_rechecked", { owner: c.get("caller").owner, error: String(error) });
      toldAway = true;
    }
    if (!allowed) throw new ApiError("unauthorized", "This API key was revoked.", { headers: CHALLENGE });
  };
}
