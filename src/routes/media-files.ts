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
    gltf: "model/gltf+json",
    obj: "model/obj",
    stl: "model/stl",
    usdz: "model/vnd.usdz+zip",
    ply: "application/octet-stream",
    json: "application/json",
    zip: "application/zip",
  }),
);

/** Of a file that says nothing of itself. */
const UNKNOWN_TYPE = "application/octet-stream";

/** A produced file, in fal's words. What the vendor does not tell is null. */
export type MediaFile = {
  /** Absent for what is `content` only. */
  url?: string;
  content_type: string;
  width: number | null;
  height: number | null;
  duration?: number | null;
  fps?: number | null;
  file_id?: string;
  expires_at?: string;
  /** What it is for, where there are several, e.g. `mesh_url` or `position_info`. */
  usage_type?: string;
  /** What the vendor gives as text instead of a file, e.g. positions. */
  content?: string;
};

/** The files of a finished task, in the vendor's order. */
export function mediaFiles(task: VendorTask, media: "video" | "image"): MediaFile[] {
  return (task.Output?.FileInfos ?? []).map((file) => mediaFile(file, media));
}

/** The one to show where there is room for one: the first that can be fetched. */
export function mainFile<File extends { url?: string }>(files: readonly File[]): File | undefined {
  return files.find(({ url }) => url !== undefined) ?? files[0];
}

/** The vendor's tasks that went on with the files (`Procedure`), as a member of a result; none where there are none. */
export function procedureMembers(task: VendorTask | undefined): { procedure_task_ids?: string[] } {
  const ids = task?.Output?.ProcedureTaskIds ?? [];
  return ids.length > 0 ? { procedure_task_ids: ids } : {};
}

function mediaFile(file: VendorOutputFile, media: "video" | "image"): MediaFile {
  const meta = file.MetaData;
  const stream = meta?.VideoStreamSet?.[0];
  return {
    ...(file.FileUrl && { url: file.FileUrl }),
    content_type: contentType(file),
    width: meta?.Width || stream?.Width || null,
    height: meta?.Height || stream?.Height || null,
    ...(media === "video" && { duration: meta?.Duration || null, fps: stream?.Fps || null }),
    ...(file.FileId && { file_id: file.FileId }),
    // A file that never expires carries the vendor's zero date.
    ...(file.ExpireTime && !file.ExpireTime.startsWith("0000") && { expires_at: file.ExpireTime }),
    ...(file.UsageType && { usage_type: file.UsageType }),
    ...(file.FileContent && { content: file.FileContent }),
  };
}

/** By what the vendor calls it, its URL's ending, or its container; never by what a task of this kind usually makes. */
function contentType({ FileUrl, FileType, FileContent, MetaData }: VendorOutputFile): string {
  if (!FileUrl && FileContent) return /^\s*[[{]/.test(FileContent) ? "application/json" : "text/plain";
  const path = URL.parse(FileUrl ?? "")?.pathname ?? FileUrl ?? "";
  const containers = (MetaData?.Container ?? "").split(",");
  // `mov,mp4,…` is how the vendor writes the container of every MP4.
  const names = [FileType ?? "", path.split(".").at(-1) ?? "", ...(containers.includes("mp4") ? ["mp4"] : containers)];
  const known = names.map((name) => TYPE_OF_EXTENSION.get(name.trim().toLowerCase()));
  return known.find((type) => type !== undefined) ?? UNKNOWN_TYPE;
}
