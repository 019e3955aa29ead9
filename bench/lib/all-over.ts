import { until } from "../../scripts/lib/until.ts";
import type { Gateway } from "./gateway.ts";

/** Waits until no more than `running` of the gateway's tasks have no end. @throws after `timeoutMs` */
export async function allOver(gateway: Gateway, timeoutMs: number, running = 0): Promise<void> {
  await until("the gateway's tasks to be over", timeoutMs, async () => (await gateway.openTasks()) <= running);
}
