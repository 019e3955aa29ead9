import { Hono } from "hono";
import type { AppEnv } from "../http/app-env.ts";
import { checkReadiness } from "../tasks/readiness.ts";

/**
 * `GET /healthz`: alive and configured, for the services were built on the way here. `GET /readyz`: whether all it works
 * with answers, 503 when not; with an admin's key also how long the queue is.
 */
export const health = new Hono<AppEnv>()
  .get("/healthz", (c) => c.json({ status: "ok" }))
  .get("/readyz", async (c) => {
    const services = c.get("services");
    const { ready, checks, queue } = await checkReadiness(services);
    const caller = await services.keyRing.identify(c.req.header("authorization")).catch(() => undefined);
    const details = caller?.scopes.has("admin") ? { queue } : {};
    return c.json({ status: ready ? "ready" : "not_ready", checks, ...details }, ready ? 200 : 503);
  });
