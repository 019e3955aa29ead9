import { log } from "../log.ts";
import type { Services } from "../services.ts";
import type { DispatcherClient } from "./dispatcher-client.ts";
import { removeOldInputs } from "./input-retention.ts";
import { applyRetention } from "./retention.ts";
import { sweepBlobs } from "./sweep.ts";

/** What the cron trigger does each minute. What one part cannot do for now must not stop the others. */
export async function keepHouse(
  services: Pick<Services, "config" | "store" | "deps" | "dispatcher">,
  { reconcile }: Pick<DispatcherClient, "reconcile">,
): Promise<void> {
  const parts = {
    reconcile,
    retention: () => applyRetention(services),
    inputs: () => removeOldInputs(services),
    sweep: () => sweepBlobs(services),
  };
  for (const [reason, run] of Object.entries(parts)) {
    try {
      await run();
    } catch (error) {
      log("error", "cron.failed", { reason, error: String(error) });
    }
  }
}
