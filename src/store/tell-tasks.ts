import type { ToldTask } from "../tasks/contract.ts";
import { TOLD_COLUMNS } from "./columns.ts";

/** What one call takes: D1 answers nobody else while it writes. */
export const TELL_MAX_ROWS = 100;
export const TELL_MAX_CHARACTERS = 1_000_000;

/** Below the 2 MB that D1 takes as one parameter. */
const PARAMETER_MAX_BYTES = 1_900_000;
/** UTF-8 needs no more for one of JavaScript's. */
const BYTES_PER_CHARACTER_MAX = 3;

const HOUR_MS = 60 * 60 * 1000;

const encoder = new TextEncoder();

/** In the order in which the counting statement reads them. */
function countedOf({ owner, action, id, finished_at: finishedAt, model_name: modelName, status }: ToldTask) {
  // Never null of a finished task: D1 refuses such a row, and with it the count.
  const at = finishedAt ?? 0;
  return [owner, action, id, at - (at % HOUR_MS), modelName, status];
}

// Only tasks that the record lacks are counted, so this comes first.
const COUNT = `
  INSERT INTO hourly_counts (owner, action, hour, model_name, status, tasks)
  SELECT value ->> 0, value ->> 1, value ->> 3, value ->> 4, value ->> 5, count(*)
  FROM json_each(?1)
  WHERE NOT EXISTS (SELECT 1 FROM tasks WHERE owner = value ->> 0 AND action = value ->> 1 AND id = value ->> 2)
  GROUP BY 1, 2, 3, 4, 5
  ON CONFLICT (hour, owner, action, model_name, status) DO UPDATE SET tasks = hourly_counts.tasks + excluded.tasks`;

// Beside the revision, for an object that was set back and counts its revisions from an earlier one: what a client had
// removed stays removed, and a result is not exchanged for none.
const KEEP = `
  INSERT INTO tasks (${TOLD_COLUMNS.join(", ")})
  SELECT ${TOLD_COLUMNS.map((_, position) => `value ->> ${position}`).join(", ")} FROM json_each(?1) WHERE true
  ON CONFLICT (owner, action, id) DO UPDATE SET ${TOLD_COLUMNS.map((name) => `${name} = excluded.${name}`).join(", ")}
  WHERE excluded.rev > tasks.rev
    AND (tasks.deleted_at IS NULL OR excluded.deleted_at IS NOT NULL)
    AND (tasks.status <> 'succeeded' OR excluded.status = 'succeeded')`;

// What was made for somebody stays theirs, whatever becomes of the task.
const NOTE_PRODUCED = `
  INSERT INTO produced_ids (id, owner, made_at)
  SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?1) WHERE true
  ON CONFLICT (id, owner) DO NOTHING`;

/** The ids by which the vendor knows what a task has made. */
export type ProducedBy = (task: ToldTask) => string[];

/**
 * Gives finished tasks to the record. A repetition changes nothing, whether all or some of them arrived before, and of
 * several copies of a task the one with the highest `rev` stays.
 *
 * Nothing is repeated in here: the caller has the tasks until it knows that the record has them.
 * @throws whatever D1 said; then some of the tasks may be there
 */
export async function tellTasks(db: D1Database, tasks: ToldTask[], producedBy: ProducedBy): Promise<void> {
  const newest = new Map<string, ToldTask>();
  for (const task of tasks) {
    const known = newest.get(task.id);
    if (!known || known.rev < task.rev) newest.set(task.id, task);
  }
  await tellInBatches(db, [...newest.values()], producedBy);
}

async function tellInBatches(db: D1Database, tasks: ToldTask[], producedBy: ProducedBy): Promise<void> {
  if (tasks.length === 0) return;
  const rows = JSON.stringify(tasks.map((task) => TOLD_COLUMNS.map((name) => task[name])));
  if (tasks.length > 1 && !fitsParameter(rows)) {
    const half = Math.ceil(tasks.length / 2);
    await tellInBatches(db, tasks.slice(0, half), producedBy);
    await tellInBatches(db, tasks.slice(half), producedBy);
    return;
  }
  const counted = JSON.stringify(tasks.map(countedOf));
  const produced = tasks.flatMap((task) => producedBy(task).map((id) => [id, task.owner, task.finished_at ?? 0]));
  await db.batch([
    db.prepare(COUNT).bind(counted),
    db.prepare(KEEP).bind(rows),
    ...(produced.length > 0 ? [db.prepare(NOTE_PRODUCED).bind(JSON.stringify(produced))] : []),
  ]);
}

function fitsParameter(text: string): boolean {
  if (text.length * BYTES_PER_CHARACTER_MAX <= PARAMETER_MAX_BYTES) return true;
  return text.length <= PARAMETER_MAX_BYTES && encoder.encode(text).length <= PARAMETER_MAX_BYTES;
}
