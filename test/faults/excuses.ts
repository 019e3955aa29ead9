import type { Journal, Outage, ServerError } from "./journal.ts";

/** Codes of the gateway's own failures; any other 5xx hands on what the vendor said. */
const OWN_FAILURES: ReadonlySet<string> = new Set(["internal_error", "unavailable", "not_configured"]);
const UNAVAILABLE = "unavailable";
/** A call that breaks together with the gateway may be answered a moment after. */
const DOWN_MARGIN_MS = 250;

/** What has a beginning and an end; milliseconds. */
type Call = { sentAt: number; at: number };

/**
 * Whether a 5xx is what was to be expected. While the record is away, tasks are taken all the same, and those that it alone
 * has cannot be shown; while files are away, those who send one are told so.
 */
export function isExcused(error: ServerError, journal: Journal): boolean {
  if (error.code !== undefined && !OWN_FAILURES.has(error.code)) return true;
  if (isWhileDown(error, journal)) return true;
  if (error.code !== UNAVAILABLE) return false;
  const isReading = /^(GET|PUT|DELETE) /.test(error.what);
  return (
    (isReading && isDuring(error, journal.recordAway)) || (error.large === true && isDuring(error, journal.filesAway))
  );
}

export function isWhileDown(call: Call, { down }: Journal): boolean {
  return isDuring(
    call,
    down.map(({ from, to }) => ({ from, to: to + DOWN_MARGIN_MS })),
  );
}

function isDuring({ sentAt, at }: Call, outages: readonly Outage[]): boolean {
  return outages.some(({ from, to }) => at >= from && sentAt <= to);
}
