import { Hono } from "hono";
import type { AppEnv } from "../http/app-env.ts";

/** Alive and configured: the services were built on the way here. */
export const health = new Hono<AppEnv>().get("/healthz", (c) => c.json({ status: "ok" }));
