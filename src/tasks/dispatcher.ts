import { DurableObject } from "cloudflare:workers";
import { platformDeps } from "../deps.ts";
import { log } from "../log.ts";
import { createServices } from "../services.ts";
import { sweep } from "./sweep.ts";

/** When a sweep itself breaks, e.g. while D1 is away. */
const RETRY_BROKEN_SWEEP_MS = 5_000;
/** A sweep whose work is due again at once still yields for a moment. */
const MIN_SWEEP_INTERVAL_MS = 50;

/** One per account. Its alarm is the gateway's only timer; what it forgets, D1 knows. */
export class Dispatcher extends DurableObject<Env> {
  /** Sweeps at `at` (milliseconds) or earlier. */
  async wake(at: number): Promise<void> {
    const current = await this.ctx.storage.getAlarm();
    if (current === null || current > at) await this.ctx.storage.setAlarm(at);
  }

  override async alarm(): Promise<void> {
    const now = platformDeps.now();
    let next: number | null;
    try {
      next = await sweep(createServices({ env: this.env, deps: platformDeps, wake: (at) => this.wake(at) }));
    } catch (error) {
      log("error", "dispatcher.sweep_broken", { error: String(error) });
      next = now + RETRY_BROKEN_SWEEP_MS;
    }
    if (next !== null) await this.wake(Math.max(next, now + MIN_SWEEP_INTERVAL_MS));
  }
}

/** The way to the dispatcher from a Worker. A lost call is no loss: the cron trigger sweeps too. */
export function wakeDispatcher(env: Env): (at: number) => Promise<void> {
  return async (at) => {
    try {
      await env.DISPATCHER.getByName(env.VOD_SUB_APP_ID).wake(at);
    } catch (error) {
      log("error", "dispatcher.unreachable", { error: String(error) });
    }
  };
}
