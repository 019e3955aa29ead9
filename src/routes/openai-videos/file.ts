import type { Task } from "../../tasks/read.ts";

/** A file that never expires carries the vendor's zero date, which is no time at all, or the last day of the calendar. */
const NEVER_MS = Date.UTC(9999, 0, 1);

export type VideoFile = {
  url: string;
  /** Milliseconds; undefined for a file that stays. */
  expiresAt?: number;
  durationSeconds?: number;
  /** `1280x720`. */
  size?: string;
};

/** The first file of a finished task that can be fetched; undefined while there is none. */
export function videoFile(task: Task): VideoFile | undefined {
  const file = task.vendorTask?.Output?.FileInfos?.find(({ FileUrl }) => FileUrl);
  if (!file?.FileUrl) return undefined;
  const { Width: width, Height: height, Duration: duration } = file.MetaData ?? {};
  const expiresAt = Date.parse(file.ExpireTime ?? "");
  return {
    url: file.FileUrl,
    ...(expiresAt > 0 && expiresAt < NEVER_MS && { expiresAt }),
    ...(duration && { durationSeconds: duration }),
    ...(width && height && { size: `${width}x${height}` }),
  };
}
