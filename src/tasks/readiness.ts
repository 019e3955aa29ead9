import type { Services } from "../services.ts";
import type { QueueReport } from "./contract.ts";

/** A part that takes longer to answer counts as down. */
const CHECK_TIMEOUT_MS = 2_000;

export type Readiness = {
  /** False when tasks cannot be taken. A silent vendor does not count, nor the record: tasks, and their ends, wait for them. */
  ready: boolean;
  checks: {
    d1: "ok" | "down";
    kv: "ok" | "down";
    dispatcher: "ok" | "down";
    vendor: "ok" | "no_answer" | "not_called_yet";
  };
  queue: QueueReport | null;
};

/**
 * Asks everything the gateway stands on whether it answers. KV may be down, for the dispatcher decides without it; and
 * D1, for the dispatcher keeps what is over until D1 takes it: the report says since when, and how much.
 */
export async function checkReadiness({ store, dispatcher, deps }: Services): Promise<Readiness> {
  const within = <T>(work: Promise<T>): Promise<T | undefined> =>
    Promise.race([work.catch(() => undefined), deps.sleep(CHECK_TIMEOUT_MS).then(() => undefined)]);
  const ping = store.ping();
  const [d1, kv, queue] = await Promise.all([within(ping.d1), within(ping.kv), within(dispatcher.report())]);
  return {
    // The object may be of the version before, which does not say.
    ready: queue !== undefined && (queue as Partial<QueueReport>).taking !== false,
    checks: {
      d1: word(d1),
      kv: word(kv),
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
