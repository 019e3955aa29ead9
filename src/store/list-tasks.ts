import type { TaskRow, TaskStatus } from "./types.ts";

/** How many tasks one page may look at when two filters are combined; the page may then be short and still have a successor. */
const SCAN_ROWS = 1_000;

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

/** One page, newest first. Rows read are bounded by the page, never by the table. */
export function listTasks(db: D1Database, filter: TaskFilter): Promise<TaskPage> {
  if (filter.sessionId !== undefined)
    return scan(db, filter, "tasks_owner_session", "session_id = ?5", filter.sessionId);
  if (filter.modelName !== undefined) return scan(db, filter, "tasks_owner_model", "model_name = ?5", filter.modelName);
  if (filter.statuses !== undefined) return byStatus(db, filter, filter.statuses);
  return scan(db, filter, "tasks_owner", "?5 IS NULL", null);
}

export type VideoFilter = {
  owner: string;
  /** The last id of the page before. */
  after?: string | undefined;
  order: "asc" | "desc";
  limit: number;
};

/** A page of an owner's videos whose content is still there. The index holds nothing else: no page is cut short. */
export async function listVideos(
  db: D1Database,
  { owner, after, order, limit }: VideoFilter,
): Promise<{ tasks: TaskSummary[]; hasMore: boolean }> {
  const beyond = order === "asc" ? ">" : "<";
  const rows = await db
    .prepare(
      `SELECT ${COLUMNS} FROM tasks INDEXED BY tasks_owner_videos
       WHERE owner = ?1 AND action = 'CreateAigcVideoTask' AND deleted_at IS NULL ${after === undefined ? "" : `AND id ${beyond} ?3`}
       ORDER BY id ${order} LIMIT ?2`,
    )
    .bind(owner, limit + 1, ...(after === undefined ? [] : [after]))
    .all<TaskSummary>();
  return { tasks: rows.results.slice(0, limit), hasMore: rows.results.length > limit };
}

/** Walks one index and keeps what the other filters leave. */
async function scan(
  db: D1Database,
  filter: TaskFilter,
  index: string,
  condition: string,
  value: string | null,
): Promise<TaskPage> {
  const examined = `
    SELECT ${COLUMNS} FROM tasks INDEXED BY ${index}
    WHERE owner = ?1 AND ${condition} AND id < ?2 AND id > ?3 ORDER BY id DESC LIMIT ?4`;
  const residual = filter.statuses !== undefined || (index === "tasks_owner_session" && filter.modelName !== undefined);
  const limit = residual ? SCAN_ROWS : filter.limit + 1;
  const statuses = filter.statuses ? JSON.stringify(filter.statuses) : null;
  const [matching, range] = await db.batch<TaskSummary & { last: string | null; examined: number }>([
    db
      .prepare(
        `SELECT * FROM (${examined})
         WHERE (?6 IS NULL OR status IN (SELECT value FROM json_each(?6))) AND (?7 IS NULL OR model_name = ?7)
         ORDER BY id DESC LIMIT ?8`,
      )
      .bind(
        filter.owner,
        filter.beforeId,
        filter.afterId,
        limit,
        value,
        statuses,
        filter.modelName ?? null,
        filter.limit + 1,
      ),
    ...(residual
      ? [
          db
            .prepare(`SELECT min(id) AS last, count(*) AS examined FROM (${examined})`)
            .bind(filter.owner, filter.beforeId, filter.afterId, limit, value),
        ]
      : []),
  ]);
  const page = cut(matching?.results ?? [], filter.limit);
  const reached = range?.results[0];
  if (!page.nextBeforeId && reached?.last && reached.examined === SCAN_ROWS)
    return { ...page, nextBeforeId: reached.last };
  return page;
}

/** Each status has its own run in the index; the page is the merge of their heads. */
async function byStatus(db: D1Database, filter: TaskFilter, statuses: TaskStatus[]): Promise<TaskPage> {
  const heads = statuses.map(
    (_, index) => `SELECT * FROM (
      SELECT ${COLUMNS} FROM tasks INDEXED BY tasks_owner_status
      WHERE owner = ?1 AND status = ?${index + 5} AND id < ?2 AND id > ?3 ORDER BY id DESC LIMIT ?4)`,
  );
  const rows = await db
    .prepare(`SELECT * FROM (${heads.join(" UNION ALL ")}) ORDER BY id DESC LIMIT ?4`)
    .bind(filter.owner, filter.beforeId, filter.afterId, filter.limit + 1, ...statuses)
    .all<TaskSummary>();
  return cut(rows.results, filter.limit);
}

function cut(rows: TaskSummary[], limit: number): TaskPage {
  const tasks = rows.slice(0, limit);
  const last = tasks.at(-1);
  return rows.length > limit && last ? { tasks, nextBeforeId: last.id } : { tasks };
}
