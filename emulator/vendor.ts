import { DurableObject } from "cloudflare:workers";
import { answerCall } from "./api.ts";
import { createClock } from "./clock.ts";
import { mergeConfig } from "./config.ts";
import type { Config, ConfigPatch } from "./config.ts";
import type { VendorContext } from "./context.ts";
import { answerControl, CONTROL_PATH } from "./control.ts";
import { EventWaiters } from "./event-waiters.ts";
import { SEND_LEASE_MS, deliver, planDeliveries } from "./push.ts";
import { SlidingSecond } from "./rate-limit.ts";
import { readSettings } from "./settings.ts";
import type { EmulatorEnv } from "./settings.ts";
import { ControlStore } from "./state/control.ts";
import { EventStore } from "./state/events.ts";
import { createTables, emptyTables } from "./state/tables.ts";
import { TaskStore } from "./state/tasks.ts";

/**
 * The one account of the emulated vendor. All of its state is in SQLite, so that tasks, events and what is still to
 * happen survive a kill; the alarm is its only timer.
 */
export class Vendor extends DurableObject<EmulatorEnv> {
  readonly #context: VendorContext;
  #config: Config;
  #clockOffsetMs: number;
  #resets = 0;
  /** The real time the alarm is set to, as far as this instance knows. */
  #alarmAt: number | undefined;

  constructor(ctx: DurableObjectState, env: EmulatorEnv) {
    super(ctx, env);
    const { sql } = ctx.storage;
    createTables(sql);
    const settings = readSettings(env);
    const control = new ControlStore(sql);
    this.#config = mergeConfig(settings.initialConfig, control.readConfigChanges());
    this.#clockOffsetMs = control.readClockOffsetMs();
    this.#context = {
      settings,
      control,
      clock: createClock(() => this.#clockOffsetMs),
      // oxlint-disable-next-line no-restricted-globals -- the emulator's only source of ids
      uuid: () => crypto.randomUUID(),
      random: () => Math.random(),
      tasks: new TaskStore(sql),
      events: new EventStore(sql),
      createRate: new SlidingSecond(),
      waiters: new EventWaiters(),
      config: () => this.#config,
      changeConfig: (patch) => this.#changeConfig(patch),
      advanceClock: (ms) => this.#advanceClock(ms),
      settle: () => this.#settle(),
      arm: () => this.#arm(),
      reset: () => this.#reset(),
      resets: () => this.#resets,
    };
    this.#arm();
  }

  override async fetch(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    this.#settle();
    if (pathname.startsWith(CONTROL_PATH)) return answerControl(this.#context, request);
    if (pathname === "/") return answerCall(this.#context, request);
    return Response.json({ error: "the vendor's API is POST /, control calls are below /_emulator/" }, { status: 404 });
  }

  override alarm(): void {
    this.#alarmAt = undefined;
    this.#settle();
    const now = this.#context.clock.emulated();
    for (const delivery of this.#context.events.takeDueDeliveries(now, now + SEND_LEASE_MS))
      this.ctx.waitUntil(deliver(this.#context, delivery));
    this.#arm();
  }

  #settle(): void {
    const now = this.#context.clock.emulated();
    for (const task of this.#context.tasks.finishDue(now)) {
      if (this.#config.mode === "PUSH") planDeliveries(this.#context, task);
      else this.#context.events.queue(task.seq, now);
    }
    // Also events whose time of hiding is over.
    if (this.#context.events.countToPull(now) > 0) this.#context.waiters.wake();
    this.#arm();
  }

  #arm(): void {
    const due = [this.#context.tasks.nextEnd(), this.#context.events.nextDelivery()].filter((at) => at !== undefined);
    if (due.length === 0) return;
    const at = Math.min(...due) - this.#clockOffsetMs;
    if (at === this.#alarmAt) return;
    this.#alarmAt = at;
    this.ctx.waitUntil(this.ctx.storage.setAlarm(at));
  }

  #changeConfig(patch: ConfigPatch): void {
    const { control, settings } = this.#context;
    const { callback, ...rest } = patch;
    const before = control.readConfigChanges();
    // JSON leaves out what is undefined, and with it what the patch does not change.
    const changes = JSON.parse(JSON.stringify(rest)) as ConfigPatch;
    control.writeConfigChanges({ ...before, ...changes, callback: { ...before.callback, ...callback } });
    this.#config = mergeConfig(settings.initialConfig, control.readConfigChanges());
  }

  #advanceClock(ms: number): void {
    this.#clockOffsetMs += ms;
    this.#context.control.writeClockOffsetMs(this.#clockOffsetMs);
  }

  #reset(): void {
    emptyTables(this.ctx.storage.sql);
    this.#context.createRate.clear();
    this.#resets += 1;
    this.#clockOffsetMs = 0;
    this.#config = this.#context.settings.initialConfig;
  }
}
