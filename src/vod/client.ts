import * as z from "zod";
import type { Deps } from "../deps.ts";
import { createTc3Signer } from "../signing/tc3-signer.ts";
import type { Tc3Credentials } from "../signing/tc3.ts";
import { readLimitedText } from "../util/limited-text.ts";
import { ruleOf, type VendorErrorRule } from "./errors.ts";
import { type PulledEvent, pulledEvents, readPulledEvents } from "./events.ts";
import type { CreateAction, VendorRequest } from "./requests.ts";
import { taskDetail, type TaskDetail, taskList } from "./tasks.ts";

const API_VERSION = "2018-07-17";
const SERVICE = "vod";

/** A create call that takes longer counts as unanswered; the vendor usually answers within a second. */
export const CREATE_TIMEOUT_MS = 15_000;
/** Short, because a re-read happens inside the vendor's own 5 s for a notification. */
export const DESCRIBE_TIMEOUT_MS = 3_000;
/** Both clocks' error. */
const FIND_MARGIN_MS = 2 * 60 * 1000;
const FIND_LIMIT = 100;
/** Together 2,000 tasks: more have seldom been made between a lost answer and the look for it. */
const FIND_PAGES = 20;
/** The vendor holds PullEvents for 5 s while there is nothing, and asks for this limit (tencent-vod facts §3.5). */
export const PULL_TIMEOUT_MS = 10_000;
const CONFIRM_TIMEOUT_MS = 3_000;
/** At once, when pulled and when confirmed: the vendor's rule. */
export const EVENTS_PER_CALL = 16;
const MAX_ANSWER_BYTES = 1024 * 1024;
/** As much for each event as an HTTP notification may have. */
const MAX_EVENTS_ANSWER_BYTES = EVENTS_PER_CALL * MAX_ANSWER_BYTES;

/** The vendor said no: an `Error` in an answer, which comes with HTTP 200. */
export type VendorRefusal = {
  kind: "refused";
  code: string;
  message: string;
  requestId?: string;
  rule: VendorErrorRule;
};
/** No usable answer: whether the vendor acted on the call is not known. */
export type VendorSilence = {
  kind: "silent";
  reason: "timeout" | "network" | "http_status" | "not_json" | "too_large" | "shape";
};
export type VendorResult<T> = { ok: true; value: T } | { ok: false; error: VendorRefusal | VendorSilence };

type Limits = { timeoutMs: number; maxAnswerBytes?: number };

const envelope = z.looseObject({
  Response: z.looseObject({
    RequestId: z.string().optional(),
    Error: z.looseObject({ Code: z.string(), Message: z.string().default("") }).optional(),
  }),
});
const created = z.looseObject({ TaskId: z.string().min(1), RequestId: z.string().default("") });

export type VodClient = ReturnType<typeof createVodClient>;

