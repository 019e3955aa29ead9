import * as z from "zod";
import { signKey } from "../config.ts";
import type { VendorContext } from "../context.ts";
import { VendorError } from "../errors.ts";
import { subAppId } from "../schema.ts";
import { kindOf, taskStructure } from "../task-view.ts";
import { EVENT_MEMBERS } from "../vendor-members.ts";
import { defineAction } from "./action.ts";

/** Pulled at once, and confirmed at once. */
const MAX_EVENTS = 16;
const HIDDEN_MS = 30_000;
const HOLD_MS = 5000;
const QUEUE_MEMORY_MS = 4 * 24 * 3600 * 1000;

const onOff = z.enum(["ON", "OFF"]).optional();

export const pullEvents = defineAction(
  z.strictObject({ SubAppId: subAppId.optional(), ExtInfo: z.string().optional() }),
  async (context) => {
    const deadline = context.clock.real() + HOLD_MS;
    for (;;) {
      const events = pull(context);
      if (events.length > 0) return { EventSet: events };
      const left = deadline - context.clock.real();
      if (left <= 0) return { EventSet: null };
      await context.waiters.wait(left);
    }
  },
);

function pull(context: VendorContext): object[] {
  const now = context.clock.emulated();
  context.events.dropQueuedBefore(now - QUEUE_MEMORY_MS);
  return context.events
    .pull(now, now + HIDDEN_MS, MAX_EVENTS, () => context.uuid())
    .flatMap(({ taskSeq, handle }) => {
      const task = context.tasks.bySeq(taskSeq);
      if (!task) return [];
      const { eventType, eventMember } = kindOf(task);
      return [
        { EventHandle: handle, EventType: eventType, ...EVENT_MEMBERS, [eventMember]: taskStructure(context, task) },
      ];
    });
}

/** All or none: one handle that is unknown or too old refuses the call. */
export const confirmEvents = defineAction(
  z.strictObject({
    EventHandles: z.array(z.string()).min(1).max(MAX_EVENTS),
    ExtInfo: z.string().optional(),
    SubAppId: subAppId.optional(),
  }),
  (context, { EventHandles: handles }) => {
    const now = context.clock.emulated();
    for (const handle of handles)
      if (!context.events.isConfirmable(handle, now))
        throw new VendorError("InvalidParameterValue", `The event handle \`${handle}\` is unknown or has expired.`);
    for (const handle of handles) context.events.confirm(handle);
    return {};
  },
);

const SWITCHES_OFF = {
  UploadMediaCompleteEventSwitch: "OFF",
  DeleteMediaCompleteEventSwitch: "OFF",
  PersistenceCompleteEventSwitch: "OFF",
};

/** Changes only what was sent. The switches are kept, but the events they are about never happen here. */
export const modifyEventConfig = defineAction(
  z.strictObject({
    SubAppId: subAppId.optional(),
    Mode: z.enum(["PUSH", "PULL"]).optional(),
    NotificationUrl: z.union([z.literal(""), z.url({ protocol: /^https?$/ })]).optional(),
    UploadMediaCompleteEventSwitch: onOff,
    DeleteMediaCompleteEventSwitch: onOff,
    PersistenceCompleteEventSwitch: onOff,
    SignKey: signKey.optional(),
  }),
  (context, request) => {
    const { SubAppId: _, Mode: mode, NotificationUrl: notification_url, SignKey: sign_key, ...switches } = request;
    context.changeConfig({ mode, notification_url, sign_key });
    context.control.writeEventSwitches({ ...context.control.readEventSwitches(), ...switches });
    return {};
  },
);

/** The sign key is never told. */
export const describeEventConfig = defineAction(z.strictObject({ SubAppId: subAppId.optional() }), (context) => {
  const { mode, notification_url } = context.config();
  return {
    Mode: mode,
    NotificationUrl: notification_url,
    ...SWITCHES_OFF,
    ...context.control.readEventSwitches(),
  };
});

export const describeEventsState = defineAction(z.strictObject({ SubAppId: subAppId.optional() }), (context) => ({
  CountOfEventsToPull: context.events.countToPull(context.clock.emulated()),
}));
