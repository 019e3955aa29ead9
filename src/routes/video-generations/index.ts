import { createRoute } from "@hono/zod-openapi";
import * as z from "zod";
import { ApiError } from "../../http/api-error.ts";
import { requireScope } from "../../http/auth.ts";
import { limitBody } from "../../http/body.ts";
import { answer, createRouter } from "../../http/openapi.ts";
import { readTask } from "../../tasks/read.ts";
import { submitDraft } from "../submission.ts";
import { renderJob, renderSubmitted } from "./render.ts";
import { generationBody } from "./schema.ts";
import { toVendorRequest } from "./translate.ts";

export { videoGenerationsDialect } from "./errors.ts";

/** The video generations dialect: seed 003. */
export const videoGenerationsRoutes = createRouter();

videoGenerationsRoutes.openapi(
  createRoute({
    method: "post",
    path: "/v1/video/generations",
    summary: "Generate a video with Vidu",
    middleware: [requireScope("submit"), limitBody] as const,
    request: { body: { required: true, content: { "application/json": { schema: generationBody } } } },
    responses: { 200: answer("Accepted"), 400: answer("Refused") },
  }),
  async (c) => {
    const body = c.req.valid("json");
    const task = await submitDraft(c, {
      dialect: "video-generations",
      action: "CreateAigcVideoTask",
      request: toVendorRequest(body),
      clientModel: body.model,
    });
    return c.json(renderSubmitted(task, body.model), 200);
  },
);

videoGenerationsRoutes.openapi(
  createRoute({
    method: "get",
    path: "/v1/video/generations/{id}",
    summary: "A video generation",
    middleware: requireScope("read"),
    request: { params: z.object({ id: z.string() }) },
    responses: { 200: answer("The job"), 404: answer("No such job") },
  }),
  async (c) => {
    const task = await readTask(c.get("services"), c.get("caller").owner, c.req.valid("param").id);
    if (!task) throw new ApiError("not_found", "There is no task with this id.");
    if (task.deletedAt !== null)
      throw new ApiError("gone", "The content of this task was removed.", { requestId: task.id });
    return c.json(renderJob(task), 200);
  },
);
