import { isTooDeep } from "../http/json.ts";
import { readEvent, type VendorEvent } from "../vod/events.ts";

/** An event as an HTTP notification brings it: with the vendor's signature, where one is configured. */
export type Notification = VendorEvent & {
  sign: unknown;
  t: unknown;
  /** The event without what belongs to this one transmission of it, so that its copies are equal. */
  content: object;
};

/** Reads a notification; undefined when it is none. */
export function parseNotification(raw: string): Notification | undefined {
  if (isTooDeep(raw)) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(raw);
  } catch {
    return undefined;
  }
  const event = readEvent(json);
  if (!event) return undefined;
  const { Sign: sign, T: t, ...content } = json as { Sign?: unknown; T?: unknown };
  return { ...event, sign, t, content };
}
