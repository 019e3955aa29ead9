import { type Disturbance, type DisturbanceOptions, makeDisturbances } from "./disturbances.ts";
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
  /** Has the content removed once it is over. */
  erase: boolean;
  /** Its request is so large that it lies in object storage. */
  large: boolean;
};

export type Plan = { seed: number; owners: string[]; orders: Order[]; disturbances: Map<number, Disturbance[]> };
export type PlanOptions = DisturbanceOptions;

const OWNERS = 4;
const BURST_ORDERS = 30;
/** Of a file in a request: above what lies in a row, so that it lies in object storage. */
const LARGE_LEAST_BYTES = 16_000;
const LARGE_MOST_BYTES = 300_000;

export function makePlan(options: PlanOptions): Plan {
  const { seed, tasks } = options;
  const owners = Array.from({ length: OWNERS }, (_, index) => `soak-${index + 1}`);
  const orders: Order[] = [];
  const random = createRandom(seed, "orders");
  for (let number = 1; number <= tasks; number++) orders.push(makeOrder(random, seed, number, owners, orders));
  return { seed, owners, orders, disturbances: makeDisturbances(options) };
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
  const large = aigc && random.chance(0.12);
  return {
    number,
    owner,
    dialect,
    prompt,
    body: { ...bodyOf(random, dialect, prompt, sessionId), ...(large && { file_infos: [fileOf(random)] }) },
    ...(sessionId !== undefined && { sessionId }),
    ...(idempotencyKey !== undefined && { idempotencyKey }),
    // In bursts, so that a queue forms and dissolves.
    pauseMs: Math.floor(number / BURST_ORDERS) % 2 === 0 ? random.between(0, 20) : random.between(0, 250),
    copies: repeatable && random.chance(0.15) ? random.between(2, 4) : 1,
    ...(repeatable && random.chance(0.15) && { again: "same" }),
    ...(idempotencyKey !== undefined && random.chance(0.1) && { again: "other_body" }),
    ...(random.chance(0.12) && { cancelAfterMs: random.between(0, 300) }),
    follow: random.chance(0.2),
    erase: random.chance(0.25),
    large,
  };
}

function promptOf(seed: number, number: number): string {
  return `soak ${seed}, order ${number}`;
}

function fileOf(random: Random) {
  const bytes = random.between(LARGE_LEAST_BYTES, LARGE_MOST_BYTES);
  return { type: "Base64", base64: Buffer.alloc(bytes, random.between(0, 255)).toString("base64") };
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
