import { until } from "../../scripts/lib/until.ts";
import type { Gateway } from "./gateway.ts";

/** Waits until the gateway has no task whose end it does not know. @throws after `timeoutMs` */
export async function allOver(gateway: Gateway, timeoutMs: number): Promise<void> {
  await until("the gateway's tasks to be over", timeoutMs, async () => (await openTasks(gateway)) === 0);
}

/** How many tasks the gateway has whose end it does not know. */
export async function openTasks({ database }: Gateway): Promise<number> {
  const row = await database
    .prepare("SELECT count(*) AS open FROM tasks WHERE status IN ('queued', 'submitting', 'unknown', 'running')")
    .first<{ open: number }>();
  return row?.open ?? Number.NaN;
}
