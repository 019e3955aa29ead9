import { ApiError } from "../../http/api-error.ts";
import { taskUrls } from "../../http/urls.ts";
import { publicStatus } from "../../tasks/state.ts";
import { STARTUP_TIMEOUT } from "../../tasks/limits.ts";
import type { HistoryEntry, TaskState } from "../../tasks/watch.ts";
import { failureOf, type Task, type TaskOverview } from "../../tasks/read.ts";
import { statusOfFailure } from "../../vod/errors.ts";
import { renameMembers, toSnake } from "../../vod/names.ts";
import type { Accepted } from "../submission.ts";
import { mainFile, mediaFiles, procedureMembers } from "../media-files.ts";

/** The answer to an accepted submission: fal's members, plain ids, and the vendor's envelope, all naming one id. */
export function renderSubmitted({ taskId: id, queuePosition, warnings }: Accepted, origin: string) {
  return {
    status: "IN_QUEUE" as const,
    request_id: id,
    ...taskUrls(origin, id),
    logs: null,
    metrics: {},
    queue_position: queuePosition,
    id,
    task_id: id,
    Response: { TaskId: id, RequestId: id },
    ...(warnings.length > 0 && { warnings }),
  };
}

/**
 * fal's status body. A failure is `COMPLETED` with an error: its clients know no other final word.
 * @param entries what of the task's history to show; null for none
 */
export function renderStatus(task: TaskState, origin: string, entries: HistoryEntry[] | null) {
  const status = publicStatus(task.status);
  const logs = entries?.map(logOf) ?? null;
  const base = { status, request_id: task.id, ...taskUrls(origin, task.id), logs };
  if (status === "IN_QUEUE") return { ...base, queue_position: task.queuePosition ?? 0 };
  if (status === "IN_PROGRESS") return base;
  return { ...base, metrics: metricsOf(task), ...(task.status !== "succeeded" && errorMembers(failureOf(task))) };
}

function logOf(entry: HistoryEntry) {
  return { message: entry.message, level: "INFO", source: "USER", timestamp: new Date(entry.at).toISOString() };
}

function metricsOf(task: TaskOverview) {
  if (task.finishedAt === null || task.submittedAt === null) return {};
  return { inference_time: (task.finishedAt - task.submittedAt) / 1000 };
}

function errorMembers(failure: { code: string; message: string }) {
  return { error: failure.message, error_type: failure.code };
}

/** The result of a terminal task. @throws {ApiError} the task's failure */
export function renderResult(task: Task) {
  if (!task.vendorTask || task.failure) throw failureError(task);
  const files = mediaFiles(task.vendorTask, task.media);
  const seed = task.vendorTask.Input?.Seed;
  const usage = task.vendorTask.Output?.Usage;
  return {
    request_id: task.id,
    ...(task.media === "video" ? { video: mainFile(files) } : { image: mainFile(files) }),
    videos: task.media === "video" ? files : [],
    images: task.media === "image" ? files : [],
    ...(seed && { seed }),
    session_id: task.sessionId ?? "",
    session_context: task.sessionContext ?? "",
    ...procedureMembers(task.vendorTask),
    ...(usage && { usage: renameMembers(usage, toSnake) }),
  };
}

/** Word for word what fal's clients, and those of its imitators, compare. */
export const PENDING_DETAIL = "Request is still in progress";

/** A failed task as an error: the vendor's code and message, and never a status that clients repeat. */
function failureError(task: Task): ApiError {
  const { code, message } = failureOf(task);
  const late = code === STARTUP_TIMEOUT;
  return new ApiError({ vendor: code, status: late ? 504 : statusOfFailure(code) }, message, {
    requestId: task.id,
    headers: {
      "x-should-retry": "false",
      "x-fal-request-id": task.id,
      // Without it fal's client takes a 504 for the network's and repeats it.
      ...(late && { "x-fal-request-timeout-type": "user", "x-fal-error-type": code }),
    },
  });
}

/** A task in a list. */
export function renderListed(task: TaskOverview, origin: string) {
  return {
    request_id: task.id,
    status: publicStatus(task.status),
    state: task.status,
    media: task.media,
    model_name: task.modelName,
    model_version: task.modelVersion,
    session_id: task.sessionId ?? "",
    session_context: task.sessionContext ?? "",
    tasks_priority: task.priority,
    created_at: new Date(task.createdAt).toISOString(),
    finished_at: task.finishedAt === null ? null : new Date(task.finishedAt).toISOString(),
    ...(task.deletedAt !== null && { deleted_at: new Date(task.deletedAt).toISOString() }),
    ...taskUrls(origin, task.id),
    ...(task.failure && errorMembers(task.failure)),
  };
}
