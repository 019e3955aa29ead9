import type { EventRow } from "./types.ts";

export type NewEvent = {
  id: string;
  eventType: string;
  taskId: string | null;
  vendorTaskId: string | null;
  body: string;
  now: number;
  /** `null`: nothing to apply, kept for the record. Else when to try again should the first try die. */
  checkAt: number | null;
};

export function createEventStore(db: D1Database) {
  return {
    /**
     * Keeps an event as it came.
     * @returns true for the first copy, which is also leased to the caller until `checkAt`.
     */
    async insert(event: NewEvent): Promise<boolean> {
      const done = await db
        .prepare(
          `INSERT INTO events (id, event_type, task_id, vendor_task_id, body, state, attempts, check_at, received_at)
           VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, ?7, ?8) ON CONFLICT (id) DO NOTHING`,
        )
        .bind(
          event.id,
          event.eventType,
          event.taskId,
          event.vendorTaskId,
          event.body,
          event.checkAt === null ? "ignored" : "waiting",
          event.checkAt,
          event.now,
        )
        .run();
      return done.meta.changes > 0;
    },

    /** Events that wait for another try, the longest waiting first. */
    async due(now: number, limit: number): Promise<EventRow[]> {
      const rows = await db
        .prepare("SELECT * FROM events WHERE check_at <= ?1 AND state = 'waiting' ORDER BY check_at LIMIT ?2")
        .bind(now, limit)
        .all<EventRow>();
      return rows.results;
    },

    /** Takes a waiting event whose time has come. Gives its attempt number, or undefined when another was faster. */
    async lease({ id, now, until }: { id: string; now: number; until: number }): Promise<number | undefined> {
      const row = await db
        .prepare(
          `UPDATE events SET attempts = attempts + 1, check_at = ?3
           WHERE id = ?1 AND state = 'waiting' AND check_at <= ?2 RETURNING attempts`,
        )
        .bind(id, now, until)
        .first<{ attempts: number }>();
      return row?.attempts;
    },

    async postpone({ id, checkAt }: { id: string; checkAt: number }): Promise<void> {
      await db.prepare("UPDATE events SET check_at = ?2 WHERE id = ?1 AND state = 'waiting'").bind(id, checkAt).run();
    },

    /** Settles an event that changes nothing. */
    async ignore({ id, now }: { id: string; now: number }): Promise<void> {
      await db
        .prepare(
          "UPDATE events SET state = 'ignored', settled_at = ?2, check_at = NULL WHERE id = ?1 AND state = 'waiting'",
        )
        .bind(id, now)
        .run();
    },

    /** When an event waits to be tried again; null when none does. */
    async nextCheck(): Promise<number | null> {
      const row = await db
        .prepare("SELECT min(check_at) AS at FROM events WHERE check_at IS NOT NULL")
        .first<{ at: number | null }>();
      return row?.at ?? null;
    },
  };
}
