import type { Fault } from "../../scripts/lib/emulator-client.ts";
import type { Random } from "./random.ts";

/** Beyond our time limit for a create call, so that the answer counts as lost; the vendor has accepted by then. */
const BEYOND_CREATE_TIMEOUT_MS = 16_000;
const BEYOND_DESCRIBE_TIMEOUT_MS = 4_000;
/**
 * The vendor accepts at the latest so long after the call: later than we wait for the answer, earlier than the end of the
 * call that the gateway reckons with (25 s) and VOD_RESEND_SECONDS after it, also on a busy machine.
 */
const LATE_LEAST_MS = 15_500;
const LATE_MOST_MS = 24_000;
const HANG_MS = 40_000;
/** More calls than are made in a spell. */
const MANY = 10_000;

/** Vendor faults that are there for some time, however many calls are made in it. */
export type Spell = {
  faults: Fault[];
  forMs: number;
  /** No events either. */
  withoutEvents: boolean;
};

/** Several calls at once are not answered for longer than anybody waits. */
export function makeHang(random: Random): Spell {
  const action = random.pick(["*", "*", "CreateAigcVideoTask", "DescribeTaskDetail"]);
  // Of creates that hang, some were accepted, and some are only later.
  const late = action.startsWith("Create") && random.chance(0.5);
  const fault: Fault = late
    ? { action, kind: "late", delay_ms: random.between(LATE_LEAST_MS, LATE_MOST_MS), times: MANY }
    : { action, kind: "slow", delay_ms: HANG_MS, times: MANY };
  return { faults: [fault], forMs: random.between(1_000, 12_000), withoutEvents: false };
}

/**
 * The vendor accepts, and neither its answer nor its list nor an event says so, until long after the time at which absence
 * could be proved: only a look that saw the whole list counts.
 */
export function makeBlindness(random: Random): Spell {
  const looks = random.pick<Fault["kind"]>(["http_500", "drop_before_accept", "bad_json"]);
  return {
    faults: [
      { action: "CreateAigcVideoTask", kind: "drop_after_accept", times: random.between(1, 3) },
      { action: "DescribeTasks", kind: looks, times: MANY },
    ],
    forMs: random.between(33_000, 45_000),
    withoutEvents: true,
  };
}

export function makeFault(random: Random): Fault {
  const action = random.weighted([
    [40, "CreateAigcVideoTask"],
    [15, "CreateAigcImageTask"],
    [30, "DescribeTaskDetail"],
    [15, "DescribeTasks"],
  ]);
  const times = random.chance(0.2) ? 2 : 1;
  const creates = action.startsWith("Create");
  const kind = random.weighted<Fault["kind"]>([
    [25, "drop_after_accept"],
    [15, "drop_before_accept"],
    [15, "bad_json"],
    [15, "http_500"],
    [15, "slow"],
    [10, "late"],
    [15, "error"],
  ]);
  if (kind === "slow" || kind === "late") return { action, kind, times, delay_ms: delayOf(random, creates, kind) };
  if (kind === "error") return { action, kind, times, code: errorCode(random, creates) };
  return { action, kind, times };
}

function delayOf(random: Random, creates: boolean, kind: "slow" | "late"): number {
  if (random.chance(0.8)) return random.between(100, 1_500);
  if (!creates) return BEYOND_DESCRIBE_TIMEOUT_MS;
  return kind === "late" ? random.between(LATE_LEAST_MS, LATE_MOST_MS) : BEYOND_CREATE_TIMEOUT_MS;
}

/** One that is healed within seconds: a create that was not executed is sent again only when that is proved. */
export function quickFault(random: Random): Fault {
  const action = random.pick(["CreateAigcVideoTask", "CreateAigcImageTask", "DescribeTaskDetail", "DescribeTasks"]);
  const kind = random.pick<Fault["kind"]>(["drop_after_accept", "bad_json", "slow", "late", "error"]);
  if (kind === "slow" || kind === "late") return { action, kind, delay_ms: random.between(100, 800) };
  if (kind === "error") return { action, kind, code: action.startsWith("Create") ? "LimitExceeded" : "InternalError" };
  return { action, kind };
}

/** Only what the vendor may truly say of any request, whatever came of an earlier call with it. */
function errorCode(random: Random, creates: boolean): string {
  const always: [number, string][] = [
    [4, "InternalError"],
    [2, "FailedOperation"],
    [2, "ServiceUnavailable"],
    [1, "NoCodeAnybodyKnows"],
    [2, "AuthFailure.SignatureExpire"],
    [1, "RequestLimitExceeded"],
  ];
  const ofCreates: [number, string][] = [
    [1, "LimitExceeded"],
    [1, "InvalidParameterValue"],
    [1, "ResourceNotFound"],
  ];
  return random.weighted(creates ? [...always, ...ofCreates] : always);
}
