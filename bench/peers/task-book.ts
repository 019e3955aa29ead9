import Database from "better-sqlite3";

export type Entry =
  /** To be sent to the vendor under this id; `again` when an earlier call of it was not answered. */
  | { kind: "send"; id: string; again: boolean }
  /** The vendor has it. */
  | { kind: "running"; id: string }
  /** The first request with this `session_id` is still under way. */
  | { kind: "busy" };

type Row = { id: string; status: "submitting" | "unknown" | "running" };

/** Tasks in SQLite: written down before the vendor is called, one for each `session_id`. */
export class TaskBook {
  private readonly insert;
  private readonly findBySession;
  private readonly retryUnknown;
  private readonly setRunning;
  private readonly setUnknown;
  private readonly remove;

  constructor(file: string) {
    const database = new Database(file);
    database.pragma("journal_mode = WAL");
    database.pragma("synchronous = NORMAL");
    database.exec(`
      CREATE TABLE IF NOT EXISTS tasks (
        id TEXT PRIMARY KEY, session_id TEXT UNIQUE, request TEXT NOT NULL, status TEXT NOT NULL, vendor_task_id TEXT,
        created_at INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID`);
    this.insert = database.prepare<[string, string | null, string, number]>(
      `INSERT INTO tasks (id, session_id, request, status, created_at) VALUES (?, ?, ?, 'submitting', ?)
       ON CONFLICT (session_id) DO NOTHING`,
    );
    this.findBySession = database.prepare<[string], Row>("SELECT id, status FROM tasks WHERE session_id = ?");
    this.retryUnknown = database.prepare<[string]>(
      "UPDATE tasks SET status = 'submitting' WHERE id = ? AND status = 'unknown'",
    );
    this.setRunning = database.prepare<[string | null, string]>(
      "UPDATE tasks SET status = 'running', vendor_task_id = ? WHERE id = ?",
    );
    this.setUnknown = database.prepare<[string]>("UPDATE tasks SET status = 'unknown' WHERE id = ?");
    this.remove = database.prepare<[string]>("DELETE FROM tasks WHERE id = ?");
  }

  /** @param id for a task that is new */
  enter(id: string, session: string | null, request: string): Entry {
    if (this.insert.run(id, session, request, Date.now()).changes > 0) return { kind: "send", id, again: false };
    const first = session === null ? undefined : this.findBySession.get(session);
    if (first?.status === "running") return { kind: "running", id: first.id };
    if (first && this.retryUnknown.run(first.id).changes > 0) return { kind: "send", id: first.id, again: true };
    return { kind: "busy" };
  }

  /** @param vendorTaskId null when the answer that held it was lost */
  running(id: string, vendorTaskId: string | null): void {
    this.setRunning.run(vendorTaskId, id);
  }

  unanswered(id: string): void {
    this.setUnknown.run(id);
  }

  refused(id: string): void {
    this.remove.run(id);
  }
}
