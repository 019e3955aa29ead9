import { log } from "../log.ts";
import type { Services } from "../services.ts";
import type { EventRow, TaskRow } from "../store/types.ts";
import { vendorRequest } from "../vod/requests.ts";
import { sendToVendor, SUBMISSION_OVERDUE_MS } from "./send.ts";
import { EVENT_LEASE_MS, settleEvent } from "./settle.ts";

/** Of each kind, in one sweep; the next sweep follows at once when more is due. */
const SWEEP_BATCH = 50;

/**
 * Does what is due: events whose re-read failed, submissions that got no answer or lost their isolate. Work is leased
 * row by row, so sweeps may overlap.
 * @returns when the next one is due, in milliseconds; null when nothing waits
 */
export async function sweep(services: Services): Promise<number | null> {
  const { store, deps } = services;
  for (const event of await store.events.due(deps.now(), SWEEP_BATCH)) {
    await guarded("event", event.task_id, () => retryEvent(services, event));
  }
  for (const task of await store.tasks.due(deps.now(), SWEEP_BATCH)) {
    await guarded("task", task.id, () => resend(services, task));
  }
  return store.tasks.nextCheck();
}

/** One row that cannot be handled must not keep the others waiting. Its lease brings it back. */
async function guarded(kind: string, requestId: string | null, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    log("error", "sweep.failed", { reason: kind, request_id: requestId ?? undefined, error: String(error) });
  }
}

async function retryEvent(services: Services, event: EventRow): Promise<void> {
  if (!event.task_id || !event.vendor_task_id) return;
  const now = services.deps.now();
  const tries = await services.store.events.lease({ id: event.id, now, until: now + EVENT_LEASE_MS });
  if (tries === undefined) return;
  await settleEvent(services, { id: event.id, taskId: event.task_id, vendorTaskId: event.vendor_task_id, tries });
}

async function resend(services: Services, task: TaskRow): Promise<void> {
  const { store, deps } = services;
  if (task.check_at === null) return;
  const until = deps.now() + SUBMISSION_OVERDUE_MS;
  if (!(await store.tasks.lease({ id: task.id, checkAt: task.check_at, until }))) return;
  const request = vendorRequest.parse(JSON.parse(await store.tasks.request(task.id)));
  await sendToVendor(services, { ...task, status: "unknown", check_at: until }, request);
}
