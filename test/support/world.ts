import type { Deps } from "../../src/deps.ts";

/**
 * The outside world of the test that runs: its object and its Worker live in one isolate with the tests, so both take
 * clock, network and bindings from here.
 */
export type World = { deps: Deps; env: Env };

let current: World | undefined;

export function setWorld(next: World): void {
  current = next;
}

export function world(): World {
  if (!current) throw new Error("No gateway was started.");
  return current;
}
