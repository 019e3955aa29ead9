import { log } from "../../log.ts";
import { type Dispatcher, DispatcherUnavailableError } from "./types.ts";

/** A call may meet the object just as it is moved; the next one finds it. */
const TRIES = 3;
const PAUSE_MS = 100;

/**
 * The dispatcher as a Worker reaches it. What it is told is in D1 already, so a call that does not get through is
 * logged and made good by the object's next look at D1.
 */
export function dispatcherOf(env: Env, sleep: (milliseconds: number) => Promise<void>): Dispatcher {
  const stub = () => env.DISPATCHER.getByName(env.VOD_SUB_APP_ID);

  async function attempt<T>(call: string, work: () => Promise<T>): Promise<T | undefined> {
    for (let tries = 1; tries <= TRIES; tries++) {
      try {
        return await work();
      } catch (error) {
        log("error", "dispatcher.unreachable", { reason: call, attempt: tries, error: String(error) });
        if (tries < TRIES) await sleep(PAUSE_MS * tries);
      }
    }
    return undefined;
  }

  return {
    submit: async (input) => attempt("submit", async () => stub().submit(input)),
    left: async (id, departure) => attempt("left", async () => stub().left(id, departure)),
    changed: async (id) => attempt("changed", async () => stub().changed(id)),
    wake: async (at) => attempt("wake", async () => stub().wake(at)),
    cancel: async (owner, id) => ask(() => stub().cancel(owner, id)),
    observe: async (owner, id, after) => ask(() => stub().observe(owner, id, after)),
    report: async () => ask(() => stub().report()),
  };
}

const absent = () => Promise.reject(new DispatcherUnavailableError("There is no dispatcher here."));

/** Without an answer the caller has to say so. @throws {DispatcherUnavailableError} */
async function ask<T>(question: () => Promise<T>): Promise<T> {
  try {
    return await question();
  } catch (cause) {
    throw new DispatcherUnavailableError(String(cause), { cause });
  }
}

/** Where there is none: a task stays queued in D1 until the dispatcher looks there. */
export const absentDispatcher: Dispatcher = {
  submit: async () => undefined,
  left: async () => {},
  changed: async () => {},
  wake: async () => {},
  cancel: absent,
  observe: absent,
  report: absent,
};
