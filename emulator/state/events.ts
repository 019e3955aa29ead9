/** One copy of an event on its way to the notification URL. */
export type Delivery = {
  id: number;
  taskSeq: number;
  /** Sends so far, this one included. */
  sends: number;
};

export type PulledEvent = { taskSeq: number; handle: string };

type DeliveryRow = { id: number; task_seq: number; sends: number };

export class EventStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  addDelivery(taskSeq: number, dueAt: number): void {
    this.#sql.exec("INSERT INTO deliveries (task_seq, due_at) VALUES (?, ?)", taskSeq, Math.ceil(dueAt));
  }

  /**
   * Takes what is due. Each becomes due again at `leaseUntil` unless it is settled before: a process that dies while
   * it sends thus sends once more.
   */
  takeDueDeliveries(now: number, leaseUntil: number): Delivery[] {
    return this.#sql
      .exec<DeliveryRow>(
        "UPDATE deliveries SET due_at = ?, sends = sends + 1 WHERE due_at <= ? RETURNING id, task_seq, sends",
        leaseUntil,
        now,
      )
      .toArray()
      .map((row) => ({ id: row.id, taskSeq: row.task_seq, sends: row.sends }));
  }

  retryDelivery(id: number, dueAt: number): void {
    this.#sql.exec("UPDATE deliveries SET due_at = ? WHERE id = ?", dueAt, id);
  }

  removeDelivery(id: number): void {
    this.#sql.exec("DELETE FROM deliveries WHERE id = ?", id);
  }

  nextDelivery(): number | undefined {
    return this.#sql.exec<{ at: number | null }>("SELECT MIN(due_at) AS at FROM deliveries").one().at ?? undefined;
  }

  queue(taskSeq: number, now: number): void {
    this.#sql.exec("INSERT INTO queued_events (task_seq, created_at, visible_at) VALUES (?, ?, ?)", taskSeq, now, now);
  }

  dropQueuedBefore(time: number): void {
    this.#sql.exec("DELETE FROM queued_events WHERE created_at < ?", time);
  }

  /** Takes the oldest visible events and hides them until `hiddenUntil`; each gets a handle that is good until then. */
  pull(now: number, hiddenUntil: number, limit: number, newHandle: () => string): PulledEvent[] {
    const rows = this.#sql
      .exec<{ id: number; task_seq: number }>(
        "SELECT id, task_seq FROM queued_events WHERE visible_at <= ? ORDER BY id LIMIT ?",
        now,
        limit,
      )
      .toArray();
    return rows.map((row) => {
      const handle = newHandle();
      this.#sql.exec("UPDATE queued_events SET handle = ?, visible_at = ? WHERE id = ?", handle, hiddenUntil, row.id);
      return { taskSeq: row.task_seq, handle };
    });
  }

  /** A handle counts only while its event is hidden. */
  isConfirmable(handle: string, now: number): boolean {
    return (
      this.#sql.exec("SELECT 1 FROM queued_events WHERE handle = ? AND visible_at > ?", handle, now).toArray().length >
      0
    );
  }

  confirm(handle: string): void {
    this.#sql.exec("DELETE FROM queued_events WHERE handle = ?", handle);
  }

  countToPull(now: number): number {
    return this.#sql.exec<{ n: number }>("SELECT COUNT(*) AS n FROM queued_events WHERE visible_at <= ?", now).one().n;
  }
}
