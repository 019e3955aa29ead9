import * as z from "zod";
import { answer } from "../../http/openapi.ts";
import { dryRunAnswer } from "../dry-run.ts";

/** The fixed answers of this dialect, for the API description. */

const problem = z.object({
  loc: z.array(z.union([z.string(), z.int()])),
  msg: z.string(),
  type: z.string(),
  ctx: z.looseObject({}).optional(),
});

const submitted = z.object({
  status: z.literal("IN_QUEUE"),
  request_id: z.uuid(),
  response_url: z.url(),
  status_url: z.url(),
  cancel_url: z.url(),
  logs: z.null(),
  metrics: z.object({}),
  queue_position: z.int(),
  id: z.uuid(),
  task_id: z.uuid(),
  Response: z.object({ TaskId: z.uuid(), RequestId: z.uuid() }),
  warnings: z.array(problem).optional(),
});
const error = z.object({
  detail: z.union([z.string(), z.array(problem)]),
  message: z.string(),
  code: z.string(),
  request_id: z.uuid().optional(),
});

const refused = answer("Refused", error);

export const submitResponses = {
  200: answer("Accepted; with ?dry_run=1, what would be sent", z.union([submitted, dryRunAnswer])),
  401: refused,
  409: answer("This session_id was used within three days; the answer names the first task", error),
  422: refused,
  429: refused,
};

export const readErrors = { 401: refused, 403: refused, 404: refused };
