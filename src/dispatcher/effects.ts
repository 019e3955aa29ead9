/*
 * What the core asks its shell to do, and what the shell tells it of the outcome. Effects leave only after the turn that
 * made them is durable; each one that talks to somebody holds a connection until its outcome is told.
 */
import type { LogFields } from "../log.ts";
import type { StoredRequest, Submitted, ToldTask } from "../tasks/contract.ts";

export type Effect =
  /** Calls the vendor for a task whose intent is durable. Outcome: {@link CreateOutcome}. */
  | {
      kind: "create";
      id: string;
      owner: string;
      attempt: number;
      /** Which call of this attempt: 1 is the first. */
      call: number;
      /** Milliseconds. */
      calledAt: number;
      action: string;
      request: StoredRequest;
    }
  /** Re-reads a task at the vendor. `after`: an event waits for the outcome. Outcome: {@link ReadOutcome}. */
  | { kind: "read"; id: string; vendorTaskId: string }
  /** Looks for what was sent and not answered: one scan for all of them. Outcome: {@link LookOutcome}. */
  | {
      kind: "look";
      look: number;
      sessionIds: string[];
      /** Tasks of which every attempt is looked for, whatever its number. */
      everyAttemptOf?: string[];
      from: number;
      to: number;
    }
  /** Has the vendor stop a task. Outcome: whether it did. */
  | { kind: "abort"; id: string; vendorTaskId: string }
  /** Gives finished tasks to the record. Outcome: whether it has them. */
  | { kind: "tell"; tasks: ToldTask[] }
  /** Notes for the fast path of duplicates that the vendor has this task. Nobody waits for it; may fail without harm. */
  | { kind: "remember"; owner: string; sessionId: string; taskId: string; expiresAt: number }
  /** Deletes a request that is no longer needed. Nobody waits for it; what is missed is swept. */
  | { kind: "drop"; blob: string }
  /** The answer to a submission that waited for the vendor. */
  | { kind: "answer"; id: string; submitted: Submitted }
  /** An event's outcome is durable. */
  | { kind: "noted"; id: string }
  /** The answer to a cancel that waited for the vendor. */
  | { kind: "cancel_answer"; id: string; outcome: "canceled" | "in_progress" | "already_over" }
  /** Something that watchers of this task see has changed. */
  | { kind: "changed"; id: string }
  /** Places in the queue have changed. */
  | { kind: "moved" }
  | { kind: "log"; level: "info" | "warn" | "error"; event: string; fields: LogFields };

export type CreateOutcome =
  | { kind: "accepted"; vendorTaskId: string }
  /** The vendor said no to this very call. */
  | { kind: "refused"; code: string; message: string; vendorRequestId?: string | undefined }
  /** No usable answer. */
  | { kind: "silent"; reason: string }
  /** The call was never made: the request could not be read. `gone`: it will never be readable. */
  | { kind: "unsent"; gone: boolean };

export type ReadOutcome =
  /** The vendor's word on the task, and it carries our token for it. */
  | {
      kind: "read";
      /** Which attempt of ours the vendor speaks of. */
      attempt: number;
      verdict: { state: "processing" } | { state: "succeeded" } | { state: "failed"; code: string; message: string };
      /** JSON to store; "" while it is processing. */
      result: string;
      /** Of a task that nobody here remembers. */
      origin: { action: string; modelName: string; modelVersion: string; createdAt: number };
    }
  /** The vendor has stopped it, and says no more of it. */
  | { kind: "aborted"; message: string }
  /** It is not a task of ours. */
  | { kind: "foreign" }
  /** The vendor says that there is no such task. */
  | { kind: "absent"; code: string }
  | { kind: "silent"; reason: string };

export type LookOutcome =
  /** What was found, by SessionId. `complete`: what is not among it was not there. */
  { found: Record<string, string>; complete: boolean; answered: boolean };
