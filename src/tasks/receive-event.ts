import type { Config } from "../config.ts";
import { log } from "../log.ts";
import type { Services } from "../services.ts";
import { sha256Hex } from "../signing/encoding.ts";
import { verifySessionToken } from "../signing/session-token.ts";
import { isCompletion, type VendorEvent } from "../vod/events.ts";
import { EVENT_LEASE_MS, type PendingEvent, settleEvent } from "./settle.ts";
import { lowestIdAt } from "./task-id.ts";

/**
 * An event that is longer is not stored. A completion is a few kilobytes; D1 takes rows of 2 MB. The task of one that
 * is refused is re-read in its own time.
 */
export const EVENT_MAX_BYTES = 1024 * 1024;

const HOUR_MS = 60 * 60 * 1000;

export type EventOrigin =
  /** Without a task: an event that completes none. */
  | { ok: true; taskId?: string }
  /** A completion that nothing ties to a task of ours. */
  | { ok: false; reason: string };

/** Whose task an event completes, by our session token in it. */
export async function originOf(config: Config, event: VendorEvent): Promise<EventOrigin> {
  if (!event.completion) return isCompletion(event.eventType) ? { ok: false, reason: "no_task" } : { ok: true };
  const token = await verifySessionToken({
    token: event.completion.sessionContext,
    keys: config.callbacks.secrets,
  });
  return token.ok ? { ok: true, taskId: token.taskId } : { ok: false, reason: `token_${token.reason}` };
}

/**
 * Stores an event. Once this returns, the event can no longer be lost: if nobody goes on with it, the dispatcher does.
 * Equal events are one, however often and whichever way they come.
 * @param origin what {@link originOf} made of it; without a task the event is kept for the record only
 * @returns what is left to do, if anything; the caller then holds the event's lease
 */
export async function storeEvent(
  services: Services,
  event: VendorEvent,
  origin: EventOrigin,
): Promise<PendingEvent | undefined> {
  const { store, deps } = services;
  const taskId = origin.ok ? origin.taskId : undefined;
  const vendorTaskId = event.completion?.vendorTaskId ?? null;
  const completes = vendorTaskId !== null && taskId !== undefined;
  const now = deps.now();
  // Equal events have equal ids, which begin with their task's: so they are found, and grow old, with it. Those of no
  // task are as old as the hour they came in.
  const id = `${taskId ?? lowestIdAt(now - (now % HOUR_MS))}.${await sha256Hex(event.body)}`;
  const leasedUntil = now + EVENT_LEASE_MS;
  const first = await store.events.insert({
    id,
    eventType: event.eventType,
    taskId: taskId ?? null,
    vendorTaskId,
    body: event.body,
    now,
    checkAt: completes ? leasedUntil : null,
  });
  if (!completes) {
    const reason = origin.ok ? undefined : origin.reason;
    if (first) log("info", "event.unhandled", { event_type: event.eventType, reason });
    return undefined;
  }
  // A copy: the first one is at work, or waits for a retry whose time may have come.
  const tries = first ? 1 : await store.events.lease({ id, now, until: leasedUntil });
  return tries === undefined ? undefined : { id, taskId, vendorTaskId, tries };
}

/** Applies an event that {@link storeEvent} has stored. Never throws: what breaks is tried again by the dispatcher. */
export async function applyEvent(services: Services, pending: PendingEvent): Promise<void> {
  try {
    await settleEvent(services, pending);
  } catch (error) {
    log("error", "event.apply_failed", { request_id: pending.taskId, error: String(error) });
    await services.dispatcher.wake(services.deps.now() + EVENT_LEASE_MS);
  }
}
