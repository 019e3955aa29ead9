/** Every state a task can be in; the same words stand in the CHECK of migrations/0001_init.sql. */
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

/** A row of `tasks`. Times are milliseconds. */
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
  idempotency_key: string | null;
  /** The task that this one was made from. */
  parent_id: string | null;
  /** JSON: what readers are shown of the request; null for none, and once the content was removed. */
  outline: string | null;
  vendor_task_id: string | null;
  result: string | null;
  error_code: string | null;
  error_message: string | null;
  start_by: number | null;
  /** JSON of {@link HistoryEntry}[]. */
  history: string;
  created_at: number;
  submitted_at: number | null;
  finished_at: number | null;
  deleted_at: number | null;
};

/** A task without its result, which can be large: what its status shows. */
export type TaskStatusRow = Omit<TaskRow, "result">;

/** What a task is made of when it is first written: queued, first attempt, nothing known of the vendor. */
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
  | "idempotency_key"
  | "parent_id"
  | "outline"
  | "start_by"
  | "created_at"
>;

/** What the dispatcher keeps of a task that is not finished. */
export type ActiveTask = Pick<
  TaskRow,
  | "id"
  | "owner"
  | "model_name"
  | "model_version"
  | "status"
  | "attempt"
  | "priority"
  | "start_by"
  | "vendor_task_id"
  | "submitted_at"
>;

export type TaskFailure = { code: string; message: string };

export type EventRow = {
  id: string;
  event_type: string;
  task_id: string | null;
  vendor_task_id: string | null;
  body: string;
  state: "waiting" | "applied" | "ignored";
  attempts: number;
  check_at: number | null;
  received_at: number;
  settled_at: number | null;
};

export type ApiKeyRow = {
  id: string;
  owner: string;
  name: string;
  key_hash: string;
  hint: string;
  scopes: string;
  created_at: number;
  revoked_at: number | null;
};

/** A key pair for TC3 signatures. */
export type Tc3KeyRow = {
  secret_id: string;
  owner: string;
  name: string;
  /** Encrypted: src/signing/secret-box.ts, under the SecretId. */
  secret: string;
  scopes: string;
  created_at: number;
  revoked_at: number | null;
};
