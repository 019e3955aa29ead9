import { log } from "../../log.ts";
import type { Services } from "../../services.ts";
import { utf8 } from "../../signing/encoding.ts";
import type { VendorResult } from "../../vod/client.ts";
import type { VendorEvent } from "../../vod/events.ts";
import { applyEvent, EVENT_MAX_BYTES, originOf, storeEvent } from "../receive-event.ts";
import type { PendingEvent } from "../settle.ts";

/** The vendor holds a pull that finds nothing; should it not, this is the pace. */
const EMPTY_PULL_INTERVAL_MS = 1_000;
const PAUSE_FIRST_MS = 1_000;
const PAUSE_MAX_MS = 60_000;

export type EventPullerOptions = {
  services: Services;
  /** Whether tasks are with the vendor, so that events are to be expected. */
  expecting: () => boolean;
  /** Asks for a call of `start` at this time (milliseconds). */
  schedule: (at: number) => void;
};

/**
 * Fetches the vendor's events, one pull at a time, for as long as tasks are with the vendor. An event is confirmed as
 * soon as D1 holds it, and only then; applying it comes after, and does not depend on the vendor giving it again.
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
    void this.run();
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
    const count = await pullOnce(this.options.services);
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
}

/**
 * Pulls, stores, confirms and applies.
 * @returns how many events there were
 * @throws Error when something kept an event from being stored or confirmed: the vendor gives it again
 */
async function pullOnce(services: Services): Promise<number> {
  const { vod } = services;
  const pulled = demand("PullEvents", await vod.pullEvents());
  const stored = await Promise.allSettled(pulled.map(({ event }) => store(services, event)));
  const handles = pulled.flatMap(({ handle }, index) =>
    handle !== undefined && stored[index]?.status === "fulfilled" ? [handle] : [],
  );
  const pending = stored.flatMap((result) =>
    result.status === "fulfilled" && result.value !== undefined ? [result.value] : [],
  );
  const [confirmed] = await Promise.all([
    handles.length > 0 ? vod.confirmEvents(handles) : undefined,
    ...pending.map((event) => applyEvent(services, event)),
  ]);
  if (confirmed) demand("ConfirmEvents", confirmed);
  const failed = stored.find((result) => result.status === "rejected");
  if (failed) throw failed.reason;
  if (handles.length < pulled.length) throw new Error("The vendor gave an event without a handle.");
  return pulled.length;
}

/**
 * Stores what may be ours, and what is certainly not: confirming it takes it from the queue for everybody, so a copy
 * stays here. Events come from the vendor itself, asked with our credentials; a token that is not ours is no attack, but
 * a task that something else has made in the same application.
 */
async function store(services: Services, event: VendorEvent | undefined): Promise<PendingEvent | undefined> {
  const unreadable = !event || utf8(event.body).byteLength > EVENT_MAX_BYTES;
  if (unreadable) {
    log("warn", "event.unreadable", { reason: event ? "too_large" : "shape", event_type: event?.eventType });
    return undefined;
  }
  return storeEvent(services, event, await originOf(services.config, event));
}

function demand<T>(action: string, result: VendorResult<T>): T {
  if (result.ok) return result.value;
  throw new Error(`${action}: ${result.error.kind === "refused" ? result.error.code : result.error.reason}`);
}
