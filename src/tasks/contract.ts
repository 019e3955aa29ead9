/*
 * What a Worker and the dispatcher's object say to each other. Both sides may be one version apart for some minutes
 * (docs/architecture.md, "Deploys"): members are added, never renamed, and a reader takes an absent one as `null` or 0.
 */
import type { ApiKeyRow, Tc3KeyRow } from "../store/types.ts";

/** Every state a task can be in; the same words stand in the CHECK of the record's and of the object's table. */
export const TASK_STATUSES = [
  "queued",
  "submitting",
  "unknown",
  "running",
  "succeeded",
  "failed",
  "canceled",
  "expired",
] as const;
export type TaskStatus = (typeof TASK_STATUSES)[number];

export type HistoryEntry = { at: number; message: string };
export type TaskFailure = { code: string; message: string };

/** A task as the object and the record (D1) both show it. Times are milliseconds since the epoch. */
export type TaskRow = {
  id: string;
  owner: string;
  dialect: string;
  action: string;
  model_name: string;
  model_version: string;
  client_model: string | null;
  status: TaskStatus;
  attempt: number;
  priority: number;
  session_id: string | null;
  session_context: string | null;
  /** The task that this one was made from. */
  parent_id: string | null;
  /** JSON: what readers are shown of the request; null once the content was removed. */
  outline: string | null;
  vendor_task_id: string | null;
  error_code: string | null;
  error_message: string | null;
  /** JSON of {@link HistoryEntry}[]. */
  history: string;
  created_at: number;
  submitted_at: number | null;
  finished_at: number | null;
  /** When its client had the content removed. */
  deleted_at: number | null;
  /** JSON: the vendor's finished task. */
  result: string | null;
};

/** A task without its result, which can be large: what its status shows. */
export type TaskStatusRow = Omit<TaskRow, "result">;

/** What the record takes of a finished task. `rev` rises with each change, so that an older copy never overwrites a newer. */
export type ToldTask = TaskRow & {
  rev: number;
  /** JSON of the vendor request, for who makes another task of this one; null for a large one, whose file is gone. */
  request: string | null;
};

/**
 * A request small enough to lie in the task's row, or the key of a larger one in object storage. `shown`: JSON of what
 * pollers are shown of that one, in the request's place in the row; absent in rows of before.
 */
export type StoredRequest = { inline: string } | { blob: string; bytes: number; shown?: string };

/** What a Worker has made of a client's request. */
export type NewTask = Pick<
  TaskRow,
  | "id"
  | "owner"
  | "dialect"
  | "action"
  | "model_name"
  | "model_version"
  | "client_model"
  | "priority"
  | "session_id"
  | "session_context"
  | "parent_id"
  | "outline"
  | "created_at"
> & {
  idempotency_key: string | null;
  /** What stands for the two names once the content of the task that holds them was removed. */
  session_hash?: string | null;
  key_hash?: string | null;
  /** SHA-256 of the parsed request, what an Idempotency-Key is bound to; "" without one. */
  fingerprint: string;
  /** Fails unless the vendor is called by then (milliseconds); null: waits for ever. */
  start_by: number | null;
  /** Which attempt at a create this is, from an SDK that numbers them: `print` names request and client (decision 0019). */
  retry: { print: string; attempt: number } | null;
  request: StoredRequest;
  /** Refuse when more tasks than this are waiting; null: never. */
  max_queue_length: number | null;
};

/** Why a task is not taken, though nothing is wrong with it. */
export type Limit =
  /** This owner has as many tasks, or bytes of requests, waiting as it may. */
  | "owner_tasks"
  | "owner_bytes"
  /** This owner has sent as many bytes of requests as it may in a day of UTC. */
  | "owner_day"
  /** Longer than the client wanted (`max_queue_length`). */
  | "queue_length"
  /** The object's storage is kept for what it has taken: the record has been away for long. */
  | "storage"
  /** The object was set back to an earlier time and is still finding out what it has forgotten. */
  | "restored";

export type Submitted =
  /**
   * Taken, now or by an earlier request with the same key. A position of 0: nobody is ahead. `sent`: the vendor has it, so
   * its `session_id` can no longer be given back.
   */
  | { kind: "accepted"; taskId: string; createdAt: number; position: number; sent: boolean; replayed: boolean }
  /** The vendor refused it in the answer to its submission. */
  | { kind: "refused"; taskId: string; code: string; message: string; replayed: boolean }
  | { kind: "duplicate_session"; firstTaskId: string }
  | { kind: "idempotency_key_reused"; firstTaskId: string }
  | { kind: "limited"; limit: Limit; waiting: number; concurrency: number };

export type CancelOutcome = "canceled" | "in_progress" | "already_over" | "not_found";

export type EraseOutcome = "erased" | "not_over" | "not_found";

/** What one look for remixes finds at most; those whose content is still there come first. */
export const REMIXES_MAX = 1_000;

