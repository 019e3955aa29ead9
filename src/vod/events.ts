import * as z from "zod";

/** The event types whose task is one of ours, and the member that carries it (tencent-vod facts §3.1). */
const CONTENT_OF = new Map([
  ["AigcVideoTaskComplete", "AigcVideoCompleteEvent"],
  ["AigcImageTaskComplete", "AigcImageCompleteEvent"],
]);

const structure = z.looseObject({ EventType: z.string().min(1).max(200) });
const content = z.looseObject({ TaskId: z.string().min(1).max(200), SessionContext: z.unknown() });

/** An event, whichever way it came. */
export type VendorEvent = {
  eventType: string;
  /** As received, without what belongs to this one transmission of it. */
  body: string;
  /** Present in completions of AIGC tasks. */
  completion?: { vendorTaskId: string; sessionContext: unknown };
};

/** Reads the vendor's EventContent. Unknown types and members are kept; undefined when it is no event at all. */
export function readEvent(json: unknown): VendorEvent | undefined {
  const parsed = structure.safeParse(json);
  if (!parsed.success) return undefined;
  const { Sign: _sign, T: _t, EventHandle: _handle, ...event } = parsed.data;
  const base = { eventType: event.EventType, body: JSON.stringify(event) };
  const member = CONTENT_OF.get(event.EventType);
  const task = member === undefined ? undefined : content.safeParse(event[member]);
  if (!task?.success) return base;
  return { ...base, completion: { vendorTaskId: task.data.TaskId, sessionContext: task.data.SessionContext } };
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
};

/** Members of other event types are there as `null` when pulled, and left out when pushed: the same event reads alike. */
export function readPulledEvents(answer: z.infer<typeof pulledEvents>): PulledEvent[] {
  return (answer.EventSet ?? []).map((pulled) => ({
    handle: pulled.EventHandle || undefined,
    event: readEvent(Object.fromEntries(Object.entries(pulled).filter(([, value]) => value !== null))),
  }));
}
