import { createRandom, type Random } from "../faults/random.ts";
import type { Profile } from "./profile.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** Above this a request lies in object storage. */
const INLINE_MAX_BYTES = 16_000;

/** What one client wants, and how it goes about it. */
export type Order = {
  number: number;
  /** After the beginning of the world. */
  atMs: number;
  owner: string;
  model: number;
  priority: number;
  sessionId: string | undefined;
  key: string | undefined;
  /** Of an SDK that numbers its attempts; equal for creates that are equal on purpose. */
  retryPrint: string | undefined;
  requestBytes: number;
  startWithinMs: number | undefined;
  maxQueueLength: number | undefined;
  /** How often a client sends it again, as a new request, after a lost answer or a 503. */
  patience: number;
  /** The same request once more, under the same names, so long after the first. */
  againAfterMs: number | undefined;
  /** Another request under the same key. */
  otherBodyAfterMs: number | undefined;
  cancelAfterMs: number | undefined;
  /** Removes the content once it sees that the task is over. */
  erases: boolean;
  pollEveryMs: number;
};

export function ordersOf(profile: Profile): Order[] {
  const orders: Order[] = [];
  for (let number = 1; number <= profile.orders; number++) {
    orders.push(orderOf(profile, number, createRandom(profile.seed, `order ${number}`)));
  }
  const flooding = createRandom(profile.seed, "flood");
  const [owner = ""] = profile.owners;
  const atMs = flooding.between(0, profile.spreadMs);
  for (let number = 1; number <= profile.flood; number++) {
    orders.push({ ...plainOrder(profile.orders + number, atMs + number, owner), priority: flooding.pick([0, 0, 10]) });
  }
  return orders;
}

function plainOrder(number: number, atMs: number, owner: string): Order {
  return {
    number,
    atMs,
    owner,
    model: 0,
    priority: 0,
    sessionId: undefined,
    key: undefined,
    retryPrint: undefined,
    requestBytes: 200,
    startWithinMs: undefined,
    maxQueueLength: undefined,
    patience: 0,
    againAfterMs: undefined,
    otherBodyAfterMs: undefined,
    cancelAfterMs: undefined,
    erases: false,
    pollEveryMs: 20 * MINUTE_MS,
  };
}

function orderOf(profile: Profile, number: number, random: Random): Order {
  const owner = profile.owners[random.between(0, profile.owners.length - 1)] ?? "";
  const sometimes = <T>(probability: number, value: () => T) => (random.chance(probability) ? value() : undefined);
  const soon = () => random.pick([0, random.between(1, 5_000), random.between(5_000, 5 * MINUTE_MS)]);
  const named = random.weighted<"key" | "signed" | "retry" | "none">([
    [35, "key"],
    [15, "signed"],
    [15, "retry"],
    [35, "none"],
  ]);
  // Names are taken from few, so that orders meet each other.
  const few = Math.max(2, Math.ceil(profile.orders / 3));
  return {
    ...plainOrder(number, random.between(0, profile.spreadMs), owner),
    model: random.between(0, profile.models.length - 1),
    priority: random.weighted([
      [8, 0],
      [1, 5],
      [1, 10],
    ]),
    sessionId: named === "retry" ? undefined : sometimes(0.45, () => `session-${random.between(1, few)}`),
    key: named === "key" ? `key-${random.between(1, few * 2)}` : named === "signed" ? `tc3:${number}` : undefined,
    retryPrint: named === "retry" ? `print-${random.between(1, few * 2)}` : undefined,
    requestBytes: random.weighted([
      [8, 300],
      [1, 9_000],
      [1, 5 * INLINE_MAX_BYTES],
    ]),
    startWithinMs: sometimes(0.06, () => random.between(1_000, 30 * MINUTE_MS)),
    maxQueueLength: sometimes(0.05, () => random.between(0, 8)),
    patience: random.between(0, 4),
    againAfterMs: sometimes(0.3, () =>
      random.weighted([
        [profile.long ? 1 : 6, soon()],
        [1, profile.long ? random.between(1, 5) * DAY_MS : random.between(1, 60) * MINUTE_MS],
      ]),
    ),
    otherBodyAfterMs: sometimes(0.05, soon),
    cancelAfterMs: sometimes(0.15, soon),
    erases: random.chance(0.15),
    pollEveryMs: random.pick([2_000, 30_000, 10 * MINUTE_MS]),
  };
}

export function isLarge(order: Order): boolean {
  return order.requestBytes > INLINE_MAX_BYTES;
}

/** What an Idempotency-Key is bound to: equal for equal requests. */
export function fingerprintOf(order: Order, otherBody = false): string {
  const request = order.retryPrint ?? `${order.model} ${order.sessionId ?? ""}`;
  return otherBody ? `${request} changed` : request;
}
