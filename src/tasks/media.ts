import { log } from "../log.ts";
import type { Services } from "../services.ts";
import { fetchMedia, type MediaResult } from "../vod/media.ts";

/** Opens a finished task's file for its client. The URL may be all it takes to read the file: it is never logged. */
export async function openMedia(
  { deps }: Services,
  file: { taskId: string; url: string; range: string | undefined },
): Promise<MediaResult> {
  const result = await fetchMedia(deps, file.url, file.range);
  if (result.kind === "failed") log("error", "media.failed", { request_id: file.taskId, reason: result.reason });
  return result;
}
