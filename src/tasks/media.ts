import { log } from "../log.ts";
import type { Services } from "../services.ts";
import { fetchMedia, type MediaResult } from "../vod/media.ts";

/**
 * Opens a finished task's file for its client. The URL may be all it takes to read the file: it is never logged.
 * @param file.recheck throws once the client may read no more
 */
export async function openMedia(
  { deps, config }: Services,
  file: { taskId: string; url: string; range: string | undefined; recheck: () => Promise<void> },
): Promise<MediaResult> {
  const failed = (reason: string) => log("error", "media.failed", { request_id: file.taskId, reason });
  const limits = { ...config.media, recheck: file.recheck, onCut: failed };
  const result = await fetchMedia(deps, file.url, file.range, limits);
  if (result.kind === "failed") failed(result.reason);
  return result;
}
