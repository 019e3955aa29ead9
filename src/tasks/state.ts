import { TASK_STATUSES, type TaskStatus } from "./contract.ts";

const TERMINAL: ReadonlySet<TaskStatus> = new Set(["succeeded", "failed", "canceled", "expired"]);

/** A terminal state is final. */
export function isTerminal(status: TaskStatus): boolean {
  return TERMINAL.has(status);
}

/** The three words every polling client knows; `unknown` is in progress, because the vendor may well be at work. */
export type PublicStatus = "IN_QUEUE" | "IN_PROGRESS" | "COMPLETED";

export function publicStatus(status: TaskStatus): PublicStatus {
  if (isTerminal(status)) return "COMPLETED";
  return status === "queued" || status === "submitting" ? "IN_QUEUE" : "IN_PROGRESS";
}

/** The states behind a word of either vocabulary; undefined for a word of neither. */
export function statusesNamed(word: string): TaskStatus[] | undefined {
  const matching = TASK_STATUSES.filter((status) => status === word || publicStatus(status) === word);
  return matching.length > 0 ? matching : undefined;
}
