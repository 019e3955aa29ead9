import { log } from "../../log.ts";
import type { Services } from "../../services.ts";
import { EVENT_LEASE_MS, settleEvent } from "../settle.ts";

/** In one go; the next follows at once when more are due. */
const EVENTS_AT_ONCE = 50;

/** Tries again to apply events whose re-read failed or whose isolate died. Each is leased, so goes may overlap. */
export async function retryEvents(services: Services): Promise<void> {
  const { store, deps } = services;
  for (const event of await store.events.due(deps.now(), EVENTS_AT_ONCE)) {
    if (!event.task_id || !event.vendor_task_id) continue;
    try {
      const now = deps.now();
      const tries = await store.events.lease({ id: event.id, now, until: now + EVENT_LEASE_MS });
      if (tries === undefined) continue;
      await settleEvent(services, { id: event.id, taskId: event.task_id, vendorTaskId: event.vendor_task_id, tries });
    } catch (error) {
      // One event that cannot be handled must not keep the others waiting. Its lease brings it back.
      log("error", "event.retry_failed", { request_id: event.task_id, error: String(error) });
    }
  }
}
