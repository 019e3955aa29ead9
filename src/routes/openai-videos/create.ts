import { createRoute } from "@hono/zod-openapi";
import type { Context } from "hono";
import * as z from "zod";
import { ApiError } from "../../http/api-error.ts";
import type { AppEnv } from "../../http/app-env.ts";
import { requireScope } from "../../http/auth.ts";
import { limitBody } from "../../http/body.ts";
import { answer, createRouter } from "../../http/openapi.ts";
import { queryFlag } from "../../http/query-flag.ts";
import { stainlessRetry } from "../../http/stainless.ts";
import { outlineOfRequest } from "../../tasks/outline.ts";
import { readRequest } from "../../tasks/read.ts";
import { type DialectDraft, submitDraft } from "../submission.ts";
import { readBody } from "./form.ts";
import { ownVideo } from "./own-video.ts";
import { hintPoll } from "./poll-hint.ts";
import { modelOf, renderAccepted } from "./render.ts";
import { createBody, createForm, parseBody, remixBody } from "./schema.ts";
import { locate, toRemixRequest, toVendorRequest } from "./translate.ts";

/** New videos. The routes read their bodies themselves: one request has two content types, and a form a shape of its own. */
export const createRoutes = createRouter();

const submit = [requireScope("submit"), limitBody] as const;

createRoutes.openAPIRegistry.registerPath(
  createRoute({
    method: "post",
    path: "/v1/videos",
    summary: "Generate a video, as OpenAI's clients ask for it",
    request: {
      body: {
        required: true,
        content: { "application/json": { schema: createBody }, "multipart/form-data": { schema: createForm } },
      },
    },
    responses: { 200: answer("Accepted"), 400: answer("Refused"), 413: answer("The reference image is too large") },
  }),
);

createRoutes.post("/v1/videos", ...submit, async (c) => {
  const body = parseBody(createBody, await readBody(c));
  return accept(c, {
    dialect: "openai-videos",
    action: "CreateAigcVideoTask",
    request: toVendorRequest(body),
    clientModel: body.model,
  });
});

createRoutes.openAPIRegistry.registerPath(
  createRoute({
    method: "post",
    path: "/v1/videos/{id}/remix",
    summary: "Generate a video with the settings of another one and a new prompt",
    request: {
      params: z.object({ id: z.string() }),
      body: { required: true, content: { "application/json": { schema: remixBody } } },
    },
    responses: { 200: answer("Accepted"), 400: answer("Refused"), 404: answer("No such video") },
  }),
);

createRoutes.post("/v1/videos/:id/remix", ...submit, async (c) => {
  // It shows the request that the other video was made of.
  if (queryFlag(c, "dry_run") && !c.get("caller").scopes.has("read")) {
    throw new ApiError("forbidden", 'A dry run of a remix shows its source: this key does not have the scope "read".');
  }
  const source = await ownVideo(c, c.req.param("id"));
  const { prompt } = parseBody(remixBody, await readBody(c));
  if (source.media !== "video") {
    throw new ApiError("bad_request", "This task made an image; only videos can be remixed.", { requestId: source.id });
  }
  const request = await readRequest(c.get("services"), c.get("caller").owner, source.id);
  if (!request) {
    const message = "This video's request is not kept any more, so it cannot be remixed. Create a video instead.";
    throw new ApiError({ vendor: "video_request_not_kept", status: 400 }, message, { requestId: source.id });
  }
  return accept(c, {
    dialect: "openai-videos",
    action: source.action,
    request: toRemixRequest(request, prompt),
    clientModel: modelOf(source),
    parentId: source.id,
  });
});

type Draft = DialectDraft & { clientModel: string };

async function accept(c: Context<AppEnv>, draft: Draft): Promise<Response> {
  const submission = await submitDraft(c, { ...draft, locate, retry: stainlessRetry(c) });
  if (submission.kind === "dry_run") return c.json(submission.answer, 200);
  const { taskId: id, createdAt } = submission;
  hintPoll(c, createdAt);
  const { clientModel: model, parentId, request } = draft;
  return c.json(renderAccepted({ id, createdAt, model, outline: outlineOfRequest(request), parentId }), 200);
}
