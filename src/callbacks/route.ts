import { Hono } from "hono";
import { ApiError } from "../http/api-error.ts";
import type { AppEnv } from "../http/app-env.ts";
import { log } from "../log.ts";
import type { Services } from "../services.ts";
import { sha256Hex } from "../signing/encoding.ts";
import { EVENT_LEASE_MS, settleEvent } from "../tasks/settle.ts";
import { readLimitedText } from "../util/limited-text.ts";
import { type Notification, parseNotification } from "./events.ts";
import { isCallbackSecret, verifyNotification } from "./verify.ts";

/** A completion is a few kilobytes. */
export const CALLBACK_MAX_BYTES = 1024 * 1024;

/**
 * `POST /callbacks/vod/{secret}`: the vendor's notifications. The vendor waits 5 s and looks at nothing in the answer,
 * so whatever is stored is answered with 200, and applying it never depends on a second delivery.
 */
export const callbacks = new Hono<AppEnv>().post("/callbacks/vod/:secret", async (c) => {
  const services = c.get("services");
  if (!(await isCallbackSecret(services.config, c.req.param("secret")))) return c.notFound();
  const raw = await readLimitedText(c.req.raw, CALLBACK_MAX_BYTES);
  if (raw === undefined)
    throw new ApiError("payload_too_large", `A notification has at most ${CALLBACK_MAX_BYTES} bytes.`);
  const event = parseNotification(raw);
  if (!event) throw new ApiError("bad_request", "This is not a VOD event notification.");

  const now = services.deps.now();
  const verified = await verifyNotification(
    services.config,
    event,
    new URL(c.req.url).searchParams,
    Math.floor(now / 1000),
  );
  if (!verified.ok) {
    // The reason is for the operator; a prober learns only that it did not work.
    log("warn", "callback.rejected", { reason: verified.reason, event_type: event.eventType });
    throw new ApiError("unauthorized", "The notification could not be verified.");
  }
  await receive(services, event, verified.taskId, now);
  return c.json({ code: 0 });
});

async function receive(
  services: Services,
  event: Notification,
  taskId: string | undefined,
  now: number,
): Promise<void> {
  const { store } = services;
  const vendorTaskId = event.completion?.vendorTaskId ?? null;
  const completes = vendorTaskId !== null && taskId !== undefined;
  const id = await sha256Hex(event.body);
  const checkAt = completes ? now + EVENT_LEASE_MS : null;
  const first = await store.events.insert({
    id,
    eventType: event.eventType,
    taskId: taskId ?? null,
    vendorTaskId,
    body: event.body,
    now,
    checkAt,
  });
  if (!completes) {
    if (first) log("info", "callback.unhandled", { event_type: event.eventType });
    return;
  }
  // A copy: the first one is at work, or waits for a retry whose time may have come.
  const tries = first ? 1 : await store.events.lease({ id, now, until: now + EVENT_LEASE_MS });
  if (tries === undefined) return;
  try {
    await settleEvent(services, { id, taskId, vendorTaskId, tries });
  } catch (error) {
    // It is stored and leased: the dispatcher tries again.
    log("error", "callback.apply_failed", { request_id: taskId, error: String(error) });
    await services.dispatcher.wake(now + EVENT_LEASE_MS);
  }
}
