import type { Outline } from "../../tasks/outline.ts";
import { failureOf, type Task } from "../../tasks/read.ts";
import { isTerminal } from "../../tasks/state.ts";
import { modelId } from "../../vod/catalogue/index.ts";
import { jobStatus } from "../job-status.ts";
import { mediaFiles, procedureMembers } from "../media-files.ts";
import { videoFile } from "./file.ts";
import { sizeText } from "./size-text.ts";

/** Seconds, as this dialect's clients expect. */
const seconds = (ms: number) => Math.floor(ms / 1000);

/** A video job that has just been accepted. */
export function renderAccepted(task: {
  id: string;
  createdAt: number;
  model: string;
  outline: Outline;
  parentId?: string | undefined;
}) {
  return {
    id: task.id,
    object: "video" as const,
    created_at: seconds(task.createdAt),
    completed_at: null,
    expires_at: null,
    status: "queued" as const,
    model: task.model,
    progress: 0,
    prompt: task.outline.prompt ?? null,
    seconds: secondsText(task.outline.durationSeconds),
    size: sizeText(task.outline),
    remixed_from_video_id: task.parentId ?? null,
    error: null,
  };
}

/** The job as it is now. A length and size that nobody asked for are the file's own, once there is one. */
export function renderVideo(task: Task) {
  const { createdAt, outline } = task;
  const file = task.status === "succeeded" ? videoFile(task) : undefined;
  const accepted = renderAccepted({
    id: task.id,
    createdAt,
    model: modelOf(task),
    outline,
    parentId: task.parentId ?? undefined,
  });
  return {
    ...accepted,
    completed_at: task.finishedAt === null ? null : seconds(task.finishedAt),
    expires_at: file?.expiresAt === undefined ? null : seconds(file.expiresAt),
    status: jobStatus(task),
    progress: task.status === "succeeded" ? 100 : (task.vendorTask?.Progress ?? 0),
    seconds: accepted.seconds ?? secondsText(file?.durationSeconds),
    size: accepted.size ?? file?.size ?? null,
    error: isTerminal(task.status) && task.status !== "succeeded" ? failureOf(task) : null,
    ...(file && furtherMembers(task)),
  };
}

/** What OpenAI has no word for: of 3D, several files with what each is for; and what went on with them at the vendor. */
function furtherMembers({ vendorTask, media }: Task) {
  if (!vendorTask) return {};
  const files = mediaFiles(vendorTask, media);
  const several = files.some(({ usage_type }) => usage_type !== undefined);
  return { ...(several && { files }), ...procedureMembers(vendorTask) };
}

/** A name that a create of this dialect would take. */
export function modelOf(task: Pick<Task, "model" | "modelName" | "modelVersion">): string {
  const named = task.model !== task.modelName;
  return named ? task.model : modelId({ ModelName: task.modelName, ModelVersion: task.modelVersion });
}

function secondsText(duration: number | undefined): string | null {
  return duration === undefined ? null : String(duration);
}
