import { log } from "../log.ts";
import type { ObjectServices } from "../services.ts";
import type { TaskEvent } from "../tasks/contract.ts";
import { keepOtherEvent, originOf } from "../tasks/receive-event.ts";
import type { VendorResult } from "../vod/client.ts";
import type { PulledEvent } from "../vod/events.ts";

/** The vendor holds a pull that finds nothing; should it not, this is the pace. */
const EMPTY_PULL_INTERVAL_MS = 1_000;
const PAUSE_FIRST_MS = 1_000;
const PAUSE_MAX_MS = 60_000;

export type EventPullerOptions = {
  services: ObjectServices;
  /** Whether tasks are with the vendor, so that events are to be expected. */
  expecting: () => boolean;
  /** Asks for a call of `start` at this time (milliseconds). */
  schedule: (at: number) => void;
  /** Takes an event; once this returns it is durable. */
  take: (event: TaskEvent) => Promise<void>;
};

/**
 * Fetches the vendor's events, one pull at a time, for as long as tasks are with the vendor. An event is confirmed when
 * what it says is durable, and only then.
 */
export class EventPuller {
  private readonly options: EventPullerOptions;
  private pulling = false;
  private failures = 0;
  private pausedUntil = 0;

  constructor(options: EventPullerOptions) {
    this.options = options;
  }

  /**
   * Starts pulling, unless it is under way, in a pause after a failure, or there is nothing to expect. Returns at once.
   * @param expected true: what may be in the queue is fetched, whoever expects it
   */
  start(expected = this.options.expecting()): void {
    const { config, deps } = this.options.services;
    if (config.vod.eventMode !== "pull" || !expected || this.pulling || deps.now() < this.pausedUntil) return;
    this.pulling = true;
    deps.defer(this.run());
  }

  /** When to call `start` again after a failure (milliseconds); infinite when there is no need. */
  resumesAt(): number {
    const pausing = this.failures > 0 && !this.pulling && this.options.expecting();
    return pausing ? this.pausedUntil : Number.POSITIVE_INFINITY;
  }

  private async run(): Promise<void> {
    try {
      for (let again = true; again;) again = await this.round();
    } catch (error) {
      this.pause(error);
    }
    this.pulling = false;
    // A task may have been sent since the last look.
    this.start();
  }

  /** @returns whether to go on with another one */
  private async round(): Promise<boolean> {
    const { deps } = this.options.services;
    const startedAt = deps.now();
    const count = await this.pullOnce();
    this.failures = 0;
    if (count > 0) return true;
    if (!this.options.expecting()) return false;
    const leftMs = startedAt + EMPTY_PULL_INTERVAL_MS - deps.now();
    if (leftMs > 0) await deps.sleep(leftMs);
    return this.options.expecting();
  }

  private pause(error: unknown): void {
    this.failures += 1;
    const pauseMs = Math.min(PAUSE_FIRST_MS * 2 ** (this.failures - 1), PAUSE_MAX_MS);
    this.pausedUntil = this.options.services.deps.now() + pauseMs;
    log("warn", "events.pull_failed", { attempt: this.failures, error: String(error) });
    if (this.options.expecting()) this.options.schedule(this.pausedUntil);
  }

  /**
   * @returns how many events there were
   * @throws Error when something kept an event from being taken or confirmed: the vendor gives it again
   */
  private async pullOnce(): Promise<number> {
    const { vod } = this.options.services;
    const pulled = demand("PullEvents", await vod.pullEvents());
    const taken = await Promise.allSettled(pulled.map((each) => this.take(each)));
    const handles = pulled.flatMap(({ handle }, index) =>
      handle !== undefined && taken[index]?.status === "fulfilled" ? [handle] : [],
    );
    if (handles.length > 0) demand("ConfirmEvents", await vod.confirmEvents(handles));
    const failed = taken.find((result) => result.status === "rejected");
    if (failed) throw failed.reason;
    if (handles.length < pulled.length) throw new Error("The vendor gave an event without a handle.");
    return pulled.length;
  }

  /**
   * Confirming an event takes it from the queue for everybody. A token that is not ours is no attack here, but a task that
   * something else has made in the same application.
   */
  private async take({ event, content }: PulledEvent): Promise<void> {
    const { services } = this.options;
    const origin = event && (await originOf(services.config, event));
    if (origin?.ok && origin.event) return this.options.take(origin.event);
    // Nothing depends on it, so nothing waits for the record.
    if (event && origin?.ok) return services.deps.defer(keepOtherEvent(services, event.eventType, content));
    log("info", "event.unhandled", {
      event_type: event?.eventType,
      reason: origin?.ok === false ? origin.reason : "shape",
    });
  }
}

function demand<T>(action: string, result: VendorResult<T>): T {
  if (result.ok) return result.value;
  throw new Error(`${action}: ${result.error.kind === "refused" ? result.error.code : result.error.reason}`);
}
