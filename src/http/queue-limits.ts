import type { Context } from "hono";
import * as z from "zod";
import type { AppEnv } from "./app-env.ts";
import { numeric } from "./fields.ts";
import { rejectInvalid } from "./problems.ts";

/** A task of three days ago is gone at the vendor; nobody waits longer for one to start. */
export const START_TIMEOUT_MAX_SECONDS = 3 * 24 * 60 * 60;

const rangeError = { error: `Use a number of seconds from 1 to ${START_TIMEOUT_MAX_SECONDS}.` };
/** Whole seconds: a fraction counts as the next one. */
export const startTimeout = numeric.pipe(
  z
    .number(rangeError)
    .min(1, rangeError)
    .max(START_TIMEOUT_MAX_SECONDS, rangeError)
    .transform((seconds) => Math.ceil(seconds)),
);
const queueLength = z.coerce
  .number({ error: "Use a whole number from 0." })
  .int()
  .min(0, { error: "Use a whole number from 0." });

/** fal's start deadline, the header `x-fal-request-timeout`: seconds until the task must have started. */
export function startTimeoutSeconds(c: Context<AppEnv>): number | undefined {
  return optional(startTimeout, c.req.header("x-fal-request-timeout"), ["header", "x-fal-request-timeout"]);
}

/** fal's `fal_max_queue_length`: refuse rather than wait behind more than this. */
export function maxQueueLength(c: Context<AppEnv>): number | undefined {
  return optional(queueLength, c.req.query("fal_max_queue_length"), ["query", "fal_max_queue_length"]);
}

function optional(schema: z.ZodType<number>, text: string | undefined, loc: string[]): number | undefined {
  if (text === undefined || text === "") return undefined;
  const parsed = schema.safeParse(text);
  if (parsed.success) return parsed.data;
  return rejectInvalid([{ loc, msg: parsed.error.issues[0]?.message ?? "invalid", type: "value_error" }]);
}
