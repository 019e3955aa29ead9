import { createRoute } from "@hono/zod-openapi";
import { etag, RETAINED_304_HEADERS } from "hono/etag";
import { type SSEStreamingApi, streamSSE } from "hono/streaming";
import * as z from "zod";
import { ApiError } from "../../http/api-error.ts";
import { recheckOf, requireScope } from "../../http/auth.ts";
import { answer, createRouter } from "../../http/openapi.ts";
import { publicOrigin } from "../../http/urls.ts";
import { waitMilliseconds } from "../../http/wait.ts";
import { cancelTask } from "../../tasks/cancel.ts";
import { isTerminal } from "../../tasks/state.ts";
import { openWatch, taskState, waitUntilOver } from "../../tasks/watch.ts";
import { seenBy } from "../seen-by.ts";
import { renderStatus } from "./render.ts";
import { readErrors } from "./responses.ts";

/** Comments keep proxies from closing a quiet stream; fal's clients expect one at least every 15 s. */
const HEARTBEAT_MS = 12_000;

/** A page's own `If-None-Match` shows it the 304 itself, which it may only see with the headers of CORS. */
const HEADERS_OF_304 = [
  ...RETAINED_304_HEADERS,
  "access-control-allow-origin",
  "access-control-expose-headers",
  "x-fal-request-id",
];

/** A task while it lives: status, status stream, cancel. */
export const liveRoutes = createRouter();

const id = z.object({ id: z.string() });
const statusQuery = z.object({
  /** fal's JavaScript client sends 0 and 1, its Python client true and false. */
  logs: z
    .enum(["0", "1", "true", "false"], { error: "Use 0, 1, true or false." })
    .transform((word) => word === "1" || word === "true")
    .optional(),
  wait: z.string().optional(),
});

const notFound = (extra = {}) => new ApiError("not_found", "There is no task with this id.", { extra });

liveRoutes.openapi(
  createRoute({
    method: "get",
    path: "/tencent-vod/v1/requests/{id}/status",
    summary: "Status of a task: 202 until it is done, then 200. Waits for that with ?wait= or Prefer: wait=",
    middleware: [requireScope("read"), etag({ weak: true, retainedHeaders: HEADERS_OF_304 })] as const,
    request: { params: id, query: statusQuery },
    responses: {
      200: answer("Done"),
      202: answer("Not done yet"),
      304: { description: "As you know it" },
      ...readErrors,
    },
  }),
  async (c) => {
    const services = c.get("services");
    const caller = c.get("caller");
    const { owner } = caller;
    const { id: taskId } = c.req.valid("param");
    const waitMs = waitMilliseconds(c);
    const task = await (waitMs > 0
      ? waitUntilOver(services, owner, taskId, waitMs, recheckOf(c, "read"))
      : taskState(services, owner, taskId));
    if (!task) throw notFound();
    c.header("x-fal-request-id", task.id);
    const logs = c.req.valid("query").logs ? task.history : null;
    return c.json(renderStatus(seenBy(caller, task), publicOrigin(c), logs), isTerminal(task.status) ? 200 : 202);
  },
);

liveRoutes.openapi(
  createRoute({
    method: "get",
    path: "/tencent-vod/v1/requests/{id}/status/stream",
    summary: "Status of a task as it changes, as server-sent events; ends when it is done",
    middleware: requireScope("read"),
    request: { params: id, query: statusQuery },
    responses: {
      200: { description: "Events", content: { "text/event-stream": { schema: z.string() } } },
      ...readErrors,
    },
  }),
  async (c) => {
    const services = c.get("services");
    const caller = c.get("caller");
    const { owner } = caller;
    const withLogs = c.req.valid("query").logs === true;
    const watch = await openWatch(services, owner, c.req.valid("param").id, recheckOf(c, "read"));
    if (!watch) throw notFound();
    const origin = publicOrigin(c);
    // The id of an event is the length of the history it has shown, so a reader that comes back misses no entry.
    let shown = Math.max(0, Number.parseInt(c.req.header("last-event-id") ?? "0", 10) || 0);
    c.header("x-fal-request-id", watch.first.id);
    // Nobody would read on: a stream that is watched for its headers alone must not stay.
    if (c.req.method === "HEAD") return c.body(null, 200, { "content-type": "text/event-stream" });
    const show = async (stream: SSEStreamingApi) => {
      for await (const task of watch.follow(HEARTBEAT_MS)) {
        if (stream.aborted) return;
        if (task === "idle") {
          await stream.write(": ping\n\n");
          continue;
        }
        const news = withLogs ? task.history.slice(shown) : null;
        shown = task.history.length;
        const data = JSON.stringify(renderStatus(seenBy(caller, task), origin, news));
        await stream.writeSSE({ id: String(shown), data });
      }
    };
    return streamSSE(c, async (stream) => {
      try {
        await show(stream);
      } catch (error) {
        // Its key was revoked. The stream ends; who asks again is told why.
        if (!(error instanceof ApiError)) throw error;
      }
    });
  },
);

liveRoutes.openapi(
  createRoute({
    method: "put",
    path: "/tencent-vod/v1/requests/{id}/cancel",
    summary: "Cancel a task",
    middleware: requireScope("submit"),
    request: { params: id },
    responses: { 202: answer("Canceled"), 400: answer("Too late"), ...readErrors },
  }),
  async (c) => {
    const { id: taskId } = c.req.valid("param");
    const outcome = await cancelTask(c.get("services"), c.get("caller").owner, taskId);
    switch (outcome) {
      case "canceled":
        c.header("x-fal-request-id", taskId);
        return c.json({ status: "CANCELLATION_REQUESTED", request_id: taskId }, 202);
      case "already_over":
        throw new ApiError("bad_request", "The task is over already.", {
          requestId: taskId,
          extra: { status: "ALREADY_COMPLETED" },
        });
      case "in_progress":
        throw new ApiError("bad_request", "The vendor is working on the task and cannot stop it.", {
          requestId: taskId,
          extra: { status: "IN_PROGRESS" },
        });
      case "not_found":
        throw notFound({ status: "NOT_FOUND" });
    }
  },
);
