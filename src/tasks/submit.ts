import type { Services } from "../services.ts";
import { REQUEST_INLINE_MAX_BYTES, requestKey } from "../store/blobs.ts";
import { sha256Hex, utf8 } from "../signing/encoding.ts";
import { nameHash } from "../signing/name-hash.ts";
import { type CreateAction, storableRequest, type VendorRequest } from "../vod/requests.ts";
import { shownRequest } from "../vod/shown-request.ts";
import { DispatcherUnavailableError, type NewTask, type StoredRequest, type Submitted } from "./contract.ts";
import { CLAIM_LIFETIME_MS } from "./limits.ts";
import { outlineOf } from "./outline.ts";
import { newTaskId } from "./task-id.ts";

/** An attempt at a create, as the client's SDK numbers them (docs/decisions/0019-retries-without-a-key.md). */
export type RetryMark = {
  /** 0 for the first. */
  attempt: number;
  /** Whose attempts these are: nobody else's can belong to the same create. */
  client: string;
};

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
  /** Refused when more tasks than this are waiting. */
  maxQueueLength?: number | undefined;
};

export type SubmitOutcome =
  | { kind: "accepted"; taskId: string; createdAt: number; queuePosition: number; replayed: boolean }
  | Exclude<Submitted, { kind: "accepted" }>
  /** The dispatcher did not answer. Whether there is a task of this id now, only asking for it can tell. */
  | { kind: "unanswered"; taskId: string; overloaded: boolean };

/**
 * Takes a task: one call to the dispatcher, who claims its names, writes the intent and, if a slot is free, has the
 * vendor's answer. A vendor that does not answer makes an accepted task whose state is `unknown`, never a failure: it may
 * be paid already.
 * @throws {StoreUnavailableError} when a large request cannot be stored
 */
export async function submitTask(services: Services, draft: TaskDraft): Promise<SubmitOutcome> {
  const submission = submit(services, draft);
  // The create outlives a client that hangs up.
  services.deps.defer(Promise.allSettled([submission]));
  return submission;
}

async function submit(services: Services, draft: TaskDraft): Promise<SubmitOutcome> {
  const { store, deps, dispatcher } = services;
  const { owner, sessionId, idempotencyKey, retry } = draft;
  const now = deps.now();
  // A repetition that names itself is to be answered like the first, which only the dispatcher can tell.
  const asksMemory = sessionId && !idempotencyKey && !retry;
  const hashOf = async (name: string | undefined) => (name ? nameHash(owner, name) : null);
  const [sessionHash, keyHash] = await Promise.all([hashOf(sessionId), hashOf(idempotencyKey)]);
  const remembered = asksMemory && sessionHash ? store.dedupe.find(sessionHash, now) : undefined;

  const id = newTaskId(deps, now);
  // Only a name is bound to a request; without one nobody asks for the hash.
  const named = Boolean(idempotencyKey || retry);
  const text = storableRequest(named ? (sorted(draft.request) as VendorRequest) : draft.request);
  const [request, fingerprint, firstTaskId] = await Promise.all([
    storeRequest(services, id, { request: draft.request, text }),
    named ? fingerprintOf(draft, text) : "",
    remembered,
  ]);
  if (firstTaskId !== undefined) {
    forget(services, request);
    return { kind: "duplicate_session", firstTaskId };
  }

  const task = await newTask(draft, { id, now, request, fingerprint, sessionHash, keyHash });
  let submitted: Submitted;
  try {
    submitted = await dispatcher.submit(task);
  } catch (error) {
    if (!(error instanceof DispatcherUnavailableError)) throw error;
    // It may have taken the task all the same, so what it would need stays.
    return { kind: "unanswered", taskId: id, overloaded: error.overloaded };
  }
  const taken = "taskId" in submitted && submitted.taskId === id;
  if (!taken) forget(services, request);
  if (submitted.kind !== "accepted") return submitted;
  if (taken && submitted.sent && sessionHash) {
    const entry = { taskId: id, expiresAt: submitted.createdAt + CLAIM_LIFETIME_MS };
    deps.defer(store.dedupe.remember(sessionHash, entry, now));
  }
  const { taskId, createdAt, position: queuePosition, replayed } = submitted;
  return { kind: "accepted", taskId, createdAt, queuePosition, replayed };
}

/** Large ones are stored apart before anybody hears of the task. */
async function storeRequest(
  { store }: Services,
  id: string,
  { request, text }: { request: VendorRequest; text: string },
): Promise<StoredRequest> {
  // A character takes three bytes at most, so that most need not be measured.
  if (text.length * 3 <= REQUEST_INLINE_MAX_BYTES) return { inline: text };
  const bytes = utf8(text);
  if (bytes.byteLength <= REQUEST_INLINE_MAX_BYTES) return { inline: text };
  const blob = requestKey(id);
  await store.blobs.put(blob, bytes);
  return { blob, bytes: bytes.byteLength, shown: await shownRequest(request) };
}

/** Deletes a stored request that no task was made of. What is missed is swept. */
function forget({ store, deps }: Services, request: StoredRequest): void {
  if ("blob" in request) deps.defer(Promise.allSettled([store.blobs.delete([request.blob])]));
}

async function newTask(
  draft: TaskDraft,
  known: Pick<NewTask, "id" | "request" | "fingerprint"> & {
    now: number;
    sessionHash: string | null;
    keyHash: string | null;
  },
): Promise<NewTask> {
  const { id, now, request, fingerprint } = known;
  const { idempotencyKey, retry, startTimeoutMs } = draft;
  // An Idempotency-Key says more than the number of an attempt.
  const numbered = idempotencyKey ? undefined : retry;
  return {
    id,
    owner: draft.owner,
    dialect: draft.dialect,
    action: draft.action,
    model_name: draft.request.ModelName,
    model_version: draft.request.ModelVersion,
    client_model: draft.clientModel ?? null,
    priority: draft.request.TasksPriority ?? 0,
    session_id: draft.sessionId || null,
    session_context: draft.sessionContext || null,
    parent_id: draft.parentId ?? null,
    outline: outlineOf(draft.request),
    created_at: now,
    idempotency_key: idempotencyKey || null,
    session_hash: known.sessionHash,
    key_hash: known.keyHash,
    fingerprint: idempotencyKey ? fingerprint : "",
    start_by: startTimeoutMs === undefined ? null : now + startTimeoutMs,
    retry: numbered
      ? { print: await sha256Hex(JSON.stringify([fingerprint, numbered.client])), attempt: numbered.attempt }
      : null,
    request,
    max_queue_length: draft.maxQueueLength ?? null,
  };
}

/**
 * Two requests are the same when they parse to the same task, however they were written.
 * @param request JSON of the vendor request, its members in order
 */
async function fingerprintOf(draft: TaskDraft, request: string): Promise<string> {
  const { dialect, action, clientModel, sessionId, sessionContext, parentId } = draft;
  const rest = [dialect, action, clientModel, sessionId, sessionContext, parentId].map((value) => value ?? null);
  return sha256Hex(JSON.stringify(rest) + request);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, member]) => [name, sorted(member)]));
}
