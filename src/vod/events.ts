import * as z from "zod";
import { VENDOR_TASK_ID_MAX_CHARACTERS } from "./tasks.ts";

/** The event types whose task is one of ours, and the member that carries it (tencent-vod facts §3.1). */
export const CONTENT_OF = new Map([
  ["AigcVideoTaskComplete", "AigcVideoCompleteEvent"],
  ["AigcImageTaskComplete", "AigcImageCompleteEvent"],
]);

const structure = z.looseObject({ EventType: z.string().min(1).max(200) });
const content = z.looseObject({
  TaskId: z.string().min(1).max(VENDOR_TASK_ID_MAX_CHARACTERS),
  SessionContext: z.unknown(),
});

/** An event, whichever way it came. */
export type VendorEvent = {
  eventType: string;
  /** Present in completions of AIGC tasks. */
  completion?: { vendorTaskId: string; sessionContext: unknown };
};

/** Reads the vendor's EventContent, of any type; undefined when it is no event at all. */
export function readEvent(json: unknown): VendorEvent | undefined {
  const parsed = structure.safeParse(json);
  if (!parsed.success) return undefined;
  const { EventType: eventType } = parsed.data;
  const member = CONTENT_OF.get(eventType);
  const task = member === undefined ? undefined : content.safeParse(parsed.data[member]);
  if (!task?.success) return { eventType };
  return { eventType, completion: { vendorTaskId: task.data.TaskId, sessionContext: task.data.SessionContext } };
}

export function isCompletion(eventType: string): boolean {
  return CONTENT_OF.has(eventType);
}

/** PullEvents' answer. The handle is what confirms the event; without one it comes again, and nothing can be done. */
export const pulledEvents = z.looseObject({
  EventSet: z.array(z.looseObject({ EventHandle: z.string().nullish() })).nullish(),
});

export type PulledEvent = {
  handle: string | undefined;
  /** Undefined when it is no event. */
  event: VendorEvent | undefined;
  /** All that the vendor says of it. */
  content: object;
};

export function readPulledEvents(answer: z.infer<typeof pulledEvents>): PulledEvent[] {
  return (answer.EventSet ?? []).map(({ EventHandle: handle, ...told }) => ({
    handle: handle || undefined,
    event: readEvent(told),
    content: told,
  }));
}
