import * as z from "zod";
import type { Deps } from "../deps.ts";
import type { Tc3Credentials } from "../signing/tc3.ts";
import { MAX_ECHO_BYTES } from "./answer-text.ts";
import { createTask, type CreateResult, type CreateSession } from "./create.ts";
import { type PulledEvent, pulledEvents, readPulledEvents } from "./events.ts";
import { findTasks, type Look, type LookInput } from "./find.ts";
import type { LargeRequest } from "./large-request.ts";
import type { CreateAction } from "./requests.ts";
import { taskDetail, type TaskDetail, taskList } from "./tasks.ts";
import { timeLimit, twoTimeLimits } from "./time-limit.ts";
import { createTransport, renewingSignature, shaped, type VendorResult } from "./transport.ts";

export { CREATE_CALL_MAX_MS, CREATE_TIMEOUT_MS, REQUEST_READ_TIMEOUT_MS } from "./call-limits.ts";
export type { CreateResult, CreateSession } from "./create.ts";
export type { Look, LookInput } from "./find.ts";
export type { LargeRequest } from "./large-request.ts";
export type { Unsent, VendorRefusal, VendorResult, VendorSilence } from "./transport.ts";

/** Until an answer begins. Short, because a re-read happens inside the vendor's own 5 s for a notification. */
export const DESCRIBE_TIMEOUT_MS = 3_000;
/** The vendor holds PullEvents for 5 s while there is nothing, and asks for this limit (tencent-vod facts §3.5). */
export const PULL_TIMEOUT_MS = 10_000;
const CONFIRM_TIMEOUT_MS = 3_000;
/** At once, when pulled and when confirmed: the vendor's rule. */
export const EVENTS_PER_CALL = 16;
/** Read of a task's answer, most of it an echo of the request's files, which is dropped on the way. */
export const MAX_DETAIL_BYTES = MAX_ECHO_BYTES;
/** Each event can echo as much. */
const MAX_EVENTS_READ_BYTES = EVENTS_PER_CALL * MAX_ECHO_BYTES;
/** Without the echoes as much for each event as an HTTP notification may have. */
const MAX_EVENTS_KEPT_BYTES = EVENTS_PER_CALL * 1024 * 1024;

/** For answers that may hold such echoes, once they have begun. */
export const ECHO_READ_TIMEOUT_MS = 20_000;

type Limits = {
  timeoutMs: number;
  /** Once the answer has begun; without it the other limit is for everything. */
  readTimeoutMs?: number;
  maxReadBytes?: number;
  maxKeptBytes?: number;
};

export type VodClient = ReturnType<typeof createVodClient>;

/** The only code that talks to Tencent Cloud. Never throws for what the vendor or the network does. */
export function createVodClient(
  options: { endpoint: string; subAppId: number; credentials: Tc3Credentials },
  deps: Deps,
) {
  const { subAppId } = options;
  const transport = createTransport(options, deps);

  async function call<T>(
    action: string,
    body: object,
    { shape, timeoutMs, readTimeoutMs, ...bytes }: Limits & { shape: z.ZodType<T> },
  ): Promise<VendorResult<T>> {
    const payload = JSON.stringify({ ...body, SubAppId: subAppId });
    const time = readTimeoutMs ? twoTimeLimits({ beginMs: timeoutMs, readMs: readTimeoutMs }) : timeLimit(timeoutMs);
    return shaped(await renewingSignature(() => transport.send(action, { payload }, { time, ...bytes })), shape);
  }

  return {
    /**
     * Creates a paid task.
     * @param request JSON of the vendor request, as `storableRequest` made it, or where a large one lies
     */
    createTask(action: CreateAction, request: string | LargeRequest, session: CreateSession): Promise<CreateResult> {
      return createTask(transport, { action, request, subAppId, session });
    },

    /** Stops a task that still waits at the vendor; one that is being worked on is refused. */
    abortTask(vendorTaskId: string): Promise<VendorResult<unknown>> {
      const body = { TaskId: vendorTaskId, OperationType: "Abort" };
      return call("ManageTask", body, { timeoutMs: DESCRIBE_TIMEOUT_MS, shape: z.unknown() });
    },

    /** Looks for tasks whose ids never arrived, by the SessionIds they were sent with. Makes up to 100 calls in a row. */
    findTasks(input: LookInput): Promise<Look> {
      const limits = { timeoutMs: DESCRIBE_TIMEOUT_MS, shape: taskList };
      return findTasks((body) => call("DescribeTasks", body, limits), input, deps.now());
    },

    /** Reads a task of the last three days, by the vendor's id. */
    describeTask(vendorTaskId: string): Promise<VendorResult<TaskDetail>> {
      const time = { timeoutMs: DESCRIBE_TIMEOUT_MS, readTimeoutMs: ECHO_READ_TIMEOUT_MS };
      const limits = { ...time, maxReadBytes: MAX_DETAIL_BYTES, shape: taskDetail };
      return call("DescribeTaskDetail", { TaskId: vendorTaskId }, limits);
    },

    /**
     * Takes at most {@link EVENTS_PER_CALL} events from the vendor's queue; waits some seconds for the first. They come
     * again after 30 s unless they are confirmed by then.
     */
    async pullEvents(): Promise<VendorResult<PulledEvent[]>> {
      const time = { timeoutMs: PULL_TIMEOUT_MS, readTimeoutMs: ECHO_READ_TIMEOUT_MS };
      const bytes = { maxReadBytes: MAX_EVENTS_READ_BYTES, maxKeptBytes: MAX_EVENTS_KEPT_BYTES };
      const answer = await call("PullEvents", {}, { ...time, ...bytes, shape: pulledEvents });
      if (answer.ok) return { ok: true, value: readPulledEvents(answer.value) };
      const empty = answer.error.kind === "refused" && answer.error.code === "ResourceNotFound";
      return empty ? { ok: true, value: [] } : answer;
    },

    /** Takes events out of the vendor's queue for good: within 30 s of the pull, {@link EVENTS_PER_CALL} at most. */
    confirmEvents(handles: string[]): Promise<VendorResult<unknown>> {
      const body = { EventHandles: handles };
      return call("ConfirmEvents", body, { timeoutMs: CONFIRM_TIMEOUT_MS, shape: z.unknown() });
    },
  };
}
