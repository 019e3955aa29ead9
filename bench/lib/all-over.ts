import { until } from "../../scripts/lib/until.ts";
import type { Gateway } from "./gateway.ts";

/** Waits until the record has all but `running` of the gateway's tasks. @throws after `timeoutMs` */
export async function allOver(gateway: Gateway, timeoutMs: number, running = 0): Promise<void> {
  await until("the gateway's tasks to be over", timeoutMs, async () => (await gateway.openTasks()) <= running);
}
