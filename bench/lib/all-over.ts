import { until } from "../../scripts/lib/until.ts";
import type { Gateway } from "./gateway.ts";

/** Waits until the gateway has no task whose end it does not know. @throws after `timeoutMs` */
export async function allOver({ database }: Gateway, timeoutMs: number): Promise<void> {
  await until("the gateway's tasks to be over", timeoutMs, async () => {
    const row = await database
      .prepare("SELECT count(*) AS open FROM tasks WHERE status IN ('queued', 'submitting', 'unknown', 'running')")
      .first<{ open: number }>();
    return row?.open === 0;
  });
}
