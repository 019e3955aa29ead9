import type { Limit, NewTask, Submitted } from "../tasks/contract.ts";
import { CLAIM_LIFETIME_MS } from "../tasks/limits.ts";
import { lowestIdAt } from "../tasks/task-id.ts";
import { addFlight } from "./flights.ts";
import type { Ledger } from "./ledger.ts";
import { wantsOther } from "./pump.ts";
import { noteAttempt, releaseKey, releaseSession } from "./claims.ts";
import { insertTask, type Start } from "./insert-row.ts";
import { findByKey, findBySession, findLive, isHeldByErased, type LiveRow } from "./rows.ts";

/** `pending`: an `answer` effect for this task is the answer, once the vendor has given one. */
export type Taken = Submitted | { kind: "pending"; taskId: string; replayed: boolean };

/** As long as SDKs wait for an answer by default: a lost one is asked for again within it. */
const RETRY_WINDOW_MS = 10 * 60 * 1000;
/** The newest of so many equal creates are looked at; more of one client are hardly in doubt at once. */
const RETRY_SCAN_ROWS = 50;

/** Claims and intent in one go, or what an earlier request with the same id, key or session_id came to. */
export function take(ledger: Ledger, task: NewTask, now: number, taking: Limit | undefined): Taken {
  const repeated = task.retry && findRetried(ledger, task, task.retry, now);
  if (repeated) return replayOf(ledger, repeated, task);
  const erased = isHeldByErased(ledger.sql, task) ? knownOutcome(ledger, task, now) : undefined;
  if (erased) return erased;
  const limit = taking ?? limitOf(ledger, task, now);
  if (limit !== undefined) return knownOutcome(ledger, task, now) ?? limited(ledger, limit);

  const start = startAtOnce(ledger, task, now);
  const added = !start && enqueue(ledger, task);
  const position = ledger.queue.promised(task.id) ?? 0;
  // Without a name nobody asks for the first answer again; one that waits for the vendor is written with its answer.
  if (!insertTask(ledger.sql, task, { start, position: start ? null : position })) {
    // Told again, it may be the very task that waits: then its place is its own.
    if (added) ledger.queue.remove(task.id);
    const known = knownOutcome(ledger, task, now);
    // What held the name has lapsed and let go of it.
    return known ?? take(ledger, task, now, taking);
  }
  ledger.addBytes(task.owner, bytesOf(task));
  ledger.dailyBytes.add(task.owner, bytesOf(task), now);
  if (!start) {
    if (task.start_by !== null) ledger.starts.set(task.id, task.start_by);
    return { kind: "accepted", taskId: task.id, createdAt: task.created_at, position, sent: false, replayed: false };
  }
  addFlight(ledger, { ...task, attempt: 1, calls: 1 }, start);
  ledger.pending.add(task.id);
  ledger.emit({
    kind: "create",
    id: task.id,
    owner: task.owner,
    attempt: 1,
    call: 1,
    calledAt: now,
    action: task.action,
    request: task.request,
  });
  return { kind: "pending", taskId: task.id, replayed: false };
}

/** The call's times, if nobody goes before this task and the vendor may be called right now. */
function startAtOnce(ledger: Ledger, task: NewTask, now: number): Start | undefined {
  const free =
    ledger.queue.length === 0 &&
    ledger.resends.size === 0 &&
    ledger.slots.occupied < ledger.pace.concurrency(now) &&
    ledger.isOpen(ledger.laneOf(task)) &&
    ledger.pace.nextCallAt(now) <= now &&
    ledger.connections.next(now, { create: true, other: wantsOther(ledger, now) }) === "create";
  return free ? { at: now, endsAt: now + ledger.options.createTimeoutMs } : undefined;
}

function enqueue(ledger: Ledger, task: NewTask): boolean {
  const { id, owner, priority, created_at: createdAt } = task;
  return ledger.queue.add({ id, owner, priority, lane: ledger.laneOf(task), createdAt });
}

function limitOf(ledger: Ledger, task: NewTask, now: number): Limit | undefined {
  const { queue, options } = ledger;
  if (task.max_queue_length !== null && queue.length > task.max_queue_length) return "queue_length";
  if (queue.waitingOf(task.owner) >= options.maxWaiting) return "owner_tasks";
  const bytes = (ledger.bytes.get(task.owner) ?? 0) + bytesOf(task);
  if (bytes > options.maxWaitingBytes) return "owner_bytes";
  return ledger.dailyBytes.allows(task.owner, bytesOf(task), now) ? undefined : "owner_day";
}

