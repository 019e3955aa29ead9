import { createApiKeyStore } from "./api-keys.ts";
import { type Completion, completeTask } from "./complete-task.ts";
import { type CreateTaskInput, createTask } from "./create-task.ts";
import { createDedupeCache } from "./dedupe-cache.ts";
import { createEventStore } from "./events.ts";
import { listTasks, listVideos, type TaskFilter, type VideoFilter } from "./list-tasks.ts";
import { type CreateAttempt, joinRecentCreates } from "./recent-creates.ts";
import { deleteExpired, eraseContent } from "./retention.ts";
import { type RetryOptions, withRetries } from "./retry.ts";
import { createTaskStore } from "./tasks.ts";
import { createTc3KeyStore } from "./tc3-keys.ts";

export type Store = ReturnType<typeof createStore>;

/** All that is kept: D1 as the record, KV as the fast path for duplicates. */
export function createStore(bindings: { DB: D1Database; DEDUPE: KVNamespace }, retry: RetryOptions) {
  const db = withRetries(bindings.DB, retry);
  return {
    tasks: {
      ...createTaskStore(db),
      create: (input: CreateTaskInput) => createTask(db, input),
      joinRecentCreates: (create: CreateAttempt) => joinRecentCreates(db, create),
      complete: (completion: Completion) => completeTask(db, completion),
      list: (filter: TaskFilter) => listTasks(db, filter),
      listVideos: (filter: VideoFilter) => listVideos(db, filter),
    },
    events: createEventStore(db),
    apiKeys: createApiKeyStore(db),
    tc3Keys: createTc3KeyStore(db),
    retention: {
      deleteExpired: (input: Parameters<typeof deleteExpired>[1]) => deleteExpired(db, input),
      eraseContent: (input: Parameters<typeof eraseContent>[1]) => eraseContent(db, input),
    },
    dedupe: createDedupeCache(bindings.DEDUPE),
    /** Whether the stores answer. */
    async ping(): Promise<{ d1: boolean; kv: boolean }> {
      const [d1, kv] = await Promise.allSettled([db.prepare("SELECT 1").first(), bindings.DEDUPE.get("ping")]);
      return { d1: d1.status === "fulfilled", kv: kv.status === "fulfilled" };
    },
  };
}

export { StoreUnavailableError } from "./retry.ts";
