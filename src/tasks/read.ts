import type { Services } from "../services.ts";
import type { TaskRow, TaskStatus } from "../store/types.ts";
import { type VendorRequest, vendorRequest } from "../vod/requests.ts";
import { type VendorTask, vendorTask } from "../vod/tasks.ts";
import { overviewOf, type TaskOverview } from "./overview.ts";
import { isTerminal } from "./state.ts";
import { HIGHEST_ID, isTaskId, lowestIdAt } from "./task-id.ts";
import { taskState } from "./watch.ts";

export { failureOf, type TaskOverview } from "./overview.ts";

/** A task with what the vendor made of it. */
export type Task = TaskOverview & { vendorTask?: VendorTask };

/** One task of this owner; undefined for anybody else's, and for an id that is none. */
export async function readTask(services: Services, owner: string, id: string): Promise<Task | undefined> {
  if (!isTaskId(id)) return undefined;
  const { store, cache } = services;
  const known = cache.whole(owner, id);
  if (known) return taskOf(known);
  if (cache.isUnfinished(id)) {
    const state = await taskState(services, owner, id);
    if (!state || !isTerminal(state.status)) return state;
  }
  const row = await store.tasks.find(owner, id);
  if (!row) return undefined;
  cache.keep(row);
  return taskOf(row);
}

/** The request a task was made of, in the vendor's form. The caller has made sure whose task it is. */
export async function readRequest({ store, cache }: Services, id: string): Promise<VendorRequest> {
  let request = cache.request(id);
  if (request === undefined) {
    request = await store.tasks.request(id);
    cache.keepRequest(id, request);
  }
  return vendorRequest.parse(JSON.parse(request));
}

/** The request, where the vendor's own account of the task does not show it yet. */
export async function requestToShow(services: Services, task: Task): Promise<VendorRequest | undefined> {
  return task.vendorTask ? undefined : readRequest(services, task.id);
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
