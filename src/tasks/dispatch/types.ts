import type { CreateTaskInput, CreateTaskResult } from "../../store/create-task.ts";
import type { ActiveTask, TaskStatusRow } from "../../store/types.ts";

/** What became of a new task. A position of 0: nobody is ahead. */
export type Admission =
  | { kind: "queued"; position: number }
  | { kind: "started" }
  | { kind: "refused"; code: string; message: string };

/** What became of a submission. */
export type Submitted =
  | { kind: "created"; admission: Admission }
  | Exclude<CreateTaskResult, { kind: "created" }>
  /** D1 failed; whether the task is there cannot be told. `unavailable`: it may work in a moment. */
  | { kind: "not_stored"; unavailable: boolean; message: string };

export type CancelOutcome = "canceled" | "in_progress" | "already_over" | "not_found";

/** A task as its watchers see it. `version` changes whenever anything they see does. */
export type Observation = { version: string; task: TaskStatusRow; position: number | null };

export type QueueReport = {
  waiting: number;
  running: number;
  concurrency: number;
  /** Milliseconds; set while the vendor does not answer. */
  holdingUntil: number | null;
  lastAnswerAt: number | null;
};

/** Which attempt is over, and the task as it waits again, if it does. */
export type Departure = { attempt: number; requeued?: ActiveTask };

/** The dispatcher cannot be asked just now. */
export class DispatcherUnavailableError extends Error {
  override readonly name = "DispatcherUnavailableError";
}

/**
 * The dispatcher as the rest of the gateway sees it. In a Worker the calls go to the Durable Object. Telling it something
 * does not fail for its absence, because D1 holds everything and the object finds it there; asking it throws
 * {@link DispatcherUnavailableError}.
 */
export type Dispatcher = {
  /**
   * Writes a task's intent and takes it; waits for the vendor's answer when it can start at once. Undefined when the
   * dispatcher cannot be reached; it may have done so all the same. Told again, it says the same again.
   */
  submit(input: CreateTaskInput): Promise<Submitted | undefined>;
  /** The task is no longer with the vendor, says D1: its slot is free, its watchers want to know. */
  left(id: string, departure: Departure): Promise<void>;
  /** What is remembered of a task is no longer so, says D1. */
  changed(id: string): Promise<void>;
  /** Work is due at `at` (milliseconds). */
  wake(at: number): Promise<void>;
  cancel(owner: string, id: string): Promise<CancelOutcome>;
  /** The task now, or, if it is still at `version`, when it has changed or `timeoutMs` are over. Undefined: not this owner's. */
  observe(
    owner: string,
    id: string,
    after: { version?: string | undefined; timeoutMs: number },
  ): Promise<Observation | undefined>;
  report(): Promise<QueueReport>;
};
