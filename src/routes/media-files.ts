import type { VendorOutputFile, VendorTask } from "../vod/tasks.ts";

const TYPE_OF_EXTENSION = new Map(
  Object.entries({
    mp4: "video/mp4",
    mov: "video/quicktime",
    webm: "video/webm",
    png: "image/png",
    jpg: "image/jpeg",
    jpeg: "image/jpeg",
    webp: "image/webp",
    gif: "image/gif",
    glb: "model/gltf-binary",
  }),
);

/** A produced file, in fal's words. What the vendor does not tell is null. */
export type MediaFile = {
  url: string;
  content_type: string;
  width: number | null;
  height: number | null;
  duration?: number | null;
  fps?: number | null;
  file_id?: string;
  expires_at?: string;
};

/** The files of a finished task. */
export function mediaFiles(task: VendorTask, media: "video" | "image"): MediaFile[] {
  return (task.Output?.FileInfos ?? []).map((file) => mediaFile(file, media));
}

function mediaFile(file: VendorOutputFile, media: "video" | "image"): MediaFile {
  const meta = file.MetaData;
  const stream = meta?.VideoStreamSet?.[0];
  const url = file.FileUrl ?? "";
  return {
    url,
    content_type: contentType(url, file.FileType, media),
    width: meta?.Width || stream?.Width || null,
    height: meta?.Height || stream?.Height || null,
    ...(media === "video" && { duration: meta?.Duration || null, fps: stream?.Fps || null }),
    ...(file.FileId && { file_id: file.FileId }),
    // A file that never expires carries the vendor's zero date.
    ...(file.ExpireTime && !file.ExpireTime.startsWith("0000") && { expires_at: file.ExpireTime }),
  };
}

function contentType(url: string, fileType: string | null | undefined, media: "video" | "image"): string {
  const path = URL.parse(url)?.pathname ?? url;
  const extension = (fileType || path.split(".").at(-1) || "").toLowerCase();
  return TYPE_OF_EXTENSION.get(extension) ?? (media === "video" ? "video/mp4" : "image/png");
}
