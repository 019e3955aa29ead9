import type { TaskRow, TaskStatus } from "./types.ts";

/**
 * How many tasks one page looks at, step by step, for those that pass its filters. After the last step the page may be
 * short, even empty, and still have a successor.
 */
const SCAN_STEPS_ROWS = [100, 400];

const COLUMNS = `id, owner, dialect, action, model_name, model_version, client_model, status, priority, session_id,
  session_context, parent_id, outline, error_code, error_message, created_at, submitted_at, finished_at, deleted_at`;

export type TaskSummary = Pick<
  TaskRow,
  | "id"
  | "owner"
  | "dialect"
  | "action"
  | "model_name"
  | "model_version"
  | "client_model"
  | "status"
  | "priority"
  | "session_id"
  | "session_context"
  | "parent_id"
  | "outline"
  | "error_code"
  | "error_message"
  | "created_at"
  | "submitted_at"
  | "finished_at"
  | "deleted_at"
>;

export type TaskFilter = {
  owner: string;
  statuses?: TaskStatus[] | undefined;
  modelName?: string | undefined;
  sessionId?: string | undefined;
  /** Exclusive bounds on the id, which carries the time of creation. */
  beforeId: string;
  afterId: string;
  limit: number;
};

export type TaskPage = { tasks: TaskSummary[]; nextBeforeId?: string };

// The newest of both kinds: each kind has its own run in the index, and the page is the merge of their heads. The claim
// on a session_id names the newest task that has it: nothing before that one need be looked at.
const EXAMINED = `
  SELECT * FROM (
    ${["CreateAigcVideoTask", "CreateAigcImageTask"]
      .map(
        (action) => `
    SELECT * FROM (
      SELECT ${COLUMNS} FROM tasks INDEXED BY tasks_owner
      WHERE owner = ?1 AND action = '${action}' AND id < ?2 AND id > ?3
        AND id <= coalesce((SELECT task_id FROM session_claims WHERE owner = ?1 AND session_id = ?7), ?2)
      ORDER BY id DESC LIMIT ?4)`,
      )
      .join(" UNION ALL ")}
  ) ORDER BY id DESC LIMIT ?4`;

const PASSES = `
  (?5 IS NULL OR status IN (SELECT value FROM json_each(?5))) AND (?6 IS NULL OR model_name = ?6)
  AND (?7 IS NULL OR session_id = ?7)`;

/** One page, newest first. Rows read are bounded, whatever the table holds. */
export async function listTasks(db: D1Database, filter: TaskFilter): Promise<TaskPage> {
  const { owner, afterId, statuses, modelName, sessionId, limit } = filter;
  const wanted = [statuses ? JSON.stringify(statuses) : null, modelName ?? null, sessionId ?? null];
  const page = db.prepare(`SELECT * FROM (${EXAMINED}) WHERE ${PASSES} ORDER BY id DESC LIMIT ?8`);
  const reach = db.prepare(`SELECT min(id) AS last, count(*) AS examined FROM (${EXAMINED})`);
  const found: TaskSummary[] = [];
  let before = filter.beforeId;
  for (const rows of wanted.some((value) => value !== null) ? SCAN_STEPS_ROWS : [limit + 1]) {
    const values = [owner, before, afterId, rows, ...wanted];
    const [matching, reached] = await db.batch<TaskSummary & { last: string | null; examined: number }>([
      page.bind(...values, limit + 1 - found.length),
      reach.bind(...values),
    ]);
    found.push(...(matching?.results ?? []));
    const tasks = found.slice(0, limit);
    const last = tasks.at(-1);
    if (found.length > limit && last) return { tasks, nextBeforeId: last.id };
    const end = reached?.results[0];
    if (!end?.last || end.examined < rows) return { tasks };
    before = end.last;
  }
  return { tasks: found, nextBeforeId: before };
}

export type VideoFilter = {
  owner: string;
  /** The last id of the page before. */
  after?: string | undefined;
  order: "asc" | "desc";
  limit: number;
};

/** A page of an owner's videos whose content is still there. Those that were removed are passed over, however many. */
export async function listVideos(
  db: D1Database,
  { owner, after, order, limit }: VideoFilter,
): Promise<{ tasks: TaskSummary[]; hasMore: boolean }> {
  const beyond = order === "asc" ? ">" : "<";
  const rows = await db
    .prepare(
      `SELECT ${COLUMNS} FROM tasks INDEXED BY tasks_owner
       WHERE owner = ?1 AND action = 'CreateAigcVideoTask' AND deleted_at IS NULL ${after === undefined ? "" : `AND id ${beyond} ?3`}
       ORDER BY id ${order} LIMIT ?2`,
    )
    .bind(owner, limit + 1, ...(after === undefined ? [] : [after]))
    .all<TaskSummary>();
  return { tasks: rows.results.slice(0, limit), hasMore: rows.results.length > limit };
}
