import type { Services } from "../services.ts";
import { sha256Hex } from "../signing/encoding.ts";
import type { TaskFailure, TaskRow } from "../store/types.ts";
import type { CreateAction, VendorRequest } from "../vod/requests.ts";
import { CLAIM_LIFETIME_MS } from "./limits.ts";
import { sendToVendor, SUBMISSION_OVERDUE_MS } from "./send.ts";
import { newTaskId } from "./task-id.ts";

/** How long a repetition waits for the first request with its Idempotency-Key; beyond it the task's acceptance is the answer. */
export const REPLAY_WAIT_MS = 20_000;
const REPLAY_POLL_FIRST_MS = 25;
const REPLAY_POLL_MAX_MS = 400;

/** What a dialect makes of a client's request. */
export type TaskDraft = {
  owner: string;
  dialect: string;
  action: CreateAction;
  request: VendorRequest;
  /** The model as the client named it, where the dialect has names of its own. */
  clientModel?: string | undefined;
  sessionId?: string | undefined;
  sessionContext?: string | undefined;
  idempotencyKey?: string | undefined;
};

export type SubmitOutcome =
  | { kind: "accepted"; task: TaskRow; replayed: boolean }
  | { kind: "refused"; task: TaskRow; failure: TaskFailure; replayed: boolean }
  | { kind: "duplicate_session"; firstTaskId: string }
  | { kind: "idempotency_key_reused"; firstTaskId: string };

/**
 * Takes a task: claims its `session_id` and Idempotency-Key, writes the intent, calls the vendor once.
 * An unanswered call is an accepted task whose state is `unknown`, never a failure: it may be paid already.
 */
export async function submitTask(services: Services, draft: TaskDraft): Promise<SubmitOutcome> {
  const { store, deps } = services;
  const now = deps.now();
  // With an Idempotency-Key the repetition is to be answered like the first, which only D1 can tell.
  if (draft.sessionId && !draft.idempotencyKey) {
    const firstTaskId = await store.dedupe.find(draft.owner, draft.sessionId, now);
    if (firstTaskId) return { kind: "duplicate_session", firstTaskId };
  }

  const task = newTask(services, draft, now);
  const fingerprint = await fingerprintOf(draft);
  const created = await store.tasks.create({
    task,
    request: JSON.stringify(draft.request),
    fingerprint,
    now,
    claimsExpireAt: now + CLAIM_LIFETIME_MS,
  });
  if (created.kind === "duplicate_session") return { kind: created.kind, firstTaskId: created.taskId };
  if (created.kind === "idempotency_key_taken") {
    if (created.fingerprint !== fingerprint) return { kind: "idempotency_key_reused", firstTaskId: created.taskId };
    return replay(services, draft.owner, created.taskId);
  }
  const sent = sendToVendor(services, task, draft.request);
  // A client that hangs up must not take the call, or the note of its result, down with it.
  deps.defer(sent);
  return outcomeOf(await sent, false);
}

function newTask({ deps }: Services, draft: TaskDraft, now: number): TaskRow {
  return {
    id: newTaskId(deps, now),
    owner: draft.owner,
    dialect: draft.dialect,
    action: draft.action,
    model_name: draft.request.ModelName,
    model_version: draft.request.ModelVersion,
    client_model: draft.clientModel ?? null,
    status: "submitting",
    attempt: 1,
    priority: draft.request.TasksPriority ?? 0,
    session_id: draft.sessionId || null,
    session_context: draft.sessionContext || null,
    idempotency_key: draft.idempotencyKey ?? null,
    vendor_task_id: null,
    result: null,
    error_code: null,
    error_message: null,
    check_at: now + SUBMISSION_OVERDUE_MS,
    created_at: now,
    submitted_at: null,
    finished_at: null,
  };
}

/** Two requests are the same when they parse to the same task, however they were written. */
async function fingerprintOf(draft: TaskDraft): Promise<string> {
  const { dialect, action, request, clientModel, sessionId, sessionContext } = draft;
  return sha256Hex(JSON.stringify(sorted({ dialect, action, request, clientModel, sessionId, sessionContext })));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, member]) => [name, sorted(member)]));
}

/** Answers a repetition as the first request is answered, waiting for it while it is with the vendor. */
async function replay({ store, deps }: Services, owner: string, taskId: string): Promise<SubmitOutcome> {
  const deadline = deps.now() + REPLAY_WAIT_MS;
  for (let pause = REPLAY_POLL_FIRST_MS; ; pause = Math.min(pause * 2, REPLAY_POLL_MAX_MS)) {
    const task = await store.tasks.find(owner, taskId);
    if (!task) throw new Error("An Idempotency-Key points to a task that is not there.");
    if (task.status !== "submitting" || deps.now() >= deadline) return outcomeOf(task, true);
    await deps.sleep(pause);
  }
}

/** A task that failed without ever having been submitted was refused in the answer to its submission. */
function outcomeOf(task: TaskRow, replayed: boolean): SubmitOutcome {
  if (task.status !== "failed" || task.submitted_at !== null) return { kind: "accepted", task, replayed };
  const failure = { code: task.error_code ?? "InternalError", message: task.error_message ?? "" };
  return { kind: "refused", task, failure, replayed };
}
