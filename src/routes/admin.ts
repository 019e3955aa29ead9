import { createRoute } from "@hono/zod-openapi";
import * as z from "zod";
import { ApiError } from "../http/api-error.ts";
import { requireScope } from "../http/auth.ts";
import { limitBody } from "../http/body.ts";
import { answer, createRouter } from "../http/openapi.ts";
import { rejectInvalid } from "../http/problems.ts";
import { isTaskId } from "../tasks/task-id.ts";

/** The platform would go further back, but the vendor forgets: what it was sent before could not be found any more. */
const RESTORE_MAX_HOURS = 71;
const HOUR_MS = 60 * 60 * 1000;

/** For the operator. */
export const adminRoutes = createRouter();

const restoreBody = z.object({
  at: z.iso
    .datetime({ offset: true, error: "Use an ISO 8601 time, e.g. 2026-11-21T08:00:00Z." })
    .transform((text) => Date.parse(text)),
});

/**
 * `POST /v1/admin/restore`: sets the dispatcher back to an earlier time. Only code in the object can have the platform do
 * that (docs/operations.md).
 */
adminRoutes.openapi(
  createRoute({
    method: "post",
    path: "/v1/admin/restore",
    summary: "Set the dispatcher back to an earlier time (point-in-time recovery)",
    middleware: [requireScope("admin"), limitBody] as const,
    request: { body: { required: true, content: { "application/json": { schema: restoreBody } } } },
    responses: {
      202: answer("It starts again from there"),
      400: answer("The platform cannot"),
      422: answer("Refused"),
    },
  }),
  async (c) => {
    const { at } = c.req.valid("json");
    const { dispatcher, deps } = c.get("services");
    const now = deps.now();
    if (at >= now || at < now - RESTORE_MAX_HOURS * HOUR_MS) {
      const msg = `Use a time within the last ${RESTORE_MAX_HOURS} hours: the vendor remembers no longer.`;
      rejectInvalid([{ loc: ["body", "at"], msg, type: "value_error" }]);
    }
    try {
      await dispatcher.restore(at);
    } catch (error) {
      throw new ApiError("bad_request", `The platform did not set the dispatcher back: ${String(error)}`);
    }
    return c.json({ status: "RESTORING", at: new Date(at).toISOString() }, 202);
  },
);

/**
 * `GET /v1/admin/failures/{reference}`: what the vendor said when a task of any owner's failed. Its tenant was shown a
 * reference instead where that was about the gateway's account.
 */
adminRoutes.openapi(
  createRoute({
    method: "get",
    path: "/v1/admin/failures/{reference}",
    summary: "Why a task failed, in the vendor's own words, by the reference that its tenant was shown",
    middleware: requireScope("admin"),
    request: { params: z.object({ reference: z.string() }) },
    responses: { 200: answer("The vendor's words"), 404: answer("No such failure") },
  }),
  async (c) => {
    const { reference } = c.req.valid("param");
    const { store } = c.get("services");
    const failure = isTaskId(reference) ? await store.record.failure(reference) : null;
    if (!failure) throw new ApiError("not_found", "No task that has failed has this id, or its time is over.");
    const { owner, code, message, finished_at: finishedAt } = failure;
    return c.json({ reference, owner, code, message, failed_at: new Date(finishedAt).toISOString() }, 200);
  },
);
