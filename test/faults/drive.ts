import { setTimeout as sleep } from "node:timers/promises";
import type { createClients } from "./client.ts";
import type { createDisturber } from "./disturb.ts";
import type { Journal } from "./journal.ts";
import type { Plan } from "./plan.ts";
import type { Queue } from "./queue.ts";

/** Enough to have tasks that wait, few enough that the faults meet most of the run. */
const MAX_WAITING = 40;
const CLIENTS_AT_ONCE = 60;
const GOVERNOR_MS = 200;
const PROGRESS_MS = 5_000;
/** While the gateway is down fewer orders come, so that most of them meet it alive. */
const DOWN_PAUSE_MS = 400;

export type Parts = {
  clients: ReturnType<typeof createClients>;
  disturber: ReturnType<typeof createDisturber>;
  /** Undefined while the gateway cannot say. */
  queue: () => Promise<Queue | undefined>;
  journal: Journal;
};

export type DriveOptions = {
  /** No new orders after this. */
  maxMs: number;
  onProgress?: (line: string) => void;
};

/** Sends the orders in turn, each with the disturbances planned for it. */
export async function drive(
  plan: Plan,
  { maxMs, onProgress }: DriveOptions,
  { clients, disturber, queue, journal }: Parts,
): Promise<{ sent: number; done: Promise<unknown> }> {
  const deadline = Date.now() + maxMs;
  const busy = new Set<Promise<void>>();
  const all: Promise<void>[] = [];
  let sent = 0;
  let lookedAt = 0;
  let now: Queue | undefined;
  const ticker = setInterval(() => {
    onProgress?.(
      [
        `${sent} orders sent`,
        `${busy.size} clients busy`,
        now
          ? `${now.waiting} waiting, ${now.running} running, ${now.untold} untold${now.holdingUntil === null ? "" : ", holding"}`
          : "no word of the queue",
        `${journal.down.length} kills`,
      ].join(", "),
    );
  }, PROGRESS_MS);
  for (const order of plan.orders) {
    if (Date.now() > deadline) break;
    if (Date.now() - lookedAt > GOVERNOR_MS) {
      now = await queue();
      while (now !== undefined && now.waiting > MAX_WAITING && Date.now() < deadline) {
        await sleep(GOVERNOR_MS);
        now = await queue();
      }
      if (now === undefined) await sleep(DOWN_PAUSE_MS);
      lookedAt = Date.now();
    }
    while (busy.size >= CLIENTS_AT_ONCE) await Promise.race(busy);
    await sleep(order.pauseMs);
    disturber.start(plan.disturbances.get(order.number) ?? []);
    const run = clients.run(order).finally(() => busy.delete(run));
    busy.add(run);
    all.push(run);
    sent += 1;
  }
  clearInterval(ticker);
  return { sent, done: Promise.all(all) };
}
