import type { TaskEvent } from "../../src/tasks/contract.ts";

/** A task as the vendor has it, and what the books say of it. */
export type VendorTask = {
  vendorTaskId: string;
  sessionId: string;
  /** As our token in it says. */
  taskId: string;
  attempt: number;
  call: number;
  owner: string;
  createdAt: number;
  /** Not listed before. */
  listedAt: number;
  beginsAt: number;
  finishesAt: number;
  ending: "succeeded" | "failed" | "no_room" | "aborted";
  /** So many reads after its end show no file yet. */
  emptyReads: number;
  /** The vendor made it by itself, out of a call that made another: nothing that a gateway could have avoided. */
  twinOf: string | undefined;
};

/** Work was done: everything costs but what found no room. */
export function isPaid(task: VendorTask): boolean {
  return task.ending !== "no_room" && task.twinOf === undefined;
}

export function sessionIdOf({ id, attempt }: { id: string; attempt: number }): string {
  return `${id}-${attempt}`;
}

export function eventOf(task: VendorTask): TaskEvent {
  return { taskId: task.taskId, attempt: task.attempt, owner: task.owner, vendorTaskId: task.vendorTaskId };
}

/** Something that must not be. */
export type Violation = { rule: string; at: number; id: string | undefined; text: string };

export class ViolationError extends Error {
  override readonly name = "ViolationError";
  readonly violation: Violation;
  constructor(violation: Violation) {
    super(`${violation.rule}: ${violation.id ?? ""} ${violation.text}`);
    this.violation = violation;
  }
}
