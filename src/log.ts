/**
 * Fields a log line may carry. Deliberately closed: no bodies, no headers, no URLs with signatures, so that a secret
 * cannot be logged by accident.
 */
export type LogFields = {
  request_id?: string | undefined;
  vendor_task_id?: string | undefined;
  vendor_request_id?: string | undefined;
  owner?: string | undefined;
  action?: string | undefined;
  attempt?: number | undefined;
  status?: string | number | undefined;
  code?: string | undefined;
  reason?: string | undefined;
  event_type?: string | undefined;
  count?: number | undefined;
  duration_ms?: number | undefined;
  method?: string | undefined;
  route?: string | undefined;
  /** Text of an error of ours or of the platform; never of a client's or the vendor's body. */
  error?: string | undefined;
};

type Level = "info" | "warn" | "error";

/**
 * One line of JSON per event, with a stable dotted name; the platform indexes each field. As text, because formatting an
 * object for the console costs more than all else in a submission's logging.
 */
export function log(level: Level, event: string, fields: LogFields = {}): void {
  // oxlint-disable-next-line no-console -- the one place that writes to the console
  console[level](JSON.stringify({ event, ...fields }));
}
