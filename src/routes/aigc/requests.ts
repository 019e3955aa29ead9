import { createRoute } from "@hono/zod-openapi";
import type { Context } from "hono";
import * as z from "zod";
import { ApiError } from "../../http/api-error.ts";
import type { AppEnv } from "../../http/app-env.ts";
import { recheckOf, requireScope } from "../../http/auth.ts";
import { moreToRemove } from "../../http/unavailable.ts";
import { queryFlag } from "../../http/query-flag.ts";
import { answer, createRouter } from "../../http/openapi.ts";
import { publicOrigin } from "../../http/urls.ts";
import { waitMilliseconds } from "../../http/wait.ts";
import { waitUntilOver } from "../../tasks/watch.ts";
import { listTasks } from "../../tasks/list.ts";
import { readTask, requestToShow, type Task } from "../../tasks/read.ts";
import { eraseTask } from "../../tasks/erase.ts";
import { isTerminal, statusesNamed } from "../../tasks/state.ts";
import { isTaskId } from "../../tasks/task-id.ts";
import { PENDING_DETAIL, renderListed, renderResult } from "./render.ts";
import { readErrors } from "./responses.ts";
import { seenBy } from "../seen-by.ts";
import { renderTaskDetail } from "../vendor-shape.ts";

const LIST_LIMIT_DEFAULT = 20;
const LIST_LIMIT_MAX = 100;

/** Reading tasks: result, status, list, and the vendor's own shape. */
export const requestRoutes = createRouter();

const id = z.object({ id: z.string() });
const read = { middleware: requireScope("read") };

requestRoutes.openapi(
  createRoute({
    ...read,
    method: "get",
    path: "/tencent-vod/v1/requests/{id}",
    summary: "Result of a task. Waits for it with ?wait= or Prefer: wait=",
    request: { params: id },
    responses: { 200: answer("The result"), 400: answer("Not finished yet"), ...readErrors },
  }),
  async (c) => {
    const { id: taskId } = c.req.valid("param");
    let task = await ownTask(c, taskId);
    const waitMs = waitMilliseconds(c);
    if (waitMs > 0 && !isTerminal(task.status)) {
      await waitUntilOver(c.get("services"), c.get("caller").owner, taskId, waitMs, recheckOf(c, "read"));
      task = await ownTask(c, taskId);
    }
    c.header("x-fal-request-id", task.id);
    if (!isTerminal(task.status)) return c.json({ detail: PENDING_DETAIL }, 400);
    return c.json(renderResult(task), 200);
  },
);

/** The paths that clients of these submissions poll elsewhere, and the kind of task each shows; undefined for both. */
const DETAIL_PATHS = {
  "/tencent-vod/v1/query/{id}": undefined,
  "/tencent-vod/v1/aigc-video/{id}": "video",
  "/tencent-vod/v1/aigc-image/{id}": "image",
} as const satisfies Record<string, Task["media"] | undefined>;

for (const [path, media] of Object.entries(DETAIL_PATHS)) {
  const route = createRoute({
    ...read,
    method: "get",
    path,
    summary: `${media === undefined ? "A" : media === "video" ? "A video" : "An image"} task in the vendor's DescribeTaskDetail shape`,
    request: { params: id },
    responses: { 200: answer("The task"), ...readErrors },
  });
  requestRoutes.openapi(route, async (c) => {
    const { id: taskId } = c.req.valid("param");
    const task = await ownTask(c, taskId, media);
    return c.json(renderTaskDetail(task, await requestToShow(c.get("services"), c.get("caller").owner, task)), 200);
  });
}

const time = z.iso
  .datetime({ offset: true, error: "Use an ISO 8601 time, e.g. 2026-11-21T08:00:00Z." })
  .transform((text) => Date.parse(text));

const listQuery = z.object({
  status: z
    .string()
    .transform(statusesNamed)
    .refine((statuses) => statuses !== undefined, {
      error:
        "Use IN_QUEUE, IN_PROGRESS, COMPLETED, or queued, submitting, unknown, running, succeeded, failed, canceled, expired.",
    })
    .optional(),
  model_name: z.string().min(1).optional(),
  session_id: z.string().min(1).optional(),
  created_from: time.optional(),
  created_to: time.optional(),
  cursor: z.string().refine(isTaskId, { error: "Use the next_cursor of the page before." }).optional(),
  limit: z.coerce
    .number({ error: `Use 1 to ${LIST_LIMIT_MAX}.` })
    .int()
    .min(1)
    .max(LIST_LIMIT_MAX, { error: `Use 1 to ${LIST_LIMIT_MAX}.` })
    .default(LIST_LIMIT_DEFAULT),
});

requestRoutes.openapi(
  createRoute({
    ...read,
    method: "get",
    path: "/tencent-vod/v1/requests",
    summary: "Your tasks, newest first",
    request: { query: listQuery },
    responses: { 200: answer("A page"), ...readErrors },
  }),
  async (c) => {
    const query = c.req.valid("query");
    const page = await listTasks(c.get("services"), {
      owner: c.get("caller").owner,
      statuses: query.status,
      modelName: query.model_name,
      sessionId: query.session_id,
      createdFrom: query.created_from,
      createdTo: query.created_to,
      cursor: query.cursor,
      limit: query.limit,
    });
    const origin = publicOrigin(c);
    const requests = page.tasks.map((task) => renderListed(seenBy(c.get("caller"), task), origin));
    return c.json({ requests, next_cursor: page.nextCursor ?? null }, 200);
  },
);

requestRoutes.openapi(
  createRoute({
    method: "delete",
    path: "/tencent-vod/v1/requests/{id}",
    summary: "Remove the content of a finished task; a tombstone stays",
    middleware: requireScope("submit"),
    request: { params: id, query: z.object({ remixes: z.string().optional() }) },
    responses: { 200: answer("Removed"), 400: answer("Not finished yet"), ...readErrors },
  }),
  async (c) => {
    const { id: taskId } = c.req.valid("param");
    const remixes = queryFlag(c, "remixes");
    const erased = await eraseTask(c.get("services"), c.get("caller").owner, taskId, { remixes });
    switch (erased.kind) {
      case "erased":
        return c.json({ request_id: taskId, deleted: true, ...(remixes && { remixes: erased.remixes }) }, 200);
      case "not_over": {
        const message =
          erased.id === taskId
            ? "The task is not finished; cancel it first."
            : `Task ${erased.id}, which was made from this one, is not finished; nothing was removed.`;
        throw new ApiError("bad_request", message, { requestId: taskId });
      }
      case "more":
        throw moreToRemove(erased.remixes, taskId);
      case "not_found":
        throw new ApiError("not_found", "There is no task with this id.");
    }
  },
);

/** The caller's task with its content; only of this kind, if one is given. */
async function ownTask(c: Context<AppEnv>, taskId: string, media?: Task["media"]): Promise<Task> {
  const task = await readTask(c.get("services"), c.get("caller").owner, taskId);
  if (!task || (media !== undefined && task.media !== media))
    throw new ApiError("not_found", "There is no task with this id.");
  if (task.deletedAt !== null)
    throw new ApiError("gone", "The content of this task was removed.", { requestId: task.id });
  return seenBy(c.get("caller"), task);
}
