import type { Context } from "hono";
import { ApiError } from "../../http/api-error.ts";
import type { AppEnv } from "../../http/app-env.ts";
import { readTask, type Task } from "../../tasks/read.ts";
import { seenBy } from "../seen-by.ts";

/** The caller's task. One whose content was removed is not found, as OpenAI has it. @throws {ApiError} `not_found` */
export async function ownVideo(c: Context<AppEnv>, id: string): Promise<Task> {
  const task = await readTask(c.get("services"), c.get("caller").owner, id);
  if (!task || task.deletedAt !== null) throw noSuchVideo();
  return seenBy(c.get("caller"), task);
}

export function noSuchVideo(): ApiError {
  return new ApiError("not_found", "There is no video with this id.");
}
