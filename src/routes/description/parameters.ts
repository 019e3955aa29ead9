import { START_TIMEOUT_MAX_SECONDS } from "../../http/queue-limits.ts";

const parameter = (place: "header" | "query", name: string, schema: object, description: string) => ({
  in: place,
  name,
  required: false,
  schema,
  description,
});

/** What goes with every submission beside its body. The routes read them where they are needed, so no schema has them. */
export const SUBMISSION_PARAMETERS = [
  parameter(
    "header",
    "Idempotency-Key",
    { type: "string", minLength: 1, maxLength: 255 },
    "The same key with the same body gets the first answer again. Left out: nothing is recognised.",
  ),
  parameter(
    "header",
    "x-fal-request-timeout",
    { type: "number", minimum: 1, maximum: START_TIMEOUT_MAX_SECONDS },
    "Seconds until the task must have been sent to the vendor. Left out: it waits.",
  ),
  parameter(
    "query",
    "fal_max_queue_length",
    { type: "integer", minimum: 0 },
    "Refuses the task if more tasks wait than this. Left out: it waits behind any number.",
  ),
  parameter(
    "query",
    "dry_run",
    { type: "string", enum: ["0", "1", "true", "false"], default: "0" },
    "With 1: answers what would be sent, and does nothing.",
  ),
];
