import * as z from "zod";

/** The event types whose task is one of ours, and the member that carries it (tencent-vod facts §3.1). */
const CONTENT_OF = new Map([
  ["AigcVideoTaskComplete", "AigcVideoCompleteEvent"],
  ["AigcImageTaskComplete", "AigcImageCompleteEvent"],
]);

const notification = z.looseObject({ EventType: z.string().min(1).max(200) });
const content = z.looseObject({ TaskId: z.string().min(1).max(200), SessionContext: z.unknown() });

export type Notification = {
  eventType: string;
  /** As received, without the vendor's signature. */
  body: string;
  sign: unknown;
  t: unknown;
  /** Present in completions of AIGC tasks. */
  completion?: { vendorTaskId: string; sessionContext: unknown };
};

/** Reads a notification. Unknown types and members are kept; undefined when it is no notification at all. */
export function parseNotification(raw: string): Notification | undefined {
  let json: unknown;
  try {
    json = JSON.parse(raw);
  } catch {
    return undefined;
  }
  const parsed = notification.safeParse(json);
  if (!parsed.success) return undefined;
  const { Sign: sign, T: t, ...event } = parsed.data;
  const base = { eventType: event.EventType, body: JSON.stringify(event), sign, t };
  const member = CONTENT_OF.get(event.EventType);
  const task = member === undefined ? undefined : content.safeParse(event[member]);
  if (!task?.success) return base;
  return { ...base, completion: { vendorTaskId: task.data.TaskId, sessionContext: task.data.SessionContext } };
}

export function isCompletion(eventType: string): boolean {
  return CONTENT_OF.has(eventType);
}
