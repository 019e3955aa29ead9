import { failureOf, type Task } from "../../tasks/read.ts";
import { isTerminal } from "../../tasks/state.ts";
import { mainFile, mediaFiles, procedureMembers } from "../media-files.ts";
import { renderTaskDetail } from "../vendor-shape.ts";
import { jobStatus } from "../job-status.ts";

/** Seconds, as this dialect's clients expect. */
const seconds = (ms: number) => Math.floor(ms / 1000);
/** new-api's way to say "not yet". */
const secondsOrZero = (ms: number | null) => (ms === null ? 0 : seconds(ms));

/** Exactly the seed's answer to a submission. */
export function renderSubmitted(task: { taskId: string; createdAt: number }, model: string) {
  return {
    id: task.taskId,
    task_id: task.taskId,
    object: "video.generation.job" as const,
    model,
    status: "queued" as const,
    progress: 0 as const,
    created_at: seconds(task.createdAt),
  };
}

const STATUS = {
  queued: { flat: "queued", enveloped: "QUEUED" },
  in_progress: { flat: "in_progress", enveloped: "IN_PROGRESS" },
  completed: { flat: "completed", enveloped: "SUCCESS" },
  failed: { flat: "failed", enveloped: "FAILURE" },
} as const;

/**
 * The job as it is now, for every client known to read this path: the flat job of seed 003's relatives, and new-api's
 * envelope beside it. Where one name means two things, docs/decisions/0021-read-superset.md says which is here.
 */
export function renderJob(task: Task) {
  const { flat, enveloped } = STATUS[jobStatus(task)];
  const done = isTerminal(task.status);
  const files = task.status === "succeeded" && task.vendorTask ? mediaFiles(task.vendorTask, task.media) : [];
  const file = mainFile(files);
  const url = file?.url || null;
  const error = done && task.status !== "succeeded" ? failureOf(task) : null;
  const about = file && {
    width: file.width,
    height: file.height,
    ...(task.media === "video" && { duration: file.duration, fps: file.fps }),
    seed: task.vendorTask?.Input?.Seed ?? null,
    ...(file.expires_at && { expires_at: file.expires_at }),
    // More than one, or one that says what it is for, is more than a video.
    ...(task.media === "video" && (files.length > 1 || file.usage_type) && { files }),
    ...procedureMembers(task.vendorTask),
  };
  const media = {
    url,
    // A part of a scene is none.
    video_url: task.media === "video" && !file?.usage_type ? url : null,
    format: file ? extensionOf(file.content_type) : null,
    metadata: about ? { url, ...about } : {},
    error,
  };
  return {
    id: task.id,
    task_id: task.id,
    object: "video.generation.job",
    model: task.model,
    status: flat,
    progress: done ? 100 : 0,
    created_at: seconds(task.createdAt),
    completed_at: task.finishedAt === null ? null : seconds(task.finishedAt),
    ...media,
    code: "success",
    message: "",
    data: {
      id: task.id,
      task_id: task.id,
      platform: "tencent-vod",
      action: task.action,
      status: enveloped,
      progress: done ? "100%" : "0%",
      result_url: url ?? "",
      fail_reason: error?.message ?? "",
      created_at: seconds(task.createdAt),
      updated_at: seconds(task.finishedAt ?? task.submittedAt ?? task.createdAt),
      submit_time: seconds(task.createdAt),
      start_time: secondsOrZero(task.submittedAt),
      finish_time: secondsOrZero(task.finishedAt),
      properties: { origin_model_name: task.model },
      // The client knows what it asked for; images within a request would make every poll as long as it was.
      data: renderTaskDetail(task, { ModelName: task.modelName, ModelVersion: task.modelVersion }),
      ...media,
    },
  };
}

/** `video/mp4` → `mp4`. */
function extensionOf(contentType: string): string {
  return contentType.split("/").at(-1) ?? "";
}
