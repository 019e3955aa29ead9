import { log } from "../log.ts";
import type { Services } from "../services.ts";
import { sha256Hex } from "../signing/encoding.ts";
import type { CreateTaskInput, CreateTaskResult } from "../store/create-task.ts";
import { type Store, StoreUnavailableError } from "../store/index.ts";
import type { NewTask } from "../store/types.ts";
import type { CreateAction, VendorRequest } from "../vod/requests.ts";
import type { Admission, Submitted } from "./dispatch/types.ts";
import { CLAIM_LIFETIME_MS } from "./limits.ts";
import { outlineOf } from "./outline.ts";
import { keyOfRetry, type RetryMark } from "./retry-key.ts";
import { newTaskId } from "./task-id.ts";

/** How long the first request with an Idempotency-Key may take to be answered; after that the task's acceptance is the answer. */
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
  /** Which attempt at the create this is, from clients that say so and send no Idempotency-Key. */
  retry?: RetryMark | undefined;
  /** The task that this one is made from. */
  parentId?: string | undefined;
  /** The task fails unless the vendor is called within this time. */
  startTimeoutMs?: number | undefined;
};

export type SubmitOutcome =
  | { kind: "accepted"; taskId: string; createdAt: number; queuePosition: number; replayed: boolean }
  | { kind: "refused"; taskId: string; code: string; message: string; replayed: boolean }
  | { kind: "duplicate_session"; firstTaskId: string }
  | { kind: "idempotency_key_reused"; firstTaskId: string };

/**
 * Takes a task: claims its `session_id` and Idempotency-Key, writes the intent, hands it to the dispatcher.
 * An unanswered call is an accepted task whose state is `unknown`, never a failure: it may be paid already.
 */
export async function submitTask(services: Services, wish: TaskDraft): Promise<SubmitOutcome> {
  const { store, deps } = services;
  const now = deps.now();
  const { owner, retry } = wish;
  // With an Idempotency-Key the repetition is to be answered like the first, which only D1 can tell.
  if (wish.sessionId && !wish.idempotencyKey && !retry) {
    const firstTaskId = await store.dedupe.find(owner, wish.sessionId, now);
    if (firstTaskId) return { kind: "duplicate_session", firstTaskId };
  }

  // Only a key is bound to a request; without one nobody asks for the hash.
  const fingerprint = wish.idempotencyKey || retry ? await fingerprintOf(wish) : "";
  const idempotencyKey =
    wish.idempotencyKey ?? (retry && (await keyOfRetry(services, { owner, fingerprint, retry, now })));
  const draft = { ...wish, idempotencyKey };
  const task = newTask(services, draft, now);
  const request = JSON.stringify(draft.request);
  const submitted = submit(services, { task, request, fingerprint, now, claimsExpireAt: now + CLAIM_LIFETIME_MS });
  // A client that hangs up must not take the note of its answer down with it.
  deps.defer(submitted);
  const outcome = await submitted;
  if (outcome.kind !== "idempotency_key_taken") return outcome;
  if (outcome.fingerprint !== fingerprint) return { kind: "idempotency_key_reused", firstTaskId: outcome.taskId };
  return replay(services, draft, outcome.taskId);
}

function newTask({ deps }: Services, draft: TaskDraft, now: number): NewTask {
  return {
    id: newTaskId(deps, now),
    owner: draft.owner,
    dialect: draft.dialect,
    action: draft.action,
    model_name: draft.request.ModelName,
    model_version: draft.request.ModelVersion,
    client_model: draft.clientModel ?? null,
    priority: draft.request.TasksPriority ?? 0,
    session_id: draft.sessionId || null,
    session_context: draft.sessionContext || null,
    idempotency_key: draft.idempotencyKey ?? null,
    parent_id: draft.parentId ?? null,
    outline: outlineOf(draft.request),
    start_by: draft.startTimeoutMs === undefined ? null : now + draft.startTimeoutMs,
    created_at: now,
  };
}

type IdempotencyKeyTaken = Extract<CreateTaskResult, { kind: "idempotency_key_taken" }>;

/** Has the intent written and the task taken by the dispatcher; without one, writes it where the dispatcher will find it. */
async function submit(services: Services, input: CreateTaskInput): Promise<SubmitOutcome | IdempotencyKeyTaken> {
  const { store, dispatcher } = services;
  const submitted = (await dispatcher.submit(input)) ?? (await createWaiting(store, input));
  switch (submitted.kind) {
    case "created":
      return acceptedOrRefused(services, input.task, submitted.admission);
    case "duplicate_session":
      return { kind: submitted.kind, firstTaskId: submitted.taskId };
    case "idempotency_key_taken":
      return submitted;
    case "not_stored":
      throw submitted.unavailable ? new StoreUnavailableError(submitted.message) : new Error(submitted.message);
  }
}

async function createWaiting(store: Store, input: CreateTaskInput): Promise<Submitted> {
  const created = await store.tasks.create(input);
  return created.kind === "created" ? { kind: "created", admission: { kind: "queued", position: 0 } } : created;
}

async function acceptedOrRefused({ store }: Services, task: NewTask, admission: Admission): Promise<SubmitOutcome> {
  const { id, created_at: createdAt, owner, idempotency_key: key } = task;
  if (admission.kind === "refused") return { ...admission, taskId: id, replayed: false };
  const queuePosition = admission.kind === "queued" ? admission.position : 0;
  try {
    if (key !== null) await store.tasks.noteFirstAnswer(owner, key, id, queuePosition);
  } catch (error) {
    // The task is taken, perhaps paid: its client gets the id. A repetition waits a while for the note, then goes without.
    log("error", "task.first_answer_unrecorded", { request_id: id, error: String(error) });
  }
  return { kind: "accepted", taskId: id, createdAt, queuePosition, replayed: false };
}

/** Two requests are the same when they parse to the same task, however they were written. */
async function fingerprintOf(draft: TaskDraft): Promise<string> {
  const { dialect, action, request, clientModel, sessionId, sessionContext, parentId } = draft;
  return sha256Hex(
    JSON.stringify(sorted({ dialect, action, request, clientModel, sessionId, sessionContext, parentId })),
  );
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, member]) => [name, sorted(member)]));
}

/** Answers a repetition as the first request is answered, waiting for it while that is being found out. */
async function replay({ store, deps }: Services, draft: TaskDraft, taskId: string): Promise<SubmitOutcome> {
  const { owner, idempotencyKey = "" } = draft;
  for (let pause = REPLAY_POLL_FIRST_MS; ; pause = Math.min(pause * 2, REPLAY_POLL_MAX_MS)) {
    const position = await store.tasks.firstAnswer(owner, idempotencyKey, taskId);
    const task = await store.tasks.find(owner, taskId);
    if (!task) throw new Error("An Idempotency-Key points to a task that is not there.");
    // A task that failed without ever having been submitted was refused in the answer to its submission.
    if (position === undefined && task.status === "failed" && task.submitted_at === null) {
      const { error_code: code, error_message: message } = task;
      return { kind: "refused", taskId, code: code ?? "InternalError", message: message ?? "", replayed: true };
    }
    if (position !== undefined || deps.now() - task.created_at >= REPLAY_WAIT_MS) {
      return { kind: "accepted", taskId, createdAt: task.created_at, queuePosition: position ?? 0, replayed: true };
    }
    await deps.sleep(pause);
  }
}
