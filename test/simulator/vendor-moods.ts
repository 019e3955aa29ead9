import type { ReadOutcome } from "../../src/dispatcher/effects.ts";
import type { Random } from "../faults/random.ts";
import type { VendorTask } from "./books.ts";
import type { Fate } from "./fate.ts";

const MINUTE_MS = 60_000;
const EVENT_MIN_MS = 20;
const EVENT_MAX_MS = 500;

type Verdict = Extract<ReadOutcome, { kind: "read" }>["verdict"];

/** The vendor did not do it: rejected before execution. */
const REFUSALS = [
  "RequestLimitExceeded",
  "RequestLimitExceeded.UinLimitExceeded",
  "LimitExceeded",
  "LimitExceeded.Quota",
  "ResourceInsufficient",
  "InvalidParameter",
  "InvalidParameterValue",
  "InvalidParameterValue.SubAppId",
  "MissingParameter",
  "UnauthorizedOperation",
  "AuthFailure",
  "RequestSizeLimitExceeded",
] as const;

/** The vendor may have done it: an answer that proves nothing. */
export const UNCLEAR_CODES = [
  "InternalError",
  "ServiceUnavailable",
  "ResourceUnavailable",
  "FailedOperation",
  "SomethingNobodyKnows",
  "SomethingNobodyKnows.Either",
] as const;

export function refusalCode(random: Random): string {
  return random.pick(REFUSALS);
}

export function unclearCode(random: Random, always: string | undefined): string {
  return always ?? random.pick(UNCLEAR_CODES);
}

export function endingOf(fate: Fate, name: string): VendorTask["ending"] {
  if (fate.strikes("task_fails", name)) return "failed";
  return fate.strikes("task_aborted", name) ? "aborted" : "succeeded";
}

/** When, after the end of a task, each of its notifications is sent. */
export function plannedEvents(fate: Fate, name: string, copiesWithinMs: number): number[] {
  const times: number[] = [];
  if (!fate.strikes("event_lost", name)) {
    const random = fate.random(`event ${name}`);
    const late = fate.strikes("event_late", name);
    times.push(
      late
        ? random.between(EVENT_MAX_MS, random.pick([5_000, 20 * MINUTE_MS]))
        : random.between(EVENT_MIN_MS, EVENT_MAX_MS),
    );
  }
  if (fate.strikes("event_doubled", name)) {
    const random = fate.random(`copies ${name}`);
    for (let copies = random.between(1, 3); copies > 0; copies--) {
      times.push(random.between(0, random.pick([1_000, MINUTE_MS, 60 * MINUTE_MS, copiesWithinMs])));
    }
  }
  return times;
}

/** @param reads how often its end has been read, this time included */
export function verdictOf(task: VendorTask, now: number, reads: number): Verdict {
  if (now < task.finishesAt) return { state: "processing" };
  const failed = (code: string): Verdict => ({ state: "failed", code, message: `The vendor says ${code}.` });
  switch (task.ending) {
    case "no_room":
      return failed("RequestLimitExceeded");
    case "aborted":
      return failed("OperationCanceled");
    case "failed":
      return failed("ContentModerationFailed");
    case "succeeded":
      return reads <= task.emptyReads ? failed("EmptyOutput") : { state: "succeeded" };
  }
}

/** The vendor's finished task as it is stored. */
export function resultOf(task: VendorTask, verdict: Verdict): string {
  return JSON.stringify({ TaskId: task.vendorTaskId, Attempt: task.attempt, State: verdict.state });
}
