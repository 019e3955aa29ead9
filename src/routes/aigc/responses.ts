import * as z from "zod";
import { answer } from "../../http/openapi.ts";

/** The fixed answers of this dialect, for the API description. */

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
});

const problem = z.object({ loc: z.array(z.union([z.string(), z.int()])), msg: z.string(), type: z.string() });
const error = z.object({
  detail: z.union([z.string(), z.array(problem)]),
  message: z.string(),
  code: z.string(),
  request_id: z.uuid().optional(),
});

const refused = answer("Refused", error);

export const submitResponses = {
  200: answer("Accepted", submitted),
  401: refused,
  409: answer("This session_id was used within three days; the answer names the first task", error),
  422: refused,
  429: refused,
};

export const readErrors = { 401: refused, 403: refused, 404: refused };
