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

/** Work that goes on after an answer, in Worker and object: what a test leaves under way must not reach the next one. */
let underWay = 0;

export function count(work: Promise<unknown>): void {
  underWay += 1;
  const over = () => void (underWay -= 1);
  work.then(over, over);
}

const LOOK_EVERY_MS = 2;
/** What takes longer hangs on purpose, and does not survive the object's end. */
const UNDER_WAY_MAX_MS = 200;

export async function allOver(): Promise<void> {
  const isOver = () => underWay <= 0;
  for (let waitedMs = 0; !isOver() && waitedMs < UNDER_WAY_MAX_MS; waitedMs += LOOK_EVERY_MS)
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  underWay = 0;
}
