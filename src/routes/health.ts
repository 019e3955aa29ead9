import { type Context, Hono } from "hono";
import { ApiError } from "../http/api-error.ts";
import type { AppEnv } from "../http/app-env.ts";
import { countStranger, refuseFlood } from "../http/strangers.ts";
import { checkReadiness } from "../tasks/readiness.ts";

/**
 * `GET /healthz`: alive and configured, for the services were built on the way here. `GET /readyz`: whether all it works
 * with answers, 503 when not; with an admin's key also how long the queue is.
 */
export const health = new Hono<AppEnv>()
  .get("/healthz", (c) => c.json({ status: "ok" }))
  .get("/readyz", async (c) => {
    const services = c.get("services");
    const admin = await isAdmin(c);
    if (!admin) await countStranger(c);
    const { ready, checks, queue } = await checkReadiness(services);
    const details = admin ? { queue } : {};
    return c.json({ status: ready ? "ready" : "not_ready", checks, ...details }, ready ? 200 : 503);
  });

/** Who cannot be looked up is none. */
async function isAdmin(c: Context<AppEnv>): Promise<boolean> {
  try {
    const header = c.req.header("authorization");
    const caller = await c.get("services").keyRing.identify(header, { beforeLookUp: () => refuseFlood(c) });
    return caller?.scopes.has("admin") ?? false;
  } catch (error) {
    if (error instanceof ApiError) throw error;
    return false;
  }
}
