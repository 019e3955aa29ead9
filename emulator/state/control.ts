import type { ConfigPatch } from "../config.ts";

export const FAULT_KINDS = [
  "error",
  "http_500",
  "drop_before_accept",
  "drop_after_accept",
  "slow",
  "late",
  "bad_json",
] as const;

export type Fault = {
  /** `"*"` is every action. */
  action: string;
  kind: (typeof FAULT_KINDS)[number];
  /** For `error`. */
  code?: string | undefined;
  /** For `slow` and `late`. */
  delay_ms?: number | undefined;
  /** How many calls it still hits. */
  times: number;
};

type FaultRow = {
  id: number;
  action: string;
  kind: string;
  code: string | null;
  delay_ms: number | null;
  times: number;
};

/** What the control calls set and read. */
export class ControlStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** What was changed against the initial configuration. */
  readConfigChanges(): ConfigPatch {
    return JSON.parse(this.#readSetting("config") ?? "{}") as ConfigPatch;
  }

  writeConfigChanges(changes: ConfigPatch): void {
    this.#writeSetting("config", JSON.stringify(changes));
  }

  /** The event switches of ModifyEventConfig that were set. */
  readEventSwitches(): Record<string, string> {
    return JSON.parse(this.#readSetting("event_switches") ?? "{}") as Record<string, string>;
  }

  writeEventSwitches(switches: Record<string, string | undefined>): void {
    this.#writeSetting("event_switches", JSON.stringify(switches));
  }

  readClockOffsetMs(): number {
    return Number(this.#readSetting("clock_offset_ms") ?? "0");
  }

  writeClockOffsetMs(offsetMs: number): void {
    this.#writeSetting("clock_offset_ms", String(offsetMs));
  }

  addFault(fault: Fault): void {
    this.#sql.exec(
      "INSERT INTO faults (action, kind, code, delay_ms, times) VALUES (?, ?, ?, ?, ?)",
      fault.action,
      fault.kind,
      fault.code ?? null,
      fault.delay_ms ?? null,
      fault.times,
    );
  }

  listFaults(): Fault[] {
    return this.#sql.exec<FaultRow>("SELECT * FROM faults ORDER BY id").toArray().map(faultOf);
  }

  clearFaults(): void {
    this.#sql.exec("DELETE FROM faults");
  }

  /** Uses up one of the oldest fault's times for this action. */
  takeFault(action: string): Fault | undefined {
    const [row] = this.#sql
      .exec<FaultRow>("SELECT * FROM faults WHERE action IN (?, '*') ORDER BY id LIMIT 1", action)
      .toArray();
    if (!row) return undefined;
    if (row.times > 1) this.#sql.exec("UPDATE faults SET times = times - 1 WHERE id = ?", row.id);
    else this.#sql.exec("DELETE FROM faults WHERE id = ?", row.id);
    return faultOf(row);
  }

  countCall(action: string, code: string): void {
    this.#sql.exec(
      "INSERT INTO calls (action, code, n) VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET n = n + 1",
      action,
      code,
    );
  }

  callCounts(): Record<string, Record<string, number>> {
    const counts: Record<string, Record<string, number>> = {};
    for (const row of this.#sql.exec<{ action: string; code: string; n: number }>("SELECT * FROM calls"))
      (counts[row.action] ??= {})[row.code] = row.n;
    return counts;
  }

  #readSetting(name: string): string | undefined {
    return this.#sql.exec<{ value: string }>("SELECT value FROM settings WHERE name = ?", name).toArray()[0]?.value;
  }

  #writeSetting(name: string, value: string): void {
    this.#sql.exec("INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)", name, value);
  }
}

function faultOf(row: FaultRow): Fault {
  return {
    action: row.action,
    kind: row.kind as Fault["kind"],
    ...(row.code === null ? {} : { code: row.code }),
    ...(row.delay_ms === null ? {} : { delay_ms: row.delay_ms }),
    times: row.times,
  };
}
