/* A client's, and the vendor's, everyday calls on a gateway. */
import { CALLBACK, CAR, completionOf, emulator, type EmulatorTask, type Gateway, type Json } from "./gateway.ts";

export const VIDEO = "/tencent-vod/v1/aigc-video";
export const REQUESTS = "/tencent-vod/v1/requests";
export const CREATE = "CreateAigcVideoTask";

const LOOK_EVERY_MS = 10;

export type Submission = { id: string; position: number };

/** @throws unless it is accepted */
export async function submit(
  gateway: Gateway,
  body: Json = {},
  init: Parameters<Gateway["post"]>[2] = {},
): Promise<Submission> {
  const answer = await gateway.post(VIDEO, { ...CAR, ...body }, init);
  if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`);
  const { request_id: id, queue_position: position } = await answer.json<{
    request_id: string;
    queue_position: number;
  }>();
  return { id, position };
}

export async function statusOf(gateway: Gateway, id: string): Promise<Json> {
  return (await gateway.get(`${REQUESTS}/${id}/status`)).json<Json>();
}

export function cancel(gateway: Gateway, id: string, key?: string): Promise<Response> {
  return gateway.request(`${REQUESTS}/${id}/cancel`, { method: "PUT", ...(key !== undefined && { key }) });
}

/** The vendor tells of a task's end. */
export async function notify(gateway: Gateway, task: EmulatorTask, path = CALLBACK): Promise<Response> {
  // Signed for the gateway's clock, which a test may have moved.
  const t = Math.floor(gateway.services.deps.now() / 1000) + 600;
  return gateway.post(path, await completionOf(task, { t }), { key: null });
}

/** Lets the vendor's notifications through, as they come, until no task is left. */
export async function notifyUntilDone(gateway: Gateway): Promise<void> {
  const told = new Set<string>();
  for (;;) {
    const finished = (await emulator.tasks()).filter((task) => task.Status === "FINISH" && !told.has(task.TaskId));
    for (const task of finished) {
      told.add(task.TaskId);
      await notify(gateway, task);
    }
    const { waiting, running } = await gateway.services.dispatcher.report();
    if (waiting + running === 0) return;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

/** The vendor's task of one of ours. */
export async function vendorTaskOf(id: string, attempt = 1): Promise<EmulatorTask> {
  const task = (await emulator.tasks()).find(({ SessionId }) => SessionId === `${id}-${attempt}`);
  if (!task) throw new Error("The vendor does not have the task.");
  return task;
}

/** What the vendor was paid for, in the order of the calls. */
export async function paidSessions(): Promise<string[]> {
  return (await emulator.tasks()).map(({ SessionId }) => SessionId);
}
