import type { Services } from "../services.ts";
import type { TaskSummary } from "../store/list-tasks.ts";
import type { TaskFailure, TaskRow, TaskStatus } from "../store/types.ts";
import { type CreateAction, mediaOf, type VendorRequest, vendorRequest } from "../vod/requests.ts";
import { type VendorTask, vendorTask } from "../vod/tasks.ts";
import { type Outline, readOutline } from "./outline.ts";
import { HIGHEST_ID, isTaskId, lowestIdAt } from "./task-id.ts";

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
  createdAt: number;
  submittedAt: number | null;
  finishedAt: number | null;
  /** When its client had the content removed. */
  deletedAt: number | null;
};

/** A task with what the vendor made of it. */
export type Task = TaskOverview & { vendorTask?: VendorTask };

/** One task of this owner; undefined for anybody else's, and for an id that is none. */
export async function readTask({ store, finished }: Services, owner: string, id: string): Promise<Task | undefined> {
  if (!isTaskId(id)) return undefined;
  const known = finished.whole(owner, id);
  if (known) return taskOf(known);
  const row = await store.tasks.find(owner, id);
  if (!row) return undefined;
  finished.keep(row);
  return taskOf(row);
}

/** The request a task was made of, in the vendor's form. */
export async function readRequest({ store }: Services, id: string): Promise<VendorRequest> {
  return vendorRequest.parse(JSON.parse(await store.tasks.request(id)));
}

export type ListQuery = {
  owner: string;
  statuses?: TaskStatus[] | undefined;
  modelName?: string | undefined;
  sessionId?: string | undefined;
  /** Milliseconds; from inclusive, to exclusive. */
  createdFrom?: number | undefined;
  createdTo?: number | undefined;
  /** The last id of the page before. */
  cursor?: string | undefined;
  limit: number;
};

/** A page of an owner's tasks, newest first; `nextCursor` is there while there may be more. */
export async function listTasks(
  { store }: Services,
  query: ListQuery,
): Promise<{ tasks: TaskOverview[]; nextCursor?: string }> {
  const upper = query.createdTo === undefined ? HIGHEST_ID : lowestIdAt(query.createdTo);
  const page = await store.tasks.list({
    owner: query.owner,
    statuses: query.statuses,
    modelName: query.modelName,
    sessionId: query.sessionId,
    beforeId: query.cursor !== undefined && query.cursor < upper ? query.cursor : upper,
    afterId: lowestIdAt(query.createdFrom ?? 0),
    limit: query.limit,
  });
  const tasks = page.tasks.map(overviewOf);
  return page.nextBeforeId ? { tasks, nextCursor: page.nextBeforeId } : { tasks };
}

export type VideoQuery = {
  owner: string;
  /** The last id of the page before. */
  after?: string | undefined;
  order: "asc" | "desc";
  limit: number;
};

/** A page of an owner's video tasks, without those whose content was removed. */
export async function listVideos(
  { store }: Services,
  query: VideoQuery,
): Promise<{ tasks: TaskOverview[]; hasMore: boolean }> {
  const { tasks, hasMore } = await store.tasks.listVideos(query);
  return { tasks: tasks.map(overviewOf), hasMore };
}

/** A row in the words of this layer. */
export function taskOf(row: TaskRow): Task {
  const overview = overviewOf(row);
  return row.result === null ? overview : { ...overview, vendorTask: vendorTask.parse(JSON.parse(row.result)) };
}

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
    ...(row.error_code !== null && { failure: { code: row.error_code, message: row.error_message ?? "" } }),
    createdAt: row.created_at,
    submittedAt: row.submitted_at,
    finishedAt: row.finished_at,
    deletedAt: row.deleted_at,
  };
}
