import type { Task } from "../../tasks/read.ts";
import { isTerminal } from "../../tasks/state.ts";

/** Seconds, as this dialect's clients expect. */
const seconds = (ms: number) => Math.floor(ms / 1000);

/** Exactly the seed's answer to a submission. */
export function renderSubmitted(task: { taskId: string; createdAt: number }, model: string) {
  return {
    id: task.taskId,
    task_id: task.taskId,
    object: "video.generation.job" as const,
    model,
    status: "queued" as const,
    progress: 0,
    created_at: seconds(task.createdAt),
  };
}

/** The job as it is now, with the file's URL once there is one. */
export function renderJob(task: Task) {
  const url = task.vendorTask?.Output?.FileInfos?.[0]?.FileUrl ?? null;
  const done = isTerminal(task.status);
  return {
    id: task.id,
    task_id: task.id,
    object: "video.generation.job",
    model: task.model,
    status: jobStatus(task),
    progress: done ? 100 : 0,
    created_at: seconds(task.createdAt),
    completed_at: task.finishedAt === null ? null : seconds(task.finishedAt),
    url: task.status === "succeeded" ? url : null,
    error: done && task.status !== "succeeded" ? errorOf(task) : null,
  };
}

function jobStatus(task: Task): "queued" | "in_progress" | "completed" | "failed" {
  if (task.status === "succeeded") return "completed";
  if (isTerminal(task.status)) return "failed";
  return task.status === "queued" || task.status === "submitting" ? "queued" : "in_progress";
}

function errorOf(task: Task) {
  return task.failure ?? { code: task.status, message: `The task was ${task.status}.` };
}
