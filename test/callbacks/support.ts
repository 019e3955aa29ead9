import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { submit } from "../support/client.ts";
import {
  CALLBACK,
  dispatcherObject,
  emulator,
  type EmulatorTask,
  type Gateway,
  type Json,
  taskRow,
  vendorFinishes,
} from "../support/gateway.ts";

export function post(gateway: Gateway, event: unknown, path = CALLBACK): Promise<Response> {
  return gateway.post(path, event, { key: null });
}

/** A task that the vendor has finished and nobody has told us about. */
export async function finishedTask(gateway: Gateway, body: Json = {}): Promise<{ id: string; task: EmulatorTask }> {
  const { id } = await submit(gateway, body);
  const task = (await vendorFinishes()).find(({ SessionId }) => SessionId === `${id}-1`);
  if (!task) throw new Error("The vendor did not get the task.");
  return { id, task };
}

export async function statusOfRow(id: string): Promise<unknown> {
  return (await taskRow(id))?.status;
}

/** The vendor's notifications that complete no task of ours. */
export async function otherEvents(): Promise<Json[]> {
  return (await env.DB.prepare("SELECT * FROM other_events ORDER BY received_at").all<Json>()).results;
}

/** How often the vendor was asked about a task. */
export async function reads(): Promise<number> {
  const counts = (await emulator.calls()).DescribeTaskDetail ?? {};
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** All that anybody's event could change. */
export async function everything(): Promise<Json> {
  const inObject = await runInDurableObject(dispatcherObject(), (_object, { storage }) =>
    storage.sql.exec("SELECT * FROM tasks ORDER BY id").toArray(),
  );
  const { results: inRecord } = await env.DB.prepare("SELECT * FROM tasks ORDER BY id").all();
  return { inObject, inRecord, others: await otherEvents(), reads: await reads() };
}
