import type { Services } from "../services.ts";
import type { TaskSummary } from "../store/list-tasks.ts";
import type { Dispatcher, TaskStatus } from "./contract.ts";
import { overviewOf, type TaskOverview } from "./overview.ts";
import { HIGHEST_ID, lowestIdAt } from "./task-id.ts";

/*
 * A list is the object's page and the record's, made one. What makes pages complete, without a task twice:
 *
 * 1. The object is asked first. A task leaves it only for the record, so one that is not on the object's page because it
 *    has moved is on the record's; one that is on both is told apart by its id.
 * 2. Each side says how far it has looked (`reached`, the last id it speaks for). Nothing beyond the nearer of the two is
 *    shown: there, one side's word is missing.
 * 3. The next page begins after the last id that this one speaks for: after the last task shown, if some of what was
 *    found had no room, else after that nearer end. It is exclusive, so no page speaks for an id twice.
 */
type Part = {
  /** Those that pass the filter, in the list's order. */
  tasks: TaskSummary[];
  /** The last id that was looked at; undefined: all of the range were. */
  reached?: string | undefined;
};

type Order = "asc" | "desc";

/** One page of two, at most `limit` long. */
export function joinParts([object, record]: [object: Part, record: Part], order: Order, limit: number): Part {
  const isBefore = order === "asc" ? (a: string, b: string) => a < b : (a: string, b: string) => a > b;
  const byId = new Map(object.tasks.map((task) => [task.id, task]));
  for (const task of record.tasks) {
    // The record's word is the later one, but that a task's content was removed reaches it last.
    if (byId.get(task.id)?.deleted_at == null) byId.set(task.id, task);
  }
  const ends = [object.reached, record.reached].filter((id) => id !== undefined);
  const end = ends.toSorted((a, b) => (isBefore(a, b) ? -1 : 1))[0];
  const spokenFor = [...byId.values()]
    .filter(({ id }) => end === undefined || !isBefore(end, id))
    .toSorted((a, b) => (isBefore(a.id, b.id) ? -1 : 1));
  const tasks = spokenFor.slice(0, limit);
  const last = tasks.at(-1);
  return { tasks, reached: spokenFor.length > limit && last ? last.id : end };
}

/** One more than the list has room for: without it, nobody knows whether the object has more. */
const objectLimit = (limit: number) => limit + 1;

function objectPart({ tasks, reached }: Awaited<ReturnType<Dispatcher["list"]>>, limit: number): Part {
  return { tasks, reached: tasks.length >= objectLimit(limit) ? tasks.at(-1)?.id : reached };
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
  { dispatcher, store }: Services,
  query: ListQuery,
): Promise<{ tasks: TaskOverview[]; nextCursor?: string }> {
  const { owner, statuses, modelName, sessionId, limit } = query;
  const upper = query.createdTo === undefined ? HIGHEST_ID : lowestIdAt(query.createdTo);
  const filter = {
    owner,
    statuses,
    modelName,
    sessionId,
    beforeId: query.cursor !== undefined && query.cursor < upper ? query.cursor : upper,
    // A range begins with the first id of its moment, which no task has.
    afterId: lowestIdAt(query.createdFrom ?? 0),
    limit,
  };
  const unfinished = await dispatcher.list({ ...filter, limit: objectLimit(limit) });
  const finished = await store.record.list({ ...filter, ...(unfinished.upTo && { upToId: unfinished.upTo }) });
  const page = joinParts(
    [objectPart(unfinished, limit), { tasks: finished.tasks, reached: finished.nextBeforeId }],
    "desc",
    limit,
  );
  const tasks = page.tasks.map(overviewOf);
  return page.reached === undefined ? { tasks } : { tasks, nextCursor: page.reached };
}

export type VideoQuery = {
  owner: string;
  /** The last id of the page before. */
  after?: string | undefined;
  order: Order;
  limit: number;
};

/** Clients go on after the last video they were shown: a page without any must not be followed by others. */
const EMPTY_PAGES_MAX = 50;

/** A page of an owner's video tasks, without those whose content was removed. */
export async function listVideos(
  services: Services,
  query: VideoQuery,
): Promise<{ tasks: TaskOverview[]; hasMore: boolean }> {
  let page = await videoPart(services, query);
  for (let empty = 1; page.tasks.length === 0 && page.reached !== undefined && empty < EMPTY_PAGES_MAX; empty++) {
    page = await videoPart(services, { ...query, after: page.reached });
  }
  return { tasks: page.tasks.map(overviewOf), hasMore: page.reached !== undefined };
}

async function videoPart({ dispatcher, store }: Services, query: VideoQuery): Promise<Part> {
  const { owner, after, order, limit } = query;
  const unfinished = await dispatcher.list({
    owner,
    afterId: (order === "asc" ? after : undefined) ?? lowestIdAt(0),
    beforeId: (order === "desc" ? after : undefined) ?? HIGHEST_ID,
    ascending: order === "asc",
    action: "CreateAigcVideoTask",
    limit: objectLimit(limit),
  });
  const { tasks, hasMore } = await store.record.listVideos(query);
  const finished = { tasks, reached: hasMore ? tasks.at(-1)?.id : undefined };
  const page = joinParts([objectPart(unfinished, limit), finished], order, limit);
  return { ...page, tasks: page.tasks.filter(({ deleted_at: deletedAt }) => deletedAt === null) };
}