/** The only code that talks to Tencent Cloud. Never throws for what the vendor or the network does. */
export function createVodClient(
  options: { endpoint: string; subAppId: number; credentials: Tc3Credentials },
  deps: Deps,
) {
  const url = new URL(options.endpoint);
  const signer = createTc3Signer({ credentials: options.credentials, service: SERVICE });

  async function send(action: string, payload: string, limits: Limits): Promise<VendorResult<unknown>> {
    const headers = await signer.sign({
      host: url.host,
      action,
      version: API_VERSION,
      payload,
      timestamp: Math.floor(deps.now() / 1000),
    });
    let text: string | undefined;
    try {
      const signal = AbortSignal.timeout(limits.timeoutMs);
      const response = await deps.fetch(
        new Request(url, { method: "POST", headers, body: payload, signal, redirect: "manual" }),
      );
      if (response.status !== 200) {
        await response.body?.cancel();
        return silent("http_status");
      }
      text = await readLimitedText(response, limits.maxAnswerBytes ?? MAX_ANSWER_BYTES);
    } catch (error) {
      return silent(error instanceof DOMException && error.name === "TimeoutError" ? "timeout" : "network");
    }
    if (text === undefined) return silent("too_large");
    return parseAnswer(text);
  }

  /** One call; a signature that expired on the way is renewed once. */
  async function call<T>(
    action: string,
    body: object,
    { shape, ...limits }: Limits & { shape: z.ZodType<T> },
  ): Promise<VendorResult<T>> {
    const payload = JSON.stringify({ ...body, SubAppId: options.subAppId });
    let result = await send(action, payload, limits);
    if (!result.ok && result.error.kind === "refused" && result.error.rule.resend === "fresh_timestamp") {
      result = await send(action, payload, limits);
    }
    if (!result.ok) return result;
    const parsed = shape.safeParse(result.value);
    return parsed.success ? { ok: true, value: parsed.data } : silent("shape");
  }

  return {
    /** Creates a paid task. `sessionId` makes a repetition of the same call be refused instead of paid twice. */
    createTask(action: CreateAction, request: VendorRequest, session: { sessionId: string; sessionContext: string }) {
      const body = { ...request, SessionId: session.sessionId, SessionContext: session.sessionContext };
      return call(action, body, { timeoutMs: CREATE_TIMEOUT_MS, shape: created });
    },

    /** Stops a task that still waits at the vendor; one that is being worked on is refused. */
    abortTask(vendorTaskId: string): Promise<VendorResult<unknown>> {
      const body = { TaskId: vendorTaskId, OperationType: "Abort" };
      return call("ManageTask", body, { timeoutMs: DESCRIBE_TIMEOUT_MS, shape: z.unknown() });
    },

    /**
     * The vendor's id of the task that was created with this SessionId between `createdFrom` and `createdTo`
     * (milliseconds), latest first; undefined when the vendor's list does not show it.
     */
    async findTask({
      sessionId,
      createdFrom,
      createdTo,
    }: {
      sessionId: string;
      createdFrom: number;
      createdTo: number;
    }): Promise<VendorResult<string | undefined>> {
      const CreateTime = {
        After: isoSeconds(createdFrom - FIND_MARGIN_MS),
        Before: isoSeconds(createdTo + FIND_MARGIN_MS),
      };
      const Sort = { Field: "CreateTime", Order: "Desc" };
      let scrollToken: string | undefined;
      for (let page = 0; page < FIND_PAGES; page++) {
        const body = { CreateTime, Sort, Limit: FIND_LIMIT, ...(scrollToken && { ScrollToken: scrollToken }) };
        const list = await call("DescribeTasks", body, { timeoutMs: DESCRIBE_TIMEOUT_MS, shape: taskList });
        if (!list.ok) return list;
        const found = list.value.TaskSet?.find((task) => task.SessionId === sessionId);
        scrollToken = list.value.ScrollToken || undefined;
        if (found || !scrollToken) return { ok: true, value: found?.TaskId };
      }
      return { ok: true, value: undefined };
    },

    /** Reads a task of the last three days, by the vendor's id. */
    describeTask(vendorTaskId: string): Promise<VendorResult<TaskDetail>> {
      const body = { TaskId: vendorTaskId };
      return call("DescribeTaskDetail", body, { timeoutMs: DESCRIBE_TIMEOUT_MS, shape: taskDetail });
    },

    /**
     * Takes at most {@link EVENTS_PER_CALL} events from the vendor's queue; waits some seconds for the first. They come
     * again after 30 s unless they are confirmed by then.
     */
    async pullEvents(): Promise<VendorResult<PulledEvent[]>> {
      const limits = { timeoutMs: PULL_TIMEOUT_MS, maxAnswerBytes: MAX_EVENTS_ANSWER_BYTES };
      const answer = await call("PullEvents", {}, { ...limits, shape: pulledEvents });
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

/** The vendor's times have no fraction. */
function isoSeconds(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, "Z");
}

function silent(reason: VendorSilence["reason"]): { ok: false; error: VendorSilence } {
  return { ok: false, error: { kind: "silent", reason } };
}

function parseAnswer(text: string): VendorResult<unknown> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return silent("not_json");
  }
  const parsed = envelope.safeParse(json);
  if (!parsed.success) return silent("shape");
  const { Error: refusal, RequestId: requestId } = parsed.data.Response;
  if (!refusal) return { ok: true, value: parsed.data.Response };
  const error: VendorRefusal = {
    kind: "refused",
    code: refusal.Code,
    message: refusal.Message,
    ...(requestId && { requestId }),
    rule: ruleOf(refusal.Code),
  };
  return { ok: false, error };
}
