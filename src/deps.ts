import { waitUntil } from "cloudflare:workers";

/** What the code takes from the outside world, so that tests hold the clock and the network in their hands. */
export type Deps = {
  /** Milliseconds since the epoch. */
  now: () => number;
  /** `length` random bytes, fit for keys and ids. */
  random: (length: number) => Uint8Array;
  fetch: (request: Request) => Promise<Response>;
  sleep: (milliseconds: number) => Promise<void>;
  /** Lets work go on after the answer has been sent. */
  defer: (work: Promise<unknown>) => void;
};

export const platformDeps: Deps = {
  now: () => Date.now(),
  random: (length) => crypto.getRandomValues(new Uint8Array(length)),
  fetch: (request) => fetch(request),
  sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
  defer: (work) => waitUntil(work),
};
