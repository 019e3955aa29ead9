import type { Services } from "../services.ts";
import { plainTask } from "../vod/plain-words.ts";
import { type VendorRequest, vendorRequest } from "../vod/requests.ts";
import { shownRequest } from "../vod/shown-request.ts";
import { type VendorTask, vendorTask } from "../vod/tasks.ts";
import type { StoredRequest, TaskFailure, TaskRow } from "./contract.ts";
import { inObjectThenRecord } from "./lookup.ts";
import { overviewOf, type TaskOverview } from "./overview.ts";
import { isTaskId } from "./task-id.ts";

export { failureOf, type TaskOverview } from "./overview.ts";

/** A task with what the vendor made of it. */
export type Task = TaskOverview & {
  vendorTask?: VendorTask;
  original?: { failure?: TaskFailure; vendorTask?: VendorTask };
};

/** One task of this owner; undefined for anybody else's, and for an id that is none. */
export async function readTask(services: Services, owner: string, id: string): Promise<Task | undefined> {
  if (!isTaskId(id)) return undefined;
  const { dispatcher, store, cache } = services;
  const known = cache.whole(owner, id);
  if (known) return taskOf(known);
  const row = await inObjectThenRecord(
    () => dispatcher.read(owner, id),
    () => store.record.find(owner, id),
  );
  if (!row) return undefined;
  cache.keep(row);
  return taskOf(row);
}

/**
 * The request a task was made of, in the vendor's form. The caller has made sure that it is this owner's task.
 * @returns undefined when it was not kept: a large one is deleted once its task is over
 */
export async function readRequest(services: Services, owner: string, id: string): Promise<VendorRequest | undefined> {
  const { dispatcher, store, cache } = services;
  const known = cache.request(id);
  const request =
    known ??
    (await inObjectThenRecord(
      async () => textOf(services, await dispatcher.request(id)),
      () => store.record.request(owner, id),
    ));
  if (request === undefined) return undefined;
  if (known === undefined) cache.keepRequest(id, request);
  return vendorRequest.parse(JSON.parse(request));
}

async function textOf({ store }: Services, request: StoredRequest | undefined): Promise<string | undefined> {
  if (!request) return undefined;
  if ("inline" in request) return request.inline;
  return (await store.blobs.text(request.blob)) ?? undefined;
}

/**
 * The request without its files, where the vendor's own account of the task does not show it yet. Who polls for a task asks
 * for it each time: it comes from memory, or is a few kilobytes of the task's row.
 */
export async function requestToShow(services: Services, owner: string, task: Task): Promise<VendorRequest | undefined> {
  if (task.vendorTask) return undefined;
  const { cache } = services;
  const shown = cache.shown(task.id) ?? (await readShown(services, owner, task.id));
  if (shown === undefined) return undefined;
  cache.keepShown(task.id, shown);
  return vendorRequest.parse(JSON.parse(shown));
}

async function readShown(services: Services, owner: string, id: string): Promise<string | undefined> {
  const { dispatcher, store } = services;
  const stored = await inObjectThenRecord(
    () => dispatcher.request(id),
    async () => {
      const inline = await store.record.request(owner, id);
      return inline === null ? undefined : { inline };
    },
  );
  if (stored && "shown" in stored) return stored.shown;
  const text = await textOf(services, stored);
  return text === undefined ? undefined : shownRequest(vendorRequest.parse(JSON.parse(text)));
}

/** A row in the words of this layer. */
function taskOf(row: TaskRow): Task {
  const overview = overviewOf(row);
  if (row.result === null) return overview;
  const told = vendorTask.parse(JSON.parse(row.result));
  const plain = plainTask(told, row.id);
  if (plain === told) return { ...overview, vendorTask: told };
  return { ...overview, vendorTask: plain, original: { ...overview.original, vendorTask: told } };
}
