import * as z from "zod";
import { ACTIONS } from "./actions/index.ts";
import { vendorTime } from "./clock.ts";
import { configPatch } from "./config.ts";
import type { VendorContext } from "./context.ts";
import { FAULT_KINDS } from "./state/control.ts";
import type { Task } from "./state/tasks.ts";
import { statusOf, timesOf } from "./task-view.ts";

export const CONTROL_PATH = "/_emulator/";

const MAX_FAULT_DELAY_MS = 600_000;
const MAX_ADVANCE_SECONDS = 365 * 24 * 3600;

const faultRequest = z
  .strictObject({
    action: z.enum([...ACTIONS.keys(), "*"]),
    kind: z.enum(FAULT_KINDS),
    code: z.string().min(1).optional(),
    delay_ms: z.int().min(0).max(MAX_FAULT_DELAY_MS).optional(),
    times: z.int().min(1).default(1),
  })
  .refine((fault) => fault.kind !== "error" || fault.code !== undefined, {
    path: ["code"],
    error: 'required for the kind "error"',
  })
  .refine((fault) => !["slow", "late"].includes(fault.kind) || fault.delay_ms !== undefined, {
    path: ["delay_ms"],
    error: 'required for the kinds "slow" and "late"',
  });

const advanceRequest = z.strictObject({ advance_seconds: z.number().min(0).max(MAX_ADVANCE_SECONDS) });

type Handler = (context: VendorContext, body: unknown) => Response;

const ROUTES: Record<string, Partial<Record<string, Handler>>> = {
  health: { GET: () => Response.json({ ok: true }) },
  config: {
    GET: (context) => Response.json(context.config()),
    PUT: withBody(configPatch, (context, patch) => {
      context.changeConfig(patch);
      return Response.json(context.config());
    }),
  },
  faults: {
    GET: (context) => Response.json(context.control.listFaults()),
    /** Ends what is left of them; calls that one has hit already go on as it said. */
    DELETE: (context) => {
      context.control.clearFaults();
      return Response.json([]);
    },
    POST: withBody(faultRequest, (context, fault) => {
      context.control.addFault(fault);
      return Response.json(context.control.listFaults());
    }),
  },
  tasks: { GET: (context) => Response.json(context.tasks.all().map(acceptedTask)) },
  calls: { GET: (context) => Response.json(context.control.callCounts()) },
  /** Puts the emulated clock forward: tasks end, events show up again, the three-day rules pass. */
  clock: {
    GET: clockAnswer,
    POST: withBody(advanceRequest, (context, { advance_seconds }) => {
      context.advanceClock(Math.round(advance_seconds * 1000));
      context.settle();
      return clockAnswer(context);
    }),
  },
  reset: {
    POST: (context) => {
      context.reset();
      return Response.json({ ok: true });
    },
  },
};

/** Answers `/_emulator/*`: JSON, without authentication. */
export async function answerControl(context: VendorContext, request: Request): Promise<Response> {
  const name = new URL(request.url).pathname.slice(CONTROL_PATH.length);
  const route = Object.hasOwn(ROUTES, name) ? ROUTES[name] : undefined;
  if (!route) return failure(404, `no such control call; there are: ${Object.keys(ROUTES).join(", ")}`);
  const handler = route[request.method];
  if (!handler) return failure(405, `use ${Object.keys(route).join(" or ")}`);
  return handler(context, await readJson(request));
}

/** Undefined for a body that is no JSON: the schema then refuses it. */
async function readJson(request: Request): Promise<unknown> {
  const text = await request.text();
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function withBody<S extends z.ZodType>(
  schema: S,
  run: (context: VendorContext, body: z.output<S>) => Response,
): Handler {
  return (context, body) => {
    const result = schema.safeParse(body);
    if (result.success) return run(context, result.data);
    const [issue] = result.error.issues;
    const path = [...(issue?.path ?? []), ...(issue?.code === "unrecognized_keys" ? issue.keys.slice(0, 1) : [])];
    const field = path.map(String).join(".");
    return failure(400, `${field || "body"}: ${issue?.message ?? "invalid"}`, field || "body");
  };
}

function failure(status: number, error: string, field?: string): Response {
  return Response.json({ error, field }, { status });
}

function clockAnswer(context: VendorContext): Response {
  return Response.json({ now: vendorTime(context.clock.emulated()) });
}

function acceptedTask(task: Task) {
  return {
    TaskId: task.taskId,
    Action: task.action,
    SessionId: task.sessionId,
    SessionContext: task.sessionContext,
    Status: statusOf(task),
    ...timesOf(task),
    // The vendor's times above have whole seconds; who counts what ran at once needs finer ones.
    created_at_ms: task.createdAt,
    finished_at_ms: task.finished ? task.endAt : null,
    request: JSON.parse(task.request) as unknown,
  };
}
