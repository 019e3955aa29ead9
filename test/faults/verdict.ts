import type { PaidTask } from "./both-sides.ts";

export type ViolationKind =
  | "duplicate"
  | "lost"
  | "not_terminal"
  | "wrong_result"
  | "wrong_session"
  | "wrong_key"
  | "wrong_record"
  | "left_over"
  | "forged"
  | "server_error"
  | "strange";

export type Violation = { kind: ViolationKind; text: string; requestId?: string };

/** The vendor did not do the work for lack of room; nothing is paid. */
export const NO_ROOM = "RequestLimitExceeded";

const TERMINAL: ReadonlySet<string> = new Set(["succeeded", "failed", "canceled", "expired"]);

export function isTerminal(state: string): boolean {
  return TERMINAL.has(state);
}

/** The gateway's SessionId at the vendor is its task id and the attempt. */
export function requestIdOf(sessionId: string): string {
  return sessionId.replace(/-\d+$/, "");
}

/** Those of a task's attempts that are paid. */
export function realOnes(attempts: readonly PaidTask[]): PaidTask[] {
  return attempts.filter(({ errorCode }) => errorCode !== NO_ROOM);
}
