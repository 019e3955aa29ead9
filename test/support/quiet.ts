/* How tests wait for the gateway's object: for what it has under way, never for a duration. */
import { runInDurableObject } from "cloudflare:test";
import type { Core } from "../../src/dispatcher/core.ts";
import type { Ledger } from "../../src/dispatcher/ledger.ts";
import { dispatcherObject, type Gateway, type GatewayOptions, startGateway } from "./gateway.ts";
import { world } from "./world.ts";

const LOOK_EVERY_MS = 2;

type Insides = {
  shell: {
    core: Pick<Core, "nextAt"> & { ledger: Ledger };
    side: { running: boolean };
    answers: { waiting: Map<string, unknown[]> };
  };
};

/** What the object has under way now. */
export type Activity = {
  /** Calls to vendor and record that are open. */
  open: number;
  /** Submissions that wait for the vendor's first answer. */
  submissions: number;
  /** Something is due, or a note that nobody waits for is being written. */
  busy: boolean;
};

export function activity(): Promise<Activity> {
  return runInDurableObject(dispatcherObject(), (object) => {
    const { core, side, answers } = (object as unknown as Insides).shell;
    const now = world().deps.now();
    const submissions = Array.from(answers.waiting.values()).reduce((sum, waiting) => sum + waiting.length, 0);
    return { open: core.ledger.connections.open, submissions, busy: side.running || core.nextAt() <= now };
  });
}

/**
 * Waits until the object does nothing more before its clock moves.
 * @param held so many of its calls are being held by the test
 */
export async function quiet({ held = 0 } = {}): Promise<void> {
  await until(async () => {
    const { open, busy } = await activity();
    return open <= held && !busy;
  });
}

/** A gateway whose clock stands still until the test moves it. */
export async function startStill(options: GatewayOptions = {}): Promise<Gateway> {
  const startedAt = Date.now();
  let gateway: Gateway | undefined;
  const now = () => startedAt + (gateway?.clock.offsetMs ?? 0);
  gateway = await startGateway({ ...options, deps: { now, ...options.deps } });
  return gateway;
}

/** Moves the clock, has done what is due, and waits until it is done. */
export async function pass(gateway: Pick<Gateway, "clock" | "tick">, ms: number, held = 0): Promise<void> {
  gateway.clock.offsetMs += ms;
  await gateway.tick();
  await quiet({ held });
}

/**
 * Looks again and again: object and test are invocations of their own, and a promise that one of them makes must not be
 * settled by the other.
 */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
}
