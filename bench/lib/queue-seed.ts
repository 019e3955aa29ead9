import { v7 } from "uuid";
import type { Gateway } from "./gateway.ts";

/** Rows a statement inserts; their JSON stays far below what D1 takes as one value. */
const ROWS_PER_STATEMENT = 2_000;

const INSERT = `
  INSERT INTO tasks (id, owner, dialect, action, model_name, model_version, status, attempt, priority, vendor_task_id,
                     created_at, submitted_at, finished_at)
  SELECT value ->> 'id', value ->> 'owner', 'aigc', 'CreateAigcVideoTask', 'Kling', '1.6', value ->> 'status', 1, 0,
         value ->> 'vendor_task_id', value ->> 'created_at', value ->> 'submitted_at', value ->> 'finished_at'
  FROM json_each(?1)`;

type Row = {
  id: string;
  owner: string;
  status: "queued" | "running" | "canceled";
  created_at: number;
  vendor_task_id?: string;
  submitted_at?: number;
  finished_at?: number;
};

export type QueueSeed = {
  waiting: number;
  /** They own the waiting tasks in turn, the first one beginning. */
  owners: readonly [string, ...string[]];
  /** Tasks of the first owner that are over. */
  over: number;
};

/** Ids of what waits, in the order of their turns, and of what is over. */
export type SeededIds = { waiting: string[]; over: string[] };

/** Writes a queue straight into the database, behind one running task that keeps the only slot. */
export async function seedQueue({ database }: Pick<Gateway, "database">, seed: QueueSeed): Promise<SeededIds> {
  const [firstOwner] = seed.owners;
  const now = Date.now();
  let count = 0;
  // Two tasks of one millisecond keep their order as well.
  const task = () => ({ id: v7({ msecs: now, seq: count++ }), created_at: now });
  const over = Array.from({ length: seed.over }, (): Row => ({
    ...task(),
    owner: firstOwner,
    status: "canceled",
    finished_at: now,
  }));
  const running: Row = {
    ...task(),
    owner: firstOwner,
    status: "running",
    vendor_task_id: "251007502-AigcVideoTask-keeps-the-slot",
    submitted_at: now,
  };
  const waiting = Array.from({ length: seed.waiting }, (_, index): Row => ({
    ...task(),
    owner: seed.owners[index % seed.owners.length] ?? firstOwner,
    status: "queued",
  }));
  const rows = [...over, running, ...waiting];
  for (let start = 0; start < rows.length; start += ROWS_PER_STATEMENT) {
    const part = JSON.stringify(rows.slice(start, start + ROWS_PER_STATEMENT));
    await database.prepare(INSERT).bind(part).run();
  }
  return { waiting: waiting.map(({ id }) => id), over: over.map(({ id }) => id) };
}
