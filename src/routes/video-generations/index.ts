import { createRoute } from "@hono/zod-openapi";
import type { Context } from "hono";
import * as z from "zod";
import { ApiError } from "../../http/api-error.ts";
import type { AppEnv } from "../../http/app-env.ts";
import { recheckOf, requireScope } from "../../http/auth.ts";
import { limitBody } from "../../http/body.ts";
import { answer, createRouter } from "../../http/openapi.ts";
import { waitMilliseconds } from "../../http/wait.ts";
import { readTask, type Task } from "../../tasks/read.ts";
import { isTerminal } from "../../tasks/state.ts";
import { waitUntilOver } from "../../tasks/watch.ts";
import { dryRunAnswer } from "../dry-run.ts";
import { submitDraft } from "../submission.ts";
import { seenBy } from "../seen-by.ts";
import { readGeneration } from "./generation.ts";
import { renderJob, renderSubmitted } from "./render.ts";
import { generationBody } from "./schema.ts";
import { locateIn, toVendorRequest } from "./translate.ts";

export { videoGenerationsDialect } from "./errors.ts";

/** The video generations dialect: seed 003, and the clients of the same path elsewhere. */
export const videoGenerationsRoutes = createRouter();

const submitted = z.object({
  id: z.uuid(),
  task_id: z.uuid(),
  object: z.literal("video.generation.job"),
  model: z.string(),
  status: z.literal("queued"),
  progress: z.literal(0),
  created_at: z.int(),
});

videoGenerationsRoutes.openapi(
  createRoute({
    method: "post",
    path: "/v1/video/generations",
    summary: "Generate a video with Vidu, or any model of the catalogue",
    middleware: [requireScope("submit"), limitBody] as const,
    request: { body: { required: true, content: { "application/json": { schema: generationBody } } } },
    responses: {
      200: answer("Accepted; with ?dry_run=1, what would be sent", z.union([submitted, dryRunAnswer])),
      400: answer("Refused"),
    },
  }),
  async (c) => {
    const generation = readGeneration(c.req.valid("json"));
    const { model } = c.req.valid("json");
    const submission = await submitDraft(c, {
      dialect: "video-generations",
      action: "CreateAigcVideoTask",
      request: toVendorRequest(generation),
      clientModel: model,
      doubts: generation.doubts,
      locate: locateIn(generation),
    });
    if (submission.kind === "dry_run") return c.json(submission.answer, 200);
    return c.json(renderSubmitted(submission, model), 200);
  },
);

videoGenerationsRoutes.openapi(
  createRoute({
    method: "get",
    path: "/v1/video/generations/{id}",
    summary: "A video generation. Waits for its end with ?wait= or Prefer: wait=",
    middleware: requireScope("read"),
    request: { params: z.object({ id: z.string() }) },
    responses: { 200: answer("The job"), 404: answer("No such job"), 410: answer("Its content was removed") },
  }),
  async (c) => {
    const { id } = c.req.valid("param");
    const waitMs = waitMilliseconds(c);
    let task = await ownTask(c, id);
    if (waitMs > 0 && !isTerminal(task.status)) {
      await waitUntilOver(c.get("services"), c.get("caller").owner, id, waitMs, recheckOf(c, "read"));
      task = await ownTask(c, id);
    }
    return c.json(renderJob(task), 200);
  },
);

async function ownTask(c: Context<AppEnv>, id: string): Promise<Task> {
  const task = await readTask(c.get("services"), c.get("caller").owner, id);
  if (!task) throw new ApiError("not_found", "There is no task with this id.");
  if (task.deletedAt !== null)
    throw new ApiError("gone", "The content of this task was removed.", { requestId: task.id });
  return seenBy(c.get("caller"), task);
}
