import type { Outcome } from "../config.ts";

/** Characters; a row of the storage holds 2 MB. */
const FILE_PART_CHARACTERS = 1_000_000;

export type CreateAction = "CreateAigcVideoTask" | "CreateAigcImageTask";

export type Task = {
  seq: number;
  taskId: string;
  action: CreateAction;
  sessionId: string;
  sessionContext: string;
  /** The request as it came, as JSON. */
  request: string;
  /** The vendor's echo of the request, as JSON. */
  input: string;
  /** Where the create call was sent to; the media URLs begin with it. */
  origin: string;
  /** How the task ends, decided when it was created, unless it is stopped before. */
  outcome: Outcome | "aborted";
  finished: boolean;
  /** Milliseconds since the epoch, as `endAt`. */
  createdAt: number;
  endAt: number;
};

export type NewTask = Omit<Task, "seq" | "finished">;

export type TaskFilter = {
  finished?: boolean | undefined;
  /** Of those that are not running any more, only those that were stopped, or only the others. */
  aborted?: boolean | undefined;
  createdFrom?: number | undefined;
  createdTo?: number | undefined;
  endedFrom?: number | undefined;
  endedTo?: number | undefined;
  sortBy: "created_at" | "end_at";
  descending: boolean;
  /** Continue behind the task with these values. */
  after?: { time: number; seq: number } | undefined;
  limit: number;
};

type Row = {
  seq: number;
  task_id: string;
  action: string;
  session_id: string;
  session_context: string;
  request: string;
  input: string;
  origin: string;
  outcome: string;
  finished: number;
  created_at: number;
  end_at: number;
};

export class TaskStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  insert(task: NewTask): void {
    this.#sql.exec(
      `INSERT INTO tasks (task_id, action, session_id, session_context, request, input, origin, outcome, created_at, end_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      task.taskId,
      task.action,
      task.sessionId,
      task.sessionContext,
      task.request,
      task.input,
      task.origin,
      JSON.stringify(task.outcome),
      task.createdAt,
      task.endAt,
    );
  }

  byId(taskId: string): Task | undefined {
    return this.#select("WHERE task_id = ?", taskId)[0];
  }

  bySeq(seq: number): Task | undefined {
    return this.#select("WHERE seq = ?", seq)[0];
  }

  /** Oldest first. */
  all(): Task[] {
    return this.#select("ORDER BY seq");
  }

  countRunning(): number {
    return this.#sql.exec<{ n: number }>("SELECT COUNT(*) AS n FROM tasks WHERE finished = 0").one().n;
  }

  /** Marks what has ended by `now` as finished; returns it in the order of its ends. */
  finishDue(now: number): Task[] {
    const due = this.#select("WHERE finished = 0 AND end_at <= ? ORDER BY end_at, seq", now);
    if (due.length > 0) this.#sql.exec("UPDATE tasks SET finished = 1 WHERE finished = 0 AND end_at <= ?", now);
    for (const task of due) task.finished = true;
    return due;
  }

  /** Ends a running task without a result. @returns false when it is over already */
  abort(taskId: string, now: number): boolean {
    const stopped = this.#sql.exec(
      `UPDATE tasks SET finished = 1, outcome = '"aborted"', end_at = ? WHERE task_id = ? AND finished = 0 RETURNING seq`,
      now,
      taskId,
    );
    return stopped.toArray().length > 0;
  }

  /** Keeps the Base64 text of a request's files, in their order, for the echo. */
  keepFiles(taskId: string, files: string[]): void {
    for (const [file, base64] of files.entries())
      for (let part = 0; part * FILE_PART_CHARACTERS < base64.length; part++)
        this.#sql.exec(
          "INSERT INTO task_files (task_id, file, part, base64) VALUES (?, ?, ?, ?)",
          taskId,
          file,
          part,
          base64.slice(part * FILE_PART_CHARACTERS, (part + 1) * FILE_PART_CHARACTERS),
        );
  }

  /** What was kept, by the file's place in the request. */
  filesOf(taskId: string): Map<number, string> {
    const files = new Map<number, string>();
    for (const { file, base64 } of this.#sql.exec<{ file: number; base64: string }>(
      "SELECT file, base64 FROM task_files WHERE task_id = ? ORDER BY file, part",
      taskId,
    ))
      files.set(file, (files.get(file) ?? "") + base64);
    return files;
  }

  nextEnd(): number | undefined {
    return (
      this.#sql.exec<{ at: number | null }>("SELECT MIN(end_at) AS at FROM tasks WHERE finished = 0").one().at ??
      undefined
    );
  }

  list(filter: TaskFilter): Task[] {
    const direction = filter.descending ? "DESC" : "ASC";
    const conditions: [string, ...number[]][] = [];
    if (filter.finished !== undefined) conditions.push(["finished = ?", Number(filter.finished)]);
    if (filter.aborted !== undefined) conditions.push([`outcome ${filter.aborted ? "=" : "<>"} '"aborted"'`]);
    if (filter.createdFrom !== undefined) conditions.push(["created_at >= ?", filter.createdFrom]);
    if (filter.createdTo !== undefined) conditions.push(["created_at <= ?", filter.createdTo]);
    if (filter.endedFrom !== undefined) conditions.push(["finished = 1 AND end_at >= ?", filter.endedFrom]);
    if (filter.endedTo !== undefined) conditions.push(["finished = 1 AND end_at <= ?", filter.endedTo]);
    if (filter.after)
      conditions.push([
        `(${filter.sortBy}, seq) ${filter.descending ? "<" : ">"} (?, ?)`,
        filter.after.time,
        filter.after.seq,
      ]);
    const where = conditions.length > 0 ? `WHERE ${conditions.map(([text]) => text).join(" AND ")}` : "";
    return this.#select(
      `${where} ORDER BY ${filter.sortBy} ${direction}, seq ${direction} LIMIT ?`,
      ...conditions.flatMap(([, ...values]) => values),
      filter.limit,
    );
  }

  /** @returns false when the session id was already accepted after `since` */
  claimSession(subAppId: number, sessionId: string, now: number, since: number): boolean {
    const claimed = this.#sql.exec(
      `INSERT INTO sessions (sub_app_id, session_id, accepted_at) VALUES (?, ?, ?)
       ON CONFLICT DO UPDATE SET accepted_at = excluded.accepted_at WHERE accepted_at <= ?
       RETURNING session_id`,
      subAppId,
      sessionId,
      now,
      since,
    );
    return claimed.toArray().length > 0;
  }

  #select(rest: string, ...values: (string | number)[]): Task[] {
    return this.#sql
      .exec<Row>(`SELECT * FROM tasks ${rest}`, ...values)
      .toArray()
      .map(taskOf);
  }
}

function taskOf(row: Row): Task {
  return {
    seq: row.seq,
    taskId: row.task_id,
    action: row.action as CreateAction,
    sessionId: row.session_id,
    sessionContext: row.session_context,
    request: row.request,
    input: row.input,
    origin: row.origin,
    outcome: JSON.parse(row.outcome) as Task["outcome"],
    finished: row.finished === 1,
    createdAt: row.created_at,
    endAt: row.end_at,
  };
}
