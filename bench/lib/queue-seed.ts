import { v7 } from "uuid";
import { call } from "../../scripts/lib/http.ts";
import type { Gateway } from "./gateway.ts";
import { openObjectDatabase } from "./object-database.ts";

const INSERT = `
  INSERT INTO tasks (id, owner, status, attempt, calls, vendor_task_id, holds_session, session_id, created_at, submitted_at,
                     request_bytes, model_name, model_version, action, dialect, outline, history, request)
  VALUES (@id, @owner, @status, 1, @calls, @vendorTaskId, 1, @id, @createdAt, @submittedAt, @bytes, 'Kling', '1.6',
          'CreateAigcVideoTask', 'aigc', '{}', '[{"at":0,"message":"Queued."}]', @request)`;

const INSERT_OVER = `
  INSERT INTO tasks (owner, action, id, rev, status, model_name, created_at, finished_at, dialect, model_version, attempt,
                     priority, history)
  SELECT ?1, 'CreateAigcVideoTask', value, 1, 'canceled', 'Kling', ?2, ?2, 'aigc', '1.6', 1, 0, '[]' FROM json_each(?3)`;

/** As long as most are. */
const REQUEST = JSON.stringify({ ModelName: "Kling", ModelVersion: "1.6", Prompt: "A paper boat. ".repeat(40) });
/** Waits for nothing: its share of the slots is its own. */
const OWNER_OF_THE_SLOT = "slot";

export type QueueSeed = {
  waiting: number;
  /** They own the waiting tasks in turn, the first one, in the order of the alphabet too, beginning. */
  owners: readonly [string, ...string[]];
  /** Tasks of the first owner that are over. */
  over: number;
};

/** Ids of what waits, in the order of their turns, and of what is over. */
export type SeededIds = { waiting: string[]; over: string[] };

/**
 * Writes a queue straight into the object's database, behind one running task that keeps the only slot, and tasks that are
 * over into the record. Ends the gateway: its object has nothing of this in memory.
 */
export async function seedQueue(gateway: Gateway, seed: QueueSeed): Promise<SeededIds> {
  const now = Date.now();
  let count = 0;
  // Two tasks of one millisecond keep their order as well.
  const newId = () => v7({ msecs: now, seq: count++ });
  const over = Array.from({ length: seed.over }, newId);
  try {
    // Whoever asks the object first has it make its tables.
    await call(`${gateway.gatewayUrl}/readyz`);
    await gateway.database.prepare(INSERT_OVER).bind(seed.owners[0], now, JSON.stringify(over)).run();
  } finally {
    await gateway.kill();
  }
  const database = await openObjectDatabase(gateway.stateDir, { readonly: false });
  if (!database) throw new Error("The object has no database");
  try {
    const insert = database.prepare(INSERT);
    const common = { createdAt: now, bytes: REQUEST.length, request: REQUEST };
    const waiting = Array.from({ length: seed.waiting }, newId);
    database.transaction(() => {
      insert.run({
        ...common,
        id: newId(),
        owner: OWNER_OF_THE_SLOT,
        status: "running",
        calls: 1,
        vendorTaskId: "251007502-AigcVideoTask-keeps-the-slot",
        submittedAt: now,
      });
      for (const [index, id] of waiting.entries()) {
        const owner = seed.owners[index % seed.owners.length];
        insert.run({ ...common, id, owner, status: "queued", calls: 0, vendorTaskId: null, submittedAt: null });
      }
    })();
    return { waiting, over };
  } finally {
    database.close();
  }
}
