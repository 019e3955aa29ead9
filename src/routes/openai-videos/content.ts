import { createRoute } from "@hono/zod-openapi";
import type { Context } from "hono";
import * as z from "zod";
import { ApiError } from "../../http/api-error.ts";
import type { AppEnv } from "../../http/app-env.ts";
import { recheckOf, requireScope } from "../../http/auth.ts";
import { answer, createRouter } from "../../http/openapi.ts";
import { openMedia } from "../../tasks/media.ts";
import { failureOf, type Task } from "../../tasks/read.ts";
import { isTerminal } from "../../tasks/state.ts";
import { statusOfFailure } from "../../vod/errors.ts";
import { type VideoFile, videoFile } from "./file.ts";
import { hintPoll } from "./poll-hint.ts";
import { ownVideo } from "./own-video.ts";

const PASSED_HEADERS = ["accept-ranges", "content-length", "content-range", "etag", "last-modified"];

/** Types that a browser does not run; any other is passed as bytes, because it would run in the gateway's origin. */
const HARMLESS_TYPE = /^(video|image|audio)\/(?!svg)[\w.+-]+$/;

const NO_RETRY = { "x-should-retry": "false" };

/** The finished file itself. */
export const contentRoutes = createRouter();

contentRoutes.openapi(
  createRoute({
    method: "get",
    path: "/v1/videos/{id}/content",
    summary: "The finished video's bytes",
    middleware: requireScope("read"),
    request: {
      params: z.object({ id: z.string() }),
      query: z.object({ variant: z.string().optional() }),
      headers: z.object({ range: z.string().optional() }),
    },
    responses: {
      200: { description: "The file", content: { "video/mp4": { schema: { type: "string", format: "binary" } } } },
      206: {
        description: "The part asked for",
        content: { "video/mp4": { schema: { type: "string", format: "binary" } } },
      },
      400: answer("Not finished yet"),
      404: answer("No such video, or no such variant"),
      410: answer("The vendor has removed the file"),
      502: answer("The vendor's file host did not deliver it"),
    },
  }),
  async (c) => {
    const task = await ownVideo(c, c.req.valid("param").id);
    const { variant = "video" } = c.req.valid("query");
    if (variant !== "video") {
      const message = `There is no variant ${JSON.stringify(variant)} of a video here, only "video".`;
      throw new ApiError("not_found", message, { requestId: task.id, headers: NO_RETRY });
    }
    return deliver(c, task, fileOf(c, task));
  },
);

/** @throws {ApiError} why there is no file; never one that makes clients ask again at once */
function fileOf(c: Context<AppEnv>, task: Task): VideoFile {
  const requestId = task.id;
  if (!isTerminal(task.status)) {
    hintPoll(c, task.createdAt);
    const message = "The video is not finished. Retrieve it until its status is completed.";
    throw new ApiError({ vendor: "video_not_finished", status: 400 }, message, { requestId, headers: NO_RETRY });
  }
  if (task.status !== "succeeded") {
    const { code, message } = failureOf(task);
    throw new ApiError({ vendor: code, status: statusOfFailure(code) }, message, { requestId, headers: NO_RETRY });
  }
  const file = videoFile(task);
  const over = file?.expiresAt !== undefined && file.expiresAt <= c.get("services").deps.now();
  if (!file || over) throw gone(requestId);
  return file;
}

function gone(requestId: string): ApiError {
  const message = "The vendor no longer has this file; it keeps temporary ones for seven days.";
  return new ApiError("gone", message, { requestId, headers: NO_RETRY });
}

async function deliver(c: Context<AppEnv>, task: Task, file: VideoFile): Promise<Response> {
  const range = c.req.header("range");
  const recheck = recheckOf(c, "read");
  const media = await openMedia(c.get("services"), { taskId: task.id, url: file.url, range, recheck });
  if (media.kind === "gone") throw gone(task.id);
  if (media.kind === "failed") {
    const message = "The vendor's file host did not deliver the file; try again.";
    throw new ApiError({ vendor: "media_unavailable", status: 502 }, message, { requestId: task.id });
  }
  const { status, body, headers } = media.response;
  // Without parameters: they say nothing of a file, and some readers take for a type what stands in them.
  const type = (headers.get("content-type") ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  for (const name of PASSED_HEADERS) {
    const value = headers.get(name);
    if (value !== null) c.header(name, value);
  }
  c.header("content-type", HARMLESS_TYPE.test(type) ? type : "application/octet-stream");
  c.header("content-disposition", `attachment; filename="${task.id}${extensionOf(file.url)}"`);
  c.header("cache-control", "private, no-store");
  // Nobody reads the body of an answer to HEAD: the vendor's host would go on sending it.
  if (c.req.method === "HEAD") await body?.cancel();
  return c.body(c.req.method === "HEAD" ? "" : (body ?? ""), status as 200);
}

/** `.mp4`, if the URL ends in something like it. */
function extensionOf(url: string): string {
  return /\.\w{2,4}$/.exec(URL.parse(url)?.pathname ?? "")?.[0] ?? "";
}
