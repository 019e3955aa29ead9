import type {
  CancelOutcome,
  EraseOutcome,
  NewTask,
  Observation,
  Submitted,
  TaskEvent,
  TaskRow,
  TaskStatusRow,
} from "../../src/tasks/contract.ts";
import type { Core } from "./core-port.ts";
import { erasedName } from "../../src/signing/name-hash.ts";
import { HIGHEST_ID } from "../../src/tasks/task-id.ts";
import { type Calls, type Told, Waits } from "./calls.ts";
import { simulatedHash } from "./clients.ts";
import type { Clock } from "./clock.ts";
import type { Fate } from "./fate.ts";
import type { TaskRecord } from "./record.ts";
import type { Shell } from "./shell.ts";

/** A Worker tells the object so often, under the same task id, before it gives up and says 503. */
const SUBMIT_TRIES = 3;
const SUBMIT_RETRY_MS = 300;
const CALL_TRIES = 2;
/** The vendor gives up a notification that is not answered by then. */
const EVENT_TIMEOUT_MS = 5_000;
const KV_READ_MAX_MS = 40;
const RECORD_READ_MAX_MS = 30;
const LIST_LIMIT = 1_000;

/** What a client is answered. `unavailable`: 503, and nothing is known. */
export type Answer = Submitted | { kind: "unavailable" };
export type ReadAnswer =
  | { kind: "row"; row: TaskRow | TaskStatusRow; from: "object" | "record"; version?: string }
  | { kind: "missing" }
  | { kind: "unavailable" };

/** What the Workers do between the clients and the object. */
export class Worker {
  private readonly clock: Clock;
  private readonly fate: Fate;
  private readonly calls: Calls;
  private readonly shell: Shell;
  private readonly record: TaskRecord;

  constructor(parts: { clock: Clock; fate: Fate; calls: Calls; shell: Shell; record: TaskRecord }) {
    this.clock = parts.clock;
    this.fate = parts.fate;
    this.calls = parts.calls;
    this.shell = parts.shell;
    this.record = parts.record;
  }

  submit(task: NewTask, answered: (answer: Answer) => void): void {
    const { clock, fate, shell } = this;
    if ("blob" in task.request) shell.blobs.add(task.request.blob);
    const named = task.idempotency_key !== null || task.retry !== null;
    if (task.session_id === null || named) return this.tell(task, SUBMIT_TRIES, answered);
    const name = JSON.stringify([task.owner, task.session_id]);
    clock.after(fate.between(`kv ${task.id}`, 1, KV_READ_MAX_MS), () => {
      const known = shell.sessions.get(name);
      if (known && known.expiresAt > clock.now && known.taskId !== task.id) {
        return answered({ kind: "duplicate_session", firstTaskId: known.taskId });
      }
      this.tell(task, SUBMIT_TRIES, answered);
    });
  }

  private tell(task: NewTask, tries: number, answered: (answer: Answer) => void): void {
    this.calls.call<Submitted>(
      `submit ${task.id}`,
      (core, now) => {
        const taken = core.submit(task, now);
        if (taken.kind !== "pending") return taken;
        const { taskId, replayed } = taken;
        return new Waits("answer", taskId, (told) => submittedOf(told, replayed));
      },
      {
        answered: (answer) => {
          if (answer.kind === "accepted" && answer.sent && !answer.replayed && task.session_id !== null) {
            const expiresAt = task.created_at + 3 * 24 * 60 * 60_000;
            this.shell.remember(task.owner, task.session_id, { taskId: answer.taskId, expiresAt });
          }
          answered(answer);
        },
        broken: () => {
          if (tries <= 1) return answered({ kind: "unavailable" });
          this.clock.after(SUBMIT_RETRY_MS * 2 ** (SUBMIT_TRIES - tries), () => this.tell(task, tries - 1, answered));
        },
      },
    );
  }

