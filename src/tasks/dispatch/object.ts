import { DurableObject } from "cloudflare:workers";
import { platformDeps } from "../../deps.ts";
import { createServices } from "../../services.ts";
import type { CreateTaskInput } from "../../store/create-task.ts";
import { DispatchCore } from "./core.ts";
import type { Departure, Dispatcher as DispatcherCalls } from "./types.ts";
import { absentDispatcher } from "./client.ts";

/** Sooner than this a timer in memory is enough; the alarm is written for what must survive the object. */
const TIMER_MAX_MS = 2_000;
/** How much later than asked the alarm may already stand without being written again. */
const ALARM_SLACK_MS = 1_000;

/**
 * One per account: the {@link DispatchCore} on its platform. What it forgets when it is moved or evicted, D1 knows; its
 * alarm is the gateway's only timer.
 */
export class Dispatcher extends DurableObject<Env> implements DispatcherCalls {
  private readonly core: DispatchCore;
  private readonly ready: Promise<void>;
  private timerAt = Number.POSITIVE_INFINITY;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private alarmAt = Number.POSITIVE_INFINITY;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const services = createServices({ env, deps: platformDeps, dispatcher: absentDispatcher });
    this.core = new DispatchCore({ services, schedule: (at) => this.schedule(at) });
    this.ready = ctx.blockConcurrencyWhile(async () => {
      this.alarmAt = (await ctx.storage.getAlarm()) ?? Number.POSITIVE_INFINITY;
      await this.core.load();
    });
  }

  async submit(input: CreateTaskInput) {
    return this.core.submit(input);
  }

  async left(id: string, departure: Departure) {
    return this.core.left(id, departure);
  }

  async changed(id: string) {
    return this.core.changed(id);
  }

  async wake(at: number) {
    return this.core.wake(at);
  }

  async cancel(owner: string, id: string) {
    return this.core.cancel(owner, id);
  }

  async observe(owner: string, id: string, after: { version?: string | undefined; timeoutMs: number }) {
    return this.core.observe(owner, id, after);
  }

  async report() {
    return this.core.report();
  }

  /** From the cron trigger: takes up what a Worker wrote down and then died, and does what is due. */
  async reconcile(): Promise<void> {
    await this.core.reconcile();
    await this.core.tick();
  }

  override async alarm(): Promise<void> {
    this.alarmAt = Number.POSITIVE_INFINITY;
    await this.ready;
    await this.core.tick();
  }

  private schedule(at: number): void {
    const now = platformDeps.now();
    if (at - now <= TIMER_MAX_MS && at < this.timerAt) {
      clearTimeout(this.timer);
      this.timerAt = at;
      this.timer = setTimeout(
        () => {
          this.timerAt = Number.POSITIVE_INFINITY;
          void this.core.tick();
        },
        Math.max(0, at - now),
      );
    }
    if (at + ALARM_SLACK_MS < this.alarmAt) {
      const alarmAt = at + ALARM_SLACK_MS;
      this.alarmAt = alarmAt;
      void this.ctx.storage.setAlarm(alarmAt);
    }
  }
}
