import type { Services } from "../services.ts";
import type { QueueReport } from "./dispatch/types.ts";

/** A part that takes longer to answer counts as down. */
const CHECK_TIMEOUT_MS = 2_000;

export type Readiness = {
  /** False when tasks cannot be taken. A silent vendor does not count: they wait for it. */
  ready: boolean;
  checks: {
    d1: "ok" | "down";
    kv: "ok" | "down";
    dispatcher: "ok" | "down";
    vendor: "ok" | "no_answer" | "not_called_yet";
  };
  queue: QueueReport | null;
};

/** Asks everything the gateway stands on whether it answers. KV may be down: D1 decides without it. */
export async function checkReadiness({ store, dispatcher, deps }: Services): Promise<Readiness> {
  const within = <T>(work: Promise<T>): Promise<T | undefined> =>
    Promise.race([work.catch(() => undefined), deps.sleep(CHECK_TIMEOUT_MS).then(() => undefined)]);
  const [stores, queue] = await Promise.all([within(store.ping()), within(dispatcher.report())]);
  return {
    ready: stores?.d1 === true && queue !== undefined,
    checks: {
      d1: word(stores?.d1),
      kv: word(stores?.kv),
      dispatcher: word(queue !== undefined),
      vendor: vendorOf(queue),
    },
    queue: queue ?? null,
  };
}

function word(up: boolean | undefined): "ok" | "down" {
  return up ? "ok" : "down";
}

function vendorOf(queue: QueueReport | undefined): Readiness["checks"]["vendor"] {
  if (queue?.holdingUntil != null) return "no_answer";
  return queue?.lastAnswerAt == null ? "not_called_yet" : "ok";
}
