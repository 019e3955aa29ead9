import type { Fault } from "../../scripts/lib/emulator-client.ts";
import { createRandom, type Random } from "./random.ts";

export type Dialect = "aigc-video" | "aigc-image" | "video-generations";

export const PATHS: Record<Dialect, string> = {
  "aigc-video": "/tencent-vod/v1/aigc-video",
  "aigc-image": "/tencent-vod/v1/aigc-image",
  "video-generations": "/v1/video/generations",
};

/** What one client wants, and how it goes about it. */
export type Order = {
  number: number;
  owner: string;
  dialect: Dialect;
  /** Unique: it finds the order among the vendor's tasks. */
  prompt: string;
  body: Record<string, unknown>;
  sessionId?: string;
  idempotencyKey?: string;
  /** How long the client waits before it sends. */
  pauseMs: number;
  /** How many times the request is sent at once. */
  copies: number;
  /** Sent once more after the answer: the same request, or another one under the same Idempotency-Key. */
  again?: "same" | "other_body";
  /** Cancels so long after the answer. */
  cancelAfterMs?: number;
  /** Watches the status until it is over. */
  follow: boolean;
};

export type EventTrouble = { drop: number; duplicate: number; delay_ms: number; jitter_ms: number };

/** What happens to the vendor, the network or the gateway when a given order is sent. */
export type Disturbance =
  | { kind: "fault"; fault: Fault }
  | { kind: "events"; callback: EventTrouble }
  | { kind: "little_room"; concurrency: number; forMs: number }
  | { kind: "bad_work"; forMs: number }
  | { kind: "forge"; events: number }
  | { kind: "kill"; afterMs: number };

export type Plan = { seed: number; owners: string[]; orders: Order[]; disturbances: Map<number, Disturbance[]> };
export type PlanOptions = { seed: number; tasks: number; kills: number };

const OWNERS = 4;
/** Slow enough that the gateway takes the answer for lost; the vendor has accepted by then. */
const BEYOND_CREATE_TIMEOUT_MS = 16_000;
const BEYOND_DESCRIBE_TIMEOUT_MS = 4_000;
const BURST_ORDERS = 30;
const FAULT_SHARE = 0.2;
const ORDERS_BETWEEN_FORGERIES = 15;
const ORDERS_BETWEEN_EVENT_CHANGES = 12;

export function makePlan({ seed, tasks, kills }: PlanOptions): Plan {
  const owners = Array.from({ length: OWNERS }, (_, index) => `soak-${index + 1}`);
  const orders: Order[] = [];
  const random = createRandom(seed, "orders");
  for (let number = 1; number <= tasks; number++) orders.push(makeOrder(random, seed, number, owners, orders));
  return { seed, owners, orders, disturbances: makeDisturbances(seed, tasks, kills) };
}

function makeOrder(random: Random, seed: number, number: number, owners: string[], before: Order[]): Order {
  const owner = owners[random.between(0, owners.length - 1)] ?? "";
  const dialect = random.weighted<Dialect>([
    [45, "aigc-video"],
    [25, "aigc-image"],
    [30, "video-generations"],
  ]);
  const aigc = dialect !== "video-generations";
  const earlier = before[random.between(0, before.length)];
  let sessionId: string | undefined;
  if (aigc && random.chance(0.6)) {
    // Also one that an earlier order has used: of the same owner, a duplicate; of another, none.
    sessionId = (random.chance(0.15) && earlier?.sessionId) || `session ${seed}/${number}`;
  }
  let idempotencyKey: string | undefined;
  if (random.chance(0.45)) {
    const borrowed = random.chance(0.1) && earlier?.owner !== owner ? earlier?.idempotencyKey : undefined;
    idempotencyKey = borrowed ?? `key-${seed}-${number}`;
  }
  const repeatable = sessionId !== undefined || idempotencyKey !== undefined;
  const prompt = promptOf(seed, number);
  return {
    number,
    owner,
    dialect,
    prompt,
    body: bodyOf(random, dialect, prompt, sessionId),
    ...(sessionId !== undefined && { sessionId }),
    ...(idempotencyKey !== undefined && { idempotencyKey }),
    // In bursts, so that a queue forms and dissolves.
    pauseMs: Math.floor(number / BURST_ORDERS) % 2 === 0 ? random.between(0, 20) : random.between(0, 250),
    copies: repeatable && random.chance(0.15) ? random.between(2, 4) : 1,
    ...(repeatable && random.chance(0.15) && { again: "same" }),
    ...(idempotencyKey !== undefined && random.chance(0.1) && { again: "other_body" }),
    ...(random.chance(0.12) && { cancelAfterMs: random.between(0, 300) }),
    follow: random.chance(0.2),
  };
}

