/** The PullEvents calls that are being held because there was nothing to give. */
export class EventWaiters {
  readonly #waiting = new Set<() => void>();

  /** Resolves at the next `wake`, or after `maxMs`. */
  async wait(maxMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, maxMs);
    this.#waiting.add(resolve);
    await promise;
    clearTimeout(timer);
    this.#waiting.delete(resolve);
  }

  wake(): void {
    for (const resolve of this.#waiting) resolve();
    // A call whose client went away never gets to remove itself.
    this.#waiting.clear();
  }
}
