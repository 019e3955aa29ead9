import { ANY_ACTION, EVERY_OWNER } from "./columns.ts";

/** What one statement deletes at most: D1 answers nobody else while it runs. */
const BATCH_ROWS = 500;

// The table is ordered by owner, so each owner's oldest tasks are looked up in turn.
const DELETE_TASKS = `
  ${EVERY_OWNER}
  DELETE FROM tasks WHERE (owner, action, id) IN (
    SELECT old.owner, old.action, old.id
    FROM owners CROSS JOIN tasks AS old ON old.owner = owners.owner AND old.action IN (${ANY_ACTION}) AND old.id < ?1
    WHERE old.finished_at < ?2 LIMIT ${BATCH_ROWS})`;

const REMOVE_REQUESTS = `
  ${EVERY_OWNER}
  UPDATE tasks SET request = NULL WHERE (owner, action, id) IN (
    SELECT old.owner, old.action, old.id
    FROM owners CROSS JOIN tasks AS old
      ON old.owner = owners.owner AND old.action IN (${ANY_ACTION}) AND old.id >= ?1 AND old.id < ?2
    WHERE old.request IS NOT NULL LIMIT ${BATCH_ROWS})`;

const DELETE_OTHER_EVENTS = `
  DELETE FROM other_events WHERE id IN
    (SELECT id FROM other_events WHERE received_at < ?1 ORDER BY received_at LIMIT ${BATCH_ROWS})`;

const DELETE_PRODUCED_IDS = `
  DELETE FROM produced_ids WHERE (id, owner) IN
    (SELECT id, owner FROM produced_ids WHERE made_at < ?1 ORDER BY made_at LIMIT ${BATCH_ROWS})`;

export type Expiry = {
  /** Milliseconds: what has not changed since. A task that waited long is kept from its end on, not from its creation. */
  before: number;
  /** The lowest id of a task created then. */
  beforeId: string;
  /** The same for events that were no task's. */
  eventsBefore: number;
};

/**
 * Deletes a bounded number of tasks, of other events and of produced ids that are too old.
 * @returns how many rows; until it is 0 there may be more
 */
export async function deleteExpired(db: D1Database, { before, beforeId, eventsBefore }: Expiry): Promise<number> {
  const results = await db.batch([
    db.prepare(DELETE_TASKS).bind(beforeId, before),
    db.prepare(DELETE_OTHER_EVENTS).bind(eventsBefore),
    db.prepare(DELETE_PRODUCED_IDS).bind(before),
  ]);
  return results.reduce((sum, { meta }) => sum + meta.changes, 0);
}

/** Removes requests of finished tasks. @returns how many, and whether those were all of the range */
export async function removeRequests(
  db: D1Database,
  { fromId, beforeId }: { fromId: string; beforeId: string },
): Promise<{ count: number; all: boolean }> {
  const { changes } = (await db.prepare(REMOVE_REQUESTS).bind(fromId, beforeId).run()).meta;
  return { count: changes, all: changes < BATCH_ROWS };
}
