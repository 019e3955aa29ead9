import type { TaskStatus } from "../tasks/contract.ts";
import { ACTIONS, SUMMARY_COLUMNS, type TaskSummary } from "./columns.ts";

export type { TaskSummary } from "./columns.ts";

/**
 * How many tasks one page looks at, step by step, for those that pass its filters. After the last step the page may be
 * short, even empty, and still have a successor.
 */
const SCAN_STEPS_ROWS = [100, 400];

/** A page ends after the task with which it reaches this; D1 and whoever asks it hold pages in memory. */
const PAGE_BYTES = 1_000_000;

const COLUMNS = SUMMARY_COLUMNS.join(", ");
const BYTES = SUMMARY_COLUMNS.map((name) => `ifnull(octet_length(${name}), 0)`).join(" + ");

/** `matching`: how many rows there were to cut from. `bytes_so_far`: of this row and those before it. */
type CutRow = TaskSummary & { matching: number; bytes_so_far: number };

/** These rows up to the one that fills the room (bytes). */
const cut = (rows: string, order: "asc" | "desc", room: string) => `
  SELECT ${COLUMNS}, matching, bytes_so_far FROM (
    SELECT *, count(*) OVER () AS matching,
           sum(bytes) OVER (ORDER BY id ${order} ROWS UNBOUNDED PRECEDING) AS bytes_so_far
    FROM (SELECT *, ${BYTES} AS bytes FROM (${rows}))
  ) WHERE bytes_so_far - bytes < ${room} ORDER BY id ${order}`;

const isCut = (rows: CutRow[]) => rows.length < (rows[0]?.matching ?? 0);

function summaryOf({ matching: _matching, bytes_so_far: _bytes, ...task }: CutRow): TaskSummary {
  return task;
}

export type TaskFilter = {
  owner: string;
  statuses?: TaskStatus[] | undefined;
  modelName?: string | undefined;
  sessionId?: string | undefined;
  /** Exclusive bounds on the id, which carries the time of creation. */
  beforeId: string;
  afterId: string;
  /** The newest task there can be, if the caller knows: nothing before that one need be looked at. */
  upToId?: string | undefined;
  limit: number;
};

/** `nextBeforeId`: there may be more, and what is older than this has not been looked at. */
export type TaskPage = { tasks: TaskSummary[]; nextBeforeId?: string };

// The newest of both kinds: each kind has its own run in the table, and the page is the merge of their heads. One upper
// bound, because a look-up in the table starts from one only.
const EXAMINED = `
  SELECT * FROM (
    ${ACTIONS.map(
      (action) => `
    SELECT * FROM (
      SELECT ${COLUMNS} FROM tasks
      WHERE owner = ?1 AND action = '${action}' AND id > ?3 AND id <= min(?2, coalesce(?4, ?2)) AND id <> ?2
      ORDER BY id DESC LIMIT ?5)`,
    ).join(" UNION ALL ")}
  ) ORDER BY id DESC LIMIT ?5`;

const PASSES = `
  (?6 IS NULL OR status IN (SELECT value FROM json_each(?6))) AND (?7 IS NULL OR model_name = ?7)
  AND (?8 IS NULL OR session_id = ?8)`;

const PAGE = cut(`SELECT * FROM (${EXAMINED}) WHERE ${PASSES} ORDER BY id DESC LIMIT ?9`, "desc", "?10");
const REACH = `SELECT min(id) AS last, count(*) AS examined FROM (${EXAMINED})`;

/** One page, newest first. Rows read are bounded, whatever the table holds, and so are the bytes of the answer. */
export async function listTasks(db: D1Database, filter: TaskFilter): Promise<TaskPage> {
  const { owner, afterId, upToId = null, statuses, modelName, sessionId, limit } = filter;
  const wanted = [statuses ? JSON.stringify(statuses) : null, modelName ?? null, sessionId ?? null];
  const found: TaskSummary[] = [];
  let room = PAGE_BYTES;
  let before = filter.beforeId;
  for (const rows of wanted.some((value) => value !== null) ? SCAN_STEPS_ROWS : [limit + 1]) {
    const values = [owner, before, afterId, upToId, rows];
    const [matching, reached] = await db.batch<CutRow & { last: string | null; examined: number }>([
      db.prepare(PAGE).bind(...values, ...wanted, limit + 1 - found.length, room),
      db.prepare(REACH).bind(...values),
    ]);
    const part = matching?.results ?? [];
    found.push(...part.map(summaryOf));
    const tasks = found.slice(0, limit);
    const last = tasks.at(-1);
    if (last && (isCut(part) || found.length > limit)) return { tasks, nextBeforeId: last.id };
    const end = reached?.results[0];
    if (!end?.last || end.examined < rows) return { tasks };
    before = end.last;
    room -= part.at(-1)?.bytes_so_far ?? 0;
    if (room <= 0) break;
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

/** `hasMore`: beyond the last of these tasks nothing has been looked at. */
export type VideoPage = { tasks: TaskSummary[]; hasMore: boolean };

/** A page of an owner's videos whose content is still there. Those that were removed are passed over, however many. */
export async function listVideos(db: D1Database, { owner, after, order, limit }: VideoFilter): Promise<VideoPage> {
  const beyond = order === "asc" ? ">" : "<";
  const page = `
    SELECT ${COLUMNS} FROM tasks
    WHERE owner = ?1 AND action = 'CreateAigcVideoTask' AND deleted_at IS NULL
      ${after === undefined ? "" : `AND id ${beyond} ?4`}
    ORDER BY id ${order} LIMIT ?2`;
  const { results } = await db
    .prepare(cut(page, order, "?3"))
    .bind(owner, limit + 1, PAGE_BYTES, ...(after === undefined ? [] : [after]))
    .all<CutRow>();
  return { tasks: results.slice(0, limit).map(summaryOf), hasMore: results.length > limit || isCut(results) };
}
