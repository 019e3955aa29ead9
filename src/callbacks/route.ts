import { Hono } from "hono";
import { ApiError } from "../http/api-error.ts";
import type { AppEnv } from "../http/app-env.ts";
import { log } from "../log.ts";
import { applyEvent, EVENT_MAX_BYTES, storeEvent } from "../tasks/receive-event.ts";
import { readLimitedText } from "../util/limited-text.ts";
import { parseNotification } from "./events.ts";
import { isCallbackSecret, verifyNotification } from "./verify.ts";

/**
 * `POST /callbacks/vod/{secret}`: the vendor's notifications. The vendor waits 5 s and looks at nothing in the answer,
 * so whatever is stored is answered with 200, and applying it never depends on a second delivery.
 */
export const callbacks = new Hono<AppEnv>().post("/callbacks/vod/:secret", async (c) => {
  const services = c.get("services");
  if (!(await isCallbackSecret(services.config, c.req.param("secret")))) return c.notFound();
  const raw = await readLimitedText(c.req.raw, EVENT_MAX_BYTES);
  if (raw === undefined)
    throw new ApiError("payload_too_large", `A notification has at most ${EVENT_MAX_BYTES} bytes.`);
  const event = parseNotification(raw);
  if (!event) throw new ApiError("bad_request", "This is not a VOD event notification.");

  const query = new URL(c.req.url).searchParams;
  const origin = await verifyNotification(services.config, event, query, Math.floor(services.deps.now() / 1000));
  if (!origin.ok) {
    // The reason is for the operator; a prober learns only that it did not work.
    log("warn", "callback.rejected", { reason: origin.reason, event_type: event.eventType });
    throw new ApiError("unauthorized", "The notification could not be verified.");
  }
  const pending = await storeEvent(services, event, origin);
  if (pending) await applyEvent(services, pending);
  return c.json({ code: 0 });
});
