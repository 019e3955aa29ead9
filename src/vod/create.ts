import { CREATE_TIMEOUT_MS, REQUEST_READ_TIMEOUT_MS } from "./call-limits.ts";
import * as z from "zod";
import { hashOf, type LargeRequest, UnreadableRequestError, uploadOf } from "./large-request.ts";
import type { CreateAction } from "./requests.ts";
import { VENDOR_TASK_ID_MAX_CHARACTERS } from "./tasks.ts";
import { timeLimit } from "./time-limit.ts";
import {
  renewingSignature,
  shaped,
  type Transport,
  type Unsent,
  type VendorRefusal,
  type VendorResult,
  type VendorSilence,
} from "./transport.ts";

export type CreateSession = {
  /** Makes a repetition of the same call be refused instead of paid twice. */
  sessionId: string;
  /** Comes back with the task and with its event. */
  sessionContext: string;
};

export type CreatedTask = z.infer<typeof created>;
export type CreateResult = VendorResult<CreatedTask, VendorRefusal | VendorSilence | Unsent>;

const created = z.looseObject({
  TaskId: z.string().min(1).max(VENDOR_TASK_ID_MAX_CHARACTERS),
  RequestId: z.string().default(""),
});

/**
 * Creates a paid task. The payload is the stored text with three members more: it is neither parsed nor written anew, so
 * that a large one need not be held.
 * @param request JSON, as `storableRequest` made it
 */
export async function createTask(
  transport: Transport,
  {
    action,
    request,
    subAppId,
    session,
  }: {
    action: CreateAction;
    request: string | LargeRequest;
    subAppId: number;
    session: CreateSession;
  },
): Promise<CreateResult> {
  const added = { SubAppId: subAppId, SessionId: session.sessionId, SessionContext: session.sessionContext };
  const tail = `,${JSON.stringify(added).slice(1)}`;
  const result = await (typeof request === "string"
    ? sendText(transport, action, request, tail)
    : sendLarge(transport, action, request, tail));
  return shaped(result, created);
}

type Sent = VendorResult<unknown, VendorRefusal | VendorSilence | Unsent>;

async function sendText(transport: Transport, action: CreateAction, request: string, tail: string): Promise<Sent> {
  if (!request.endsWith("}")) return { ok: false, error: { kind: "unsent", gone: true } };
  const payload = request.slice(0, -1) + tail;
  const time = timeLimit(CREATE_TIMEOUT_MS);
  return renewingSignature(() => transport.send(action, { payload }, { time }));
}

/** In two passes, one to hash and one to send. */
async function sendLarge(
  transport: Transport,
  action: CreateAction,
  request: LargeRequest,
  tail: string,
): Promise<Sent> {
  const preparing = AbortSignal.timeout(REQUEST_READ_TIMEOUT_MS);
  const time = timeLimit(CREATE_TIMEOUT_MS);
  let openLimit = preparing;
  try {
    const payloadHash = await hashOf(request, tail, preparing);
    return await renewingSignature<unknown, VendorRefusal | VendorSilence | Unsent>(async () => {
      const upload = await uploadOf(request, tail, openLimit);
      const result = await transport.send(action, { payloadHash, body: upload.body }, { time });
      const cutOff = upload.state() === "unreadable" || (upload.state() === "reading" && isTimeout(result));
      upload.stop();
      openLimit = time.signal();
      // Also when a refusal came: it is for the torn body.
      return cutOff && !result.ok ? { ok: false, error: { kind: "unsent", gone: false } } : result;
    });
  } catch (error) {
    if (error instanceof UnreadableRequestError) return { ok: false, error: error.unsent };
    throw error;
  }
}

function isTimeout(result: VendorResult<unknown>): boolean {
  return !result.ok && result.error.kind === "silent" && result.error.reason === "timeout";
}
