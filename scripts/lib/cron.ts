import type { Miniflare } from "miniflare";

const CRON = "* * * * *";
const CRON_INTERVAL_MS = 60_000;

export type Cron = { fire: () => Promise<void>; stop: () => void };

/** Plays the platform's scheduler, which Miniflare has none of: fires the Worker's cron trigger each minute. */
export function startCron(gateway: Miniflare): Cron {
  const fire = async () => {
    const worker = await gateway.getWorker();
    const { outcome } = await worker.scheduled({ cron: CRON });
    if (outcome !== "ok") process.stderr.write(`The scheduled run ended with "${outcome}"\n`);
  };
  const timer = setInterval(() => {
    fire().catch((error: unknown) => process.stderr.write(`The scheduled run failed: ${String(error)}\n`));
  }, CRON_INTERVAL_MS);
  return { fire, stop: () => clearInterval(timer) };
}