/** A task that was made from another one. */
export type Remix = {
  id: string;
  over: boolean;
  /** Its content was removed. */
  erased: boolean;
};

/** A task as its watchers see it. `version` changes whenever anything they see does. */
export type Observation = {
  version: string;
  task: TaskStatusRow;
  /** How many go first while it waits; null when it does not. */
  position: number | null;
  /** Set instead of waiting: this owner has as many streams and waits open as it may. */
  limited?: boolean;
};

export type ObserveInput = {
  owner: string;
  id: string;
  /** Answer at once unless the task is still at this version. */
  version?: string | undefined;
  /** How long to wait for a change, milliseconds; 0: not at all. */
  timeoutMs: number;
};

/** Of an owner's tasks that the record does not have yet, newest first unless `ascending`. Bounds are exclusive. */
export type ListInput = {
  owner: string;
  afterId: string;
  beforeId: string;
  limit: number;
  ascending?: boolean | undefined;
  statuses?: TaskStatus[] | undefined;
  action?: string | undefined;
  modelName?: string | undefined;
  sessionId?: string | undefined;
};

/** A notification whose token has been verified. */
export type TaskEvent = { taskId: string; attempt: number; owner: string; vendorTaskId: string };

export type QueueReport = {
  waiting: number;
  /** Of these, the owner's who asks; absent when nobody does. */
  own?: number;
  running: number;
  concurrency: number;
  /** Milliseconds; set while the vendor does not answer. */
  holdingUntil: number | null;
  lastAnswerAt: number | null;
  /** Finished tasks that the record does not have yet. */
  untold: number;
  /** Since when (milliseconds) the record has not been taking them; null while it does. */
  recordAwaySince: number | null;
  /** False while nothing new is taken: {@link Limit} `storage` or `restored`. */
  taking: boolean;
};

/** A row of the record that lets a client in, as the object keeps a copy of it for a while. */
export type KnownKey = { kind: "api_key"; row: ApiKeyRow } | { kind: "tc3_key"; row: Tc3KeyRow };

/** The dispatcher cannot be asked just now. `overloaded`: it said so itself, and must not be asked again at once. */
export class DispatcherUnavailableError extends Error {
  override readonly name = "DispatcherUnavailableError";
  readonly overloaded: boolean;
  constructor(message: string, options: ErrorOptions & { overloaded?: boolean } = {}) {
    super(message, options);
    this.overloaded = options.overloaded ?? false;
  }
}

/**
 * The dispatcher as the rest of the gateway sees it; in a Worker the calls go to the Durable Object.
 * All of them throw {@link DispatcherUnavailableError} while it cannot be reached; what it was told may have been done
 * all the same, and telling it again changes nothing.
 */
export type Dispatcher = {
  /** Claims, intent and, if a slot is free, the vendor's answer. Told again under the same id, says what came of it. */
  submit(task: NewTask): Promise<Submitted>;
  cancel(owner: string, id: string): Promise<CancelOutcome>;
  /** Removes a finished task's content. `not_found`: the record may still have it. */
  erase(owner: string, id: string): Promise<EraseOutcome>;
  /** The tasks made from these, at most {@link REMIXES_MAX}; those that only the record has are not among them. */
  remixes(owner: string, ids: string[]): Promise<Remix[]>;
  /** Undefined: not this owner's, or only the record has it. */
  observe(input: ObserveInput): Promise<Observation | undefined>;
  /** With its result, when it is over; undefined as above. */
  read(owner: string, id: string): Promise<TaskRow | undefined>;
  /** Where an unfinished task's request lies; undefined as above. The caller has made sure whose it is. */
  request(id: string): Promise<StoredRequest | undefined>;
  /**
   * `upTo`: with a `sessionId`, the newest task that holds it: none with a higher id does.
   * `reached`: the lowest (highest, ascending) id that was looked at when there may be more.
   */
  list(input: ListInput): Promise<{ tasks: TaskStatusRow[]; upTo?: string; reached?: string }>;
  /** Of these requests in object storage, those that some unfinished task still needs. Keys are as in {@link StoredRequest}. */
  neededBlobs(keys: string[]): Promise<string[]>;
  /** Takes a notification. Once this returns it can no longer be lost. */
  event(event: TaskEvent): Promise<void>;
  /** Remembers a key that the record has just shown to be good. */
  rememberKey(name: string, key: KnownKey): Promise<void>;
  /** A key that was used within the last hour and good within the last day, for when the record cannot be asked. */
  recallKey(name: string): Promise<KnownKey | undefined>;
  /** With an owner: how many of the waiting tasks are its own, too. */
  report(owner?: string): Promise<QueueReport>;
  /**
   * Sets the object back to an earlier time (milliseconds). What came after is forgotten there; it takes
   * nothing until it has found out what of that is at the vendor. @throws where the platform cannot
   */
  restore(at: number): Promise<void>;
};
