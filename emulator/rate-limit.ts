const WINDOW_MS = 1000;

/** Counts calls in the second that ends now. In memory only: after a restart that second is over. */
export class SlidingSecond {
  #times: number[] = [];

  /** @returns false when `limit` calls were already taken in this second; such a call is not counted */
  take(now: number, limit: number): boolean {
    const firstInside = this.#times.findIndex((time) => time > now - WINDOW_MS);
    this.#times = firstInside === -1 ? [] : this.#times.slice(firstInside);
    if (this.#times.length >= limit) return false;
    this.#times.push(now);
    return true;
  }

  clear(): void {
    this.#times = [];
  }
}