  /** A task's status, or all of it: from the object, else from the record. */
  read(owner: string, id: string, whole: boolean, answered: (answer: ReadAnswer) => void): void {
    const attempt = (tries: number): void =>
      this.calls.ask<ReadAnswer | undefined>(
        `read ${id}`,
        (core) => (whole ? wholeOf(core.whole(owner, id)) : statusOf(core.view(owner, id))),
        {
          answered: (found) => (found ? answered(found) : this.readRecord(owner, id, answered)),
          broken: () => (tries > 1 ? attempt(tries - 1) : answered({ kind: "unavailable" })),
        },
      );
    attempt(CALL_TRIES);
  }

  cancel(owner: string, id: string, answered: (outcome: CancelOutcome | "unavailable") => void): void {
    const attempt = (tries: number): void =>
      this.calls.call<CancelOutcome>(
        `cancel ${id}`,
        (core, now) =>
          core.cancel(owner, id, now) ??
          new Waits("cancel_answer", id, (told) => (told.kind === "cancel_answer" ? told.outcome : "not_found")),
        { answered, broken: () => (tries > 1 ? attempt(tries - 1) : answered("unavailable")) },
      );
    attempt(CALL_TRIES);
  }

  erase(owner: string, id: string, answered: (outcome: EraseOutcome | "unavailable") => void): void {
    this.calls.call<EraseOutcome>(`erase ${id}`, (core, now) => core.erase(owner, id, standIns(core, owner, id), now), {
      answered: (outcome) => {
        if (outcome !== "not_found") return answered(outcome);
        if (this.record.away) return answered("unavailable");
        answered(this.record.erase(owner, id, this.clock.now) ? "erased" : "not_found");
      },
      broken: () => answered("unavailable"),
    });
  }

  /** The ids of an owner's tasks, from both places. */
  list(owner: string, answered: (ids: Set<string> | "unavailable") => void): void {
    const input = { owner, afterId: "", beforeId: HIGHEST_ID, limit: LIST_LIMIT };
    this.calls.ask<{ tasks: TaskStatusRow[] }>(`list ${owner}`, (core) => core.list(input), {
      answered: ({ tasks }) => {
        if (this.record.away) return answered("unavailable");
        const ids = new Set(tasks.map(({ id }) => id));
        for (const row of this.record.rows.values()) if (row.owner === owner) ids.add(row.id);
        answered(ids);
      },
      broken: () => answered("unavailable"),
    });
  }

  /** A notification of the vendor's; `answered` with whether it got its 200 in time. */
  event(event: TaskEvent, answered: (ok: boolean) => void): void {
    let open = true;
    const settle = (ok: boolean) => {
      if (!open) return;
      open = false;
      answered(ok);
    };
    this.clock.after(EVENT_TIMEOUT_MS, () => settle(false));
    this.calls.call<boolean>(
      `event ${event.taskId} ${event.vendorTaskId}`,
      (core, now) => core.event(event, now) || new Waits("noted", event.taskId, () => true),
      { answered: () => settle(true), broken: () => settle(false) },
    );
  }

  private readRecord(owner: string, id: string, answered: (answer: ReadAnswer) => void): void {
    this.clock.after(this.fate.between(`record ${id}`, 1, RECORD_READ_MAX_MS), () => {
      if (this.record.away) return answered({ kind: "unavailable" });
      const row = this.record.rows.get(id);
      answered(row?.owner === owner ? { kind: "row", row, from: "record" } : { kind: "missing" });
    });
  }
}

function submittedOf(told: Told, replayed: boolean): Submitted {
  if (told.kind !== "answer") throw new Error("Another effect than was waited for.");
  const { submitted } = told;
  return "replayed" in submitted ? { ...submitted, replayed } : submitted;
}

function wholeOf(row: TaskRow | undefined): ReadAnswer | undefined {
  return row && { kind: "row", row, from: "object" };
}

function statusOf(seen: Observation | undefined): ReadAnswer | undefined {
  return seen && { kind: "row", row: seen.task, from: "object", version: seen.version };
}

/** As the object's shell does it. */
function standIns(core: Core, owner: string, id: string) {
  const { session, key } = core.namesOf(owner, id);
  const standIn = (name: string | null) => (name === null ? null : erasedName(simulatedHash(owner, name)));
  return { session: standIn(session), key: standIn(key) };
}
