/*
 * Two clocks. Signatures are judged by the real one. Tasks, events and the three-day rules live by the emulated one,
 * which a control call can put forward, so that a test need not wait three days.
 */

export type Clock = {
  /** Milliseconds since the epoch. */
  real(): number;
  /** Milliseconds since the epoch, put forward by what the control call asked for. */
  emulated(): number;
};

export function createClock(offsetMs: () => number): Clock {
  return { real: () => Date.now(), emulated: () => Date.now() + offsetMs() };
}

/** How the vendor writes a time that has not come yet. */
export const NO_TIME = "0000-00-00T00:00:00Z";

/** @param ms since the epoch; the vendor's times have whole seconds */
export function vendorTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, "yyyy-mm-ddThh:mm:ss".length)}Z`;
}

/** @returns milliseconds since the epoch, undefined when the text is not an ISO 8601 time */
export function parseVendorTime(text: string): number | undefined {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}
