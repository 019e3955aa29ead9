import { Hono } from "hono";
import { ApiError } from "../http/api-error.ts";
import type { AppEnv } from "../http/app-env.ts";
import { log } from "../log.ts";
import { keepOtherEvent } from "../tasks/receive-event.ts";
import { MAX_ECHO_BYTES, readVendorText } from "../vod/answer-text.ts";
import { parseNotification } from "./events.ts";
import { isCallbackSecret, verifyNotification } from "./verify.ts";

/**
 * What is kept of a notification while it is read, without the files of the request that it may echo. A completion is a
 * few kilobytes; the task of one that is refused is re-read in its own time.
 */
export const EVENT_MAX_BYTES = 1024 * 1024;

/**
 * `POST /callbacks/vod/{secret}`: the vendor's notifications. The vendor waits 5 s and looks at nothing in the answer, so
 * 200 says that the dispatcher has noted it for good, and nothing depends on a second delivery.
 */
export const callbacks = new Hono<AppEnv>().post("/callbacks/vod/:secret", async (c) => {
  const services = c.get("services");
  if (!(await isCallbackSecret(services.config, c.req.param("secret")))) return c.notFound();
  const raw = await readVendorText(c.req.raw, { maxReadBytes: MAX_ECHO_BYTES, maxKeptBytes: EVENT_MAX_BYTES });
  if (raw === undefined) {
    const message = `A notification has at most ${EVENT_MAX_BYTES} bytes, and ${MAX_ECHO_BYTES} with the files it shows.`;
    throw new ApiError("payload_too_large", message);
  }
  const notification = parseNotification(raw);
  if (!notification) throw new ApiError("bad_request", "This is not a VOD event notification.");

  const query = new URL(c.req.url).searchParams;
  const now = Math.floor(services.deps.now() / 1000);
  const origin = await verifyNotification(services.config, notification, query, now);
  if (!origin.ok) {
    // The reason is for the operator; a prober learns only that it did not work.
    log("warn", "callback.rejected", { reason: origin.reason, event_type: notification.eventType });
    throw new ApiError("unauthorized", "The notification could not be verified.");
  }
  if (origin.event) await services.dispatcher.event(origin.event);
  else await keepOtherEvent(services, notification.eventType, notification.content);
  return c.json({ code: 0 });
});