function limited(ledger: Ledger, limit: Limit): Taken {
  return { kind: "limited", limit, waiting: ledger.queue.length, concurrency: ledger.options.concurrency };
}

/** What this request came to already, by its id, its key, its session_id; undefined when it is new. */
function knownOutcome(ledger: Ledger, task: NewTask, now: number): Taken | undefined {
  const { sql } = ledger;
  const same = findLive(sql, task.id);
  if (same) return { ...outcomeOf(ledger, same), replayed: false };
  const byKey =
    task.idempotency_key === null
      ? undefined
      : current(sql, findByKey(sql, task.owner, task.idempotency_key, task.key_hash), now);
  if (byKey) return replayOf(ledger, byKey, task);
  const bySession =
    task.session_id === null
      ? undefined
      : current(sql, findBySession(sql, task.owner, task.session_id, task.session_hash), now);
  return bySession && { kind: "duplicate_session", firstTaskId: bySession.id };
}

/** A name lapses three days after its task is over. */
function current(sql: Ledger["sql"], row: LiveRow | undefined, now: number): LiveRow | undefined {
  if (row && row.finished_at !== null && row.finished_at + CLAIM_LIFETIME_MS <= now) {
    releaseSession(sql, row.id);
    releaseKey(sql, row.id);
    return undefined;
  }
  return row;
}

function replayOf(ledger: Ledger, first: LiveRow, task: NewTask): Taken {
  if (first.fingerprint !== task.fingerprint) return { kind: "idempotency_key_reused", firstTaskId: first.id };
  return { ...outcomeOf(ledger, first), replayed: true };
}

type Outcome = Extract<Taken, { replayed: boolean }>;

/** The answer that a task's submission got, or is about to get. */
function outcomeOf(ledger: Ledger, row: LiveRow): Outcome {
  const { id: taskId, created_at: createdAt } = row;
  if (ledger.pending.has(taskId)) return { kind: "pending", taskId, replayed: true };
  // Refused in the answer to its submission: it failed without a first answer ever having been given.
  if (row.status === "failed" && row.first_position === null)
    return { kind: "refused", taskId, ...refusalOf(ledger, taskId), replayed: true };
  return {
    kind: "accepted",
    taskId,
    createdAt,
    position: row.first_position ?? 0,
    sent: row.reached === 1,
    replayed: true,
  };
}

function refusalOf({ sql }: Ledger, id: string): { code: string; message: string } {
  const [row] = sql.all<{ error_code: string | null; error_message: string | null }>(
    "SELECT error_code, error_message FROM tasks WHERE id = ?1",
    id,
  );
  return { code: row?.error_code ?? "InternalError", message: row?.error_message ?? "" };
}

const RECENT = `SELECT id, retry_attempts FROM tasks WHERE owner = ?1 AND retry_print = ?2 AND id > ?3
  ORDER BY id DESC LIMIT ${RETRY_SCAN_ROWS}`;

const has = (attempts: string | null, number: number) => (attempts ?? "").includes(`,${number}:`);

/**
 * The task that an SDK's numbered create repeats (decision 0019). A task has one request of each attempt. A first one
 * makes a task, unless a repetition that came after it has overtaken it here; a repetition joins the task its
 * predecessor is in, else the newest that lacks it.
 */
function findRetried(
  { sql }: Ledger,
  task: NewTask,
  { print, attempt }: { print: string; attempt: number },
  now: number,
): LiveRow | undefined {
  const recent = sql.all<{ id: string; retry_attempts: string | null }>(
    RECENT,
    task.owner,
    print,
    lowestIdAt(now - RETRY_WINDOW_MS),
  );
  // Told again under the same id: not a repetition of the client's, and its attempt is noted.
  if (recent.some(({ id }) => id === task.id)) return undefined;
  const told = recent.find(({ retry_attempts: seen }) => seen?.includes(`:${task.id},`));
  if (told) return findLive(sql, told.id);
  const open = recent.filter(({ id, retry_attempts: seen }) => !has(seen, attempt) && (attempt > 0 || id > task.id));
  const joined = open.find(({ retry_attempts: seen }) => has(seen, attempt - 1)) ?? open[0];
  if (!joined) return undefined;
  noteAttempt(sql, joined.id, { attempt, requestId: task.id });
  return findLive(sql, joined.id);
}

export function bytesOf(task: NewTask): number {
  return "inline" in task.request ? task.request.inline.length : task.request.bytes;
}
