import type { Clock } from "./clock.ts";
import type { Config, ConfigPatch } from "./config.ts";
import type { EventWaiters } from "./event-waiters.ts";
import type { SlidingSecond } from "./rate-limit.ts";
import type { Settings } from "./settings.ts";
import type { ControlStore } from "./state/control.ts";
import type { EventStore } from "./state/events.ts";
import type { TaskStore } from "./state/tasks.ts";

/** What the parts of the emulator share; the Durable Object owns it. */
export type VendorContext = {
  settings: Settings;
  clock: Clock;
  uuid(): string;
  /** 0 ≤ value < 1. */
  random(): number;
  tasks: TaskStore;
  events: EventStore;
  control: ControlStore;
  createRate: SlidingSecond;
  waiters: EventWaiters;
  config(): Config;
  /** Changes the configuration, kept over a restart. */
  changeConfig(patch: ConfigPatch): void;
  /** Moves the emulated clock; negative moves back. */
  advanceClock(ms: number): void;
  /** Ends what is due on the emulated clock and queues its events. */
  settle(): void;
  /** Sets the timer to what is due next. */
  arm(): void;
  /** Forgets everything and goes back to the initial configuration. */
  reset(): void;
  /** How often that was done. */
  resets(): number;
};
