import type { VendorTask } from "./books.ts";
import type { Profile } from "./profile.ts";

const SECOND_MS = 1_000;

/** How much the vendor does for the account: calls a second, tasks at once. */
export class VendorLimits {
  private readonly profile: Profile;
  private readonly arrivals: number[] = [];

  constructor(profile: Profile) {
    this.profile = profile;
  }

  /** A call has come; whether it is one too many. */
  isThrottled(now: number): boolean {
    const { arrivals } = this;
    while (arrivals.length > 0 && (arrivals[0] ?? 0) <= now - SECOND_MS) arrivals.shift();
    if (arrivals.length >= this.profile.vendorRequestsPerSecond) return true;
    arrivals.push(now);
    return false;
  }

  isFull(tasks: Iterable<VendorTask>, now: number): boolean {
    let busy = 0;
    for (const task of tasks) {
      if (task.ending !== "no_room" && task.twinOf === undefined && task.finishesAt > now) busy += 1;
    }
    return busy >= this.profile.vendorConcurrency;
  }
}
