import type { Config } from "../config.ts";
import { log } from "../log.ts";
import type { ObjectServices } from "../services.ts";
import { sha256Hex } from "../signing/encoding.ts";
import { verifySessionToken } from "../signing/session-token.ts";
import { isCompletion, type VendorEvent } from "../vod/events.ts";
import type { TaskEvent } from "./contract.ts";

export type EventOrigin =
  /** Without a task: an event that completes none. */
  | { ok: true; event?: TaskEvent }
  /** A completion that nothing ties to a task of ours. */
  | { ok: false; reason: string };

/** Whose task an event completes, by our session token in it. */
export async function originOf(config: Config, { eventType, completion }: VendorEvent): Promise<EventOrigin> {
  if (!completion) return isCompletion(eventType) ? { ok: false, reason: "no_task" } : { ok: true };
  const token = await verifySessionToken({ token: completion.sessionContext, roots: config.roots });
  if (!token.ok) return { ok: false, reason: `token_${token.reason}` };
  const { taskId, attempt, owner } = token;
  return { ok: true, event: { taskId, attempt, owner, vendorTaskId: completion.vendorTaskId } };
}

/** Keeps an event that completes no task, for the operator to look at. Nothing depends on it. */
export async function keepOtherEvent(
  { store, deps }: Pick<ObjectServices, "store" | "deps">,
  eventType: string,
  content: object,
): Promise<void> {
  log("info", "event.unhandled", { event_type: eventType });
  const body = JSON.stringify(content);
  try {
    await store.record.keepOtherEvent({ id: await sha256Hex(body), eventType, body, now: deps.now() });
  } catch (error) {
    log("error", "event.not_kept", { event_type: eventType, error: String(error) });
  }
}
