import { createRoute } from "@hono/zod-openapi";
import * as z from "zod";
import { ApiError } from "../../http/api-error.ts";
import { requireScope } from "../../http/auth.ts";
import { moreToRemove } from "../../http/unavailable.ts";
import { queryFlag } from "../../http/query-flag.ts";
import { answer, createRouter } from "../../http/openapi.ts";
import { listVideos } from "../../tasks/list.ts";
import { eraseTask } from "../../tasks/erase.ts";
import { isTerminal } from "../../tasks/state.ts";
import { isTaskId } from "../../tasks/task-id.ts";
import { seenBy } from "../seen-by.ts";
import { noSuchVideo, ownVideo } from "./own-video.ts";
import { hintPoll } from "./poll-hint.ts";
import { renderVideo } from "./render.ts";

const LIST_LIMIT_DEFAULT = 20;
const LIST_LIMIT_MAX = 100;

/** Videos that are there. */
export const videoRoutes = createRouter();

const id = z.object({ id: z.string() });
const limitError = { error: `Use 1 to ${LIST_LIMIT_MAX}.` };

videoRoutes.openapi(
  createRoute({
    method: "get",
    path: "/v1/videos",
    summary: "Your videos",
    middleware: requireScope("read"),
    request: {
      query: z.object({
        limit: z.coerce
          .number(limitError)
          .int(limitError)
          .min(1, limitError)
          .max(LIST_LIMIT_MAX, limitError)
          .default(LIST_LIMIT_DEFAULT),
        after: z
          .string()
          .refine((text) => text === "" || isTaskId(text), { error: "Use the last_id of the page before." })
          .optional(),
        order: z.enum(["asc", "desc"], { error: "Use asc or desc." }).default("desc"),
      }),
    },
    responses: { 200: answer("A page"), 400: answer("Refused") },
  }),
  async (c) => {
    const { limit, after, order } = c.req.valid("query");
    const { owner } = c.get("caller");
    const page = await listVideos(c.get("services"), { owner, limit, order, after: after || undefined });
    const data = page.tasks.map((task) => renderVideo(seenBy(c.get("caller"), task)));
    const [first, last] = [data[0], data.at(-1)];
    return c.json(
      { object: "list", data, first_id: first?.id ?? null, last_id: last?.id ?? null, has_more: page.hasMore },
      200,
    );
  },
);

videoRoutes.openapi(
  createRoute({
    method: "get",
    path: "/v1/videos/{id}",
    summary: "A video",
    middleware: requireScope("read"),
    request: { params: id },
    responses: { 200: answer("The video"), 404: answer("No such video") },
  }),
  async (c) => {
    const task = await ownVideo(c, c.req.valid("param").id);
    if (!isTerminal(task.status)) hintPoll(c, task.createdAt);
    return c.json(renderVideo(task), 200);
  },
);

videoRoutes.openapi(
  createRoute({
    method: "delete",
    path: "/v1/videos/{id}",
    summary: "Remove a finished video",
    middleware: requireScope("submit"),
    request: { params: id, query: z.object({ remixes: z.string().optional() }) },
    responses: { 200: answer("Removed"), 400: answer("Not finished yet"), 404: answer("No such video") },
  }),
  async (c) => {
    const { id: videoId } = await ownVideo(c, c.req.valid("param").id);
    const remixes = queryFlag(c, "remixes");
    const erased = await eraseTask(c.get("services"), c.get("caller").owner, videoId, { remixes });
    switch (erased.kind) {
      case "erased": {
        const body = { id: videoId, deleted: true, object: "video.deleted" };
        return c.json({ ...body, ...(remixes && { remixes: erased.remixes }) }, 200);
      }
      case "not_over": {
        const message =
          erased.id === videoId
            ? "The video is not finished; wait until it is."
            : `Video ${erased.id}, a remix of this one, is not finished; nothing was removed.`;
        throw new ApiError({ vendor: "video_not_finished", status: 400 }, message, {
          requestId: videoId,
          headers: { "x-should-retry": "false" },
        });
      }
      case "more":
        throw moreToRemove(erased.remixes, videoId);
      case "not_found":
        throw noSuchVideo();
    }
  },
);
