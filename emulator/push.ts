import { signEvent } from "../src/signing/event-signature.ts";
import type { VendorContext } from "./context.ts";
import type { Delivery } from "./state/events.ts";
import type { Task } from "./state/tasks.ts";
import { kindOf, taskStructure } from "./task-view.ts";

const SIGNATURE_LIFETIME_SECONDS = 600;
const RECEIVER_TIMEOUT_MS = 5000;
const MAX_SENDS = 3;
const PAUSE_BETWEEN_SENDS_MS = 1000;

/** How long a send may take before another one may start, should this process die meanwhile. */
export const SEND_LEASE_MS = RECEIVER_TIMEOUT_MS + 2000;

/** Plans the copies of a finished task's event, as `callback` of the configuration has it. */
export function planDeliveries(context: VendorContext, task: Task): void {
  const { callback, notification_url } = context.config();
  if (notification_url === "" || context.random() < callback.drop) return;
  const dueAt = context.clock.emulated() + callback.delay_ms + context.random() * callback.jitter_ms;
  for (let copy = 0; copy <= callback.duplicate; copy++) context.events.addDelivery(task.seq, dueAt);
}

/**
 * Sends one copy. An answer of any status settles it; without one it is sent again, three times in all.
 * Never rejects.
 */
export async function deliver(context: VendorContext, delivery: Delivery): Promise<void> {
  const task = context.tasks.bySeq(delivery.taskSeq);
  const url = context.config().notification_url;
  const settled = !task || url === "" || delivery.sends > MAX_SENDS || (await send(url, await eventOf(context, task)));
  if (settled || delivery.sends >= MAX_SENDS) context.events.removeDelivery(delivery.id);
  else context.events.retryDelivery(delivery.id, context.clock.emulated() + PAUSE_BETWEEN_SENDS_MS);
  context.arm();
}

/** The body of a notification: no EventHandle, no null members; signed when there is a sign key. */
async function eventOf(context: VendorContext, task: Task): Promise<string> {
  const { eventType, eventMember } = kindOf(task);
  const { sign_key: signKey } = context.config();
  const event = { EventType: eventType, [eventMember]: taskStructure(context, task) };
  if (signKey === "") return JSON.stringify(event);
  const t = Math.floor(context.clock.real() / 1000) + SIGNATURE_LIFETIME_SECONDS;
  return JSON.stringify({ ...event, Sign: await signEvent({ signKey, t }), T: t });
}

/** @returns whether the receiver answered */
async function send(url: string, body: string): Promise<boolean> {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
      redirect: "manual",
      signal: AbortSignal.timeout(RECEIVER_TIMEOUT_MS),
    });
    await response.body?.cancel();
    return true;
  } catch {
    return false;
  }
}
