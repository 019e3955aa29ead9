import type { TaskRow, TaskStatusRow, ToldTask } from "../tasks/contract.ts";
import { ANY_ACTION, EVERY_OWNER, ROW_COLUMNS, STATUS_COLUMNS } from "./columns.ts";
import { listTasks, listVideos, type TaskFilter, type VideoFilter } from "./list-tasks.ts";
import { deleteExpired, type Expiry, removeRequests } from "./retention.ts";
import { type ProducedBy, tellTasks } from "./tell-tasks.ts";

/** A longer notification is noted without what it says. */
const OTHER_EVENT_MAX_BYTES = 8_192;
/** Nothing depends on them: a sample is enough, and whoever can post them must not fill the database. */
export const OTHER_EVENTS_MAX_PER_DAY = 200;
const DAY_MS = 24 * 60 * 60 * 1000;

const ONE_TASK = `owner = ?1 AND action IN (${ANY_ACTION}) AND id = ?2`;

const FIND = `SELECT ${ROW_COLUMNS.join(", ")} FROM tasks WHERE ${ONE_TASK}`;
const FIND_STATUS = `SELECT ${STATUS_COLUMNS.join(", ")} FROM tasks WHERE ${ONE_TASK}`;
const FIND_NAME = `SELECT session_id FROM tasks WHERE ${ONE_TASK}`;
const FIND_REQUEST = `SELECT request FROM tasks WHERE ${ONE_TASK}`;

// By the id alone, which the key does not begin with: a look-up for each owner.
const FIND_FAILURE = `${EVERY_OWNER}
  SELECT failed.owner, failed.error_code AS code, failed.error_message AS message, failed.finished_at
  FROM owners CROSS JOIN tasks AS failed
    ON failed.owner = owners.owner AND failed.action IN (${ANY_ACTION}) AND failed.id = ?1
  WHERE failed.error_code IS NOT NULL`;

const ERASE = `
  UPDATE tasks SET result = NULL, session_context = NULL, outline = NULL, request = NULL, error_message = NULL,
                   history = '[]', session_id = iif(deleted_at IS NULL, ?4, session_id),
                   deleted_at = coalesce(deleted_at, ?3), rev = rev + 1
  WHERE ${ONE_TASK}`;

const REMIXES = `
  SELECT id, deleted_at IS NOT NULL AS erased FROM tasks INDEXED BY tasks_parent
  WHERE owner = ?1 AND parent_id IN (SELECT value FROM json_each(?2)) AND parent_id IS NOT NULL
  ORDER BY erased LIMIT ?3`;

const KEEP_OTHER_EVENT = `
  INSERT INTO other_events (id, event_type, body, received_at)
  SELECT ?1, ?2, ?3, ?4
  WHERE (SELECT count(*) FROM (SELECT 1 FROM other_events WHERE received_at > ?5 LIMIT ${OTHER_EVENTS_MAX_PER_DAY}))
        < ${OTHER_EVENTS_MAX_PER_DAY}
  ON CONFLICT (id) DO NOTHING`;

const SET_CELL = `
  INSERT INTO cells (name, value) VALUES (?1, ?2)
  ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE excluded.value <> cells.value`;

/** Why a task failed, in the vendor's own words; null where its client had the content removed. */
export type FailureRow = { owner: string; code: string; message: string | null; finished_at: number };

export type OtherEvent = {
  /** SHA-256 of the body: the same event comes more than once. */
  id: string;
  eventType: string;
  body: string;
  now: number;
};

export type Erasure = {
  owner: string;
  id: string;
  now: number;
  /** What stands for the task's `session_id` from now on. */
  standIn: string | null;
};

/**
 * What is finished, and little else.
 * @param db repeats what a passing fault interrupted
 * @param once does not
 */
export function createRecord(db: D1Database, once: D1Database) {
  return {
    /** {@link tellTasks} */
    tell: (tasks: ToldTask[], producedBy: ProducedBy = () => []): Promise<void> => tellTasks(once, tasks, producedBy),

    /** The task, if it is this owner's. */
    find(owner: string, id: string): Promise<TaskRow | null> {
      return db.prepare(FIND).bind(owner, id).first<TaskRow>();
    },

    /** The same without the result, for those who only watch it. */
    findStatus(owner: string, id: string): Promise<TaskStatusRow | null> {
      return db.prepare(FIND_STATUS).bind(owner, id).first<TaskStatusRow>();
    },

    /** Of any owner's task: for the operator. Null: none that failed. */
    failure(id: string): Promise<FailureRow | null> {
      return db.prepare(FIND_FAILURE).bind(id).first<FailureRow>();
    },

    /** JSON of the vendor request. Null: no such task, or its request was large, or its content was removed. */
    async request(owner: string, id: string): Promise<string | null> {
      const row = await db.prepare(FIND_REQUEST).bind(owner, id).first<{ request: string | null }>();
      return row?.request ?? null;
    },

    list: (filter: TaskFilter) => listTasks(db, filter),
    listVideos: (filter: VideoFilter) => listVideos(db, filter),

    /**
     * Removes what a task was made of and what came of it; its row stays as a tombstone, so that its id is never mistaken
     * for an unknown one. Only for a task that the dispatcher does not have any more: what it has, it tells itself.
     * @returns false when there is no such task of this owner's
     */
    async erase({ owner, id, now, standIn }: Erasure): Promise<boolean> {
      return (await db.prepare(ERASE).bind(owner, id, now, standIn).run()).meta.changes > 0;
    },

    /** The task's `session_id`; undefined when there is no such task of this owner's. */
    async sessionOf(owner: string, id: string): Promise<string | null | undefined> {
      return (await db.prepare(FIND_NAME).bind(owner, id).first<{ session_id: string | null }>())?.session_id;
    },

    /** The tasks made from these, first those whose content is still there. */
    async remixes(owner: string, ids: string[], limit: number): Promise<{ id: string; erased: boolean }[]> {
      const rows = db.prepare(REMIXES).bind(owner, JSON.stringify(ids), limit);
      const { results } = await rows.all<{ id: string; erased: number }>();
      return results.map(({ id, erased }) => ({ id, erased: erased === 1 }));
    },

    deleteExpired: (expiry: Expiry) => deleteExpired(db, expiry),
    removeRequests: (range: { fromId: string; beforeId: string }) => removeRequests(db, range),

    /** Keeps a notification that concerns no task of ours, unless it is known or there have been many of late. */
    async keepOtherEvent({ id, eventType, body, now }: OtherEvent): Promise<void> {
      const kept = new TextEncoder().encode(body).length <= OTHER_EVENT_MAX_BYTES ? body : null;
      await db
        .prepare(KEEP_OTHER_EVENT)
        .bind(id, eventType, kept, now, now - DAY_MS)
        .run();
    },

    /** A fact that outlives the dispatcher's own storage; null when it was never set. */
    async cell(name: string): Promise<string | null> {
      const row = await db.prepare("SELECT value FROM cells WHERE name = ?1").bind(name).first<{ value: string }>();
      return row?.value ?? null;
    },

    async setCell(name: string, value: string): Promise<void> {
      await db.prepare(SET_CELL).bind(name, value).run();
    },
  };
}
