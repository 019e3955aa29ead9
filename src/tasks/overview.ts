import type { TaskSummary } from "../store/list-tasks.ts";
import { plainFailure } from "../vod/plain-words.ts";
import { type CreateAction, mediaOf } from "../vod/requests.ts";
import type { TaskFailure, TaskStatus } from "./contract.ts";
import { type Outline, readOutline } from "./outline.ts";

/** A task as a list shows it. Times are milliseconds. */
export type TaskOverview = {
  id: string;
  action: CreateAction;
  media: "video" | "image";
  /** As the client named it. */
  model: string;
  modelName: string;
  modelVersion: string;
  status: TaskStatus;
  priority: number;
  sessionId: string | null;
  sessionContext: string | null;
  /** The task that this one was made from. */
  parentId: string | null;
  outline: Outline;
  failure?: TaskFailure;
  /** In the vendor's own words, where those are about the gateway's account: for admins only. */
  original?: { failure?: TaskFailure };
  createdAt: number;
  submittedAt: number | null;
  finishedAt: number | null;
  /** When its client had the content removed. */
  deletedAt: number | null;
};

/** A row, whole or in part, in the words of this layer. */
export function overviewOf(row: TaskSummary): TaskOverview {
  const action = row.action as CreateAction;
  return {
    id: row.id,
    action,
    media: mediaOf(action),
    model: row.client_model ?? row.model_name,
    modelName: row.model_name,
    modelVersion: row.model_version,
    status: row.status,
    priority: row.priority,
    sessionId: row.session_id,
    sessionContext: row.session_context,
    parentId: row.parent_id,
    outline: readOutline(row.outline),
    ...failureMembers(row),
    createdAt: row.created_at,
    submittedAt: row.submitted_at,
    finishedAt: row.finished_at,
    deletedAt: row.deleted_at,
  };
}

function failureMembers({ id, error_code: code, error_message: message }: TaskSummary) {
  if (code === null) return {};
  const told = { code, message: message ?? "" };
  const failure = plainFailure(told, id);
  return failure === told ? { failure } : { failure, original: { failure: told } };
}

/** Why a terminal task has no result. */
export function failureOf(task: TaskOverview): TaskFailure {
  return task.failure ?? { code: task.status, message: `The task was ${task.status}.` };
}
