import type { SoakReport } from "./soak.ts";
import type { ViolationKind } from "./verdict.ts";

/** The soak's table, one figure in each row. */
export function reportRows(seed: number, report: SoakReport): { FIGURE: string; VALUE: string }[] {
  const { totals, journal, violations } = report;
  const count = (...kinds: ViolationKind[]) => violations.filter(({ kind }) => kinds.includes(kind)).length;
  const seconds = (value: number | null) => (value === null ? "-" : `${value.toFixed(1)} s`);
  const figures: [string, number | string][] = [
    ["seed", seed],
    ["orders sent", report.orders],
    ["tasks accepted", totals.accepted],
    ["  refused by the vendor", totals.refused],
    [`  canceled, of ${journal.cancelsTried} tries`, totals.canceled],
    ["vendor tasks", totals.vendorTasks],
    ["  paid", totals.paid],
    ["duplicates", count("duplicate")],
    ["lost", count("lost")],
    ["not terminal", count("not_terminal")],
    ["wrong results", count("wrong_result")],
    ["wrong session_id or key", count("wrong_session", "wrong_key")],
    ["wrong in D1", count("wrong_record")],
    ["left over in object or R2", count("left_over")],
    ["forged events tried", totals.forgedTried],
    ["  accepted", totals.forgedAccepted],
    ["unexcused 5xx", count("server_error")],
    ["other violations", count("strange")],
    ["kills", journal.down.length],
    ["object's deaths, second lives", `${journal.deaths}, ${journal.secondLives}`],
    ["D1 away, R2 away", `${journal.recordAway.length}, ${journal.filesAway.length} times`],
    ["content removed", journal.erased.size],
    ["client connections broken", journal.networkErrors],
    ["genuine events relayed", journal.eventsRelayed],
    ["tasks whose events were all lost", totals.lostCallbacks],
    ["  healed after, median", seconds(totals.healSecondsMedian)],
    ["  healed after, at most", seconds(totals.healSecondsMax)],
    ["duration", seconds(report.seconds)],
  ];
  return figures.map(([FIGURE, value]) => ({ FIGURE, VALUE: String(value) }));
}