function promptOf(seed: number, number: number): string {
  return `soak ${seed}, order ${number}`;
}

function bodyOf(random: Random, dialect: Dialect, prompt: string, sessionId: string | undefined) {
  if (dialect === "video-generations") return { model: random.pick(["viduq3p-720p", "viduq3t-540p"]), prompt };
  return {
    ...(dialect === "aigc-video"
      ? { model_name: "Kling", model_version: "2.1" }
      : { model_name: "GEM", model_version: "3.0" }),
    prompt,
    ...(sessionId !== undefined && { session_id: sessionId }),
    ...(random.chance(0.3) && { session_context: `context of ${prompt}` }),
    ...(random.chance(0.3) && { tasks_priority: random.between(-10, 10) }),
    // The vendor refuses members it does not know: this order can never succeed, and must never be paid.
    ...(random.chance(0.03) && { no_such_member: 1 }),
  };
}

function makeDisturbances(seed: number, tasks: number, kills: number): Map<number, Disturbance[]> {
  const disturbances = new Map<number, Disturbance[]>();
  const add = (order: number, disturbance: Disturbance) =>
    disturbances.set(order, [...(disturbances.get(order) ?? []), disturbance]);

  const faults = createRandom(seed, "faults");
  for (let order = 1; order <= tasks; order++) {
    if (faults.chance(FAULT_SHARE)) add(order, { kind: "fault", fault: makeFault(faults) });
    if (faults.chance(0.01)) add(order, { kind: "bad_work", forMs: faults.between(200, 800) });
    if (faults.chance(0.004)) add(order, { kind: "little_room", concurrency: 2, forMs: faults.between(200, 600) });
  }
  const events = createRandom(seed, "events");
  for (let order = 1; order <= tasks; order += events.between(1, 2 * ORDERS_BETWEEN_EVENT_CHANGES)) {
    add(order, { kind: "events", callback: makeEventTrouble(events) });
  }
  const forgeries = createRandom(seed, "forgeries");
  for (let order = ORDERS_BETWEEN_FORGERIES; order <= tasks; order += ORDERS_BETWEEN_FORGERIES) {
    add(order, { kind: "forge", events: forgeries.between(4, 12) });
  }
  const killing = createRandom(seed, "kills");
  for (let kill = 0; kill < kills; kill++) {
    // One in each equal part of the run, so that each meets a gateway that has come back.
    const order = Math.floor(((kill + 0.15 + 0.8 * killing.next()) / kills) * tasks);
    add(Math.max(1, order), { kind: "kill", afterMs: killing.between(0, 400) });
  }
  return disturbances;
}

function makeFault(random: Random): Fault {
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
    [15, "error"],
  ]);
  if (kind === "slow") {
    const beyond = creates ? BEYOND_CREATE_TIMEOUT_MS : BEYOND_DESCRIBE_TIMEOUT_MS;
    return { action, kind, times, delay_ms: random.chance(0.15) ? beyond : random.between(100, 1_500) };
  }
  if (kind === "error") return { action, kind, times, code: errorCode(random, creates) };
  return { action, kind, times };
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
  return random.weighted(creates ? [...always, [1, "LimitExceeded"]] : always);
}

function makeEventTrouble(random: Random): EventTrouble {
  return {
    drop: random.weighted([
      [50, 0],
      [30, 0.3],
      [20, 1],
    ]),
    duplicate: random.weighted([
      [60, 0],
      [25, 1],
      [15, 5],
    ]),
    delay_ms: random.weighted([
      [70, 0],
      [20, 300],
      [10, 2_000],
    ]),
    jitter_ms: random.weighted([
      [60, 0],
      [25, 500],
      [15, 4_000],
    ]),
  };
}
