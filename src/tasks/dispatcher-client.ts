import { dispatcherLocation } from "../config.ts";
import type { Deps } from "../deps.ts";
import { log } from "../log.ts";
import { type Dispatcher, DispatcherUnavailableError } from "./contract.ts";
import { cellOf } from "./task-id.ts";

/** A call may meet the object just as it is moved; the next one finds it. */
const TRIES = 4;
const PAUSE_FIRST_MS = 50;

/** How many objects there are. An id that names another one is not ours: asking that one would only bring it to life. */
const CELLS = 1;

/** The gateway's objects as a Worker reaches them. */
export type DispatcherClient = Dispatcher & {
  /** From the cron trigger: does what is due, and sees to it that the next alarm is set. */
  reconcile(): Promise<void>;
};

/**
 * What Durable Objects say of an error: overloaded ones must not be called again at once
 * (https://developers.cloudflare.com/durable-objects/best-practices/error-handling/).
 */
function isOverloaded(error: unknown): boolean {
  return (error as { overloaded?: unknown } | null)?.overloaded === true;
}

/**
 * The dispatcher as a Worker reaches it. A lost answer proves nothing, so a call that fails is told again with the same
 * arguments, thus the same task id; every call of the contract may be.
 */
export function dispatcherClient(
  env: Pick<Env, "DISPATCHER" | "VOD_SUB_APP_ID"> & { DISPATCHER_LOCATION?: string },
  deps: Pick<Deps, "sleep">,
): DispatcherClient {
  /** It counts with the first call of all; without it the object is placed near whoever happens to make that one. */
  const { data: locationHint } = dispatcherLocation.safeParse(env.DISPATCHER_LOCATION);
  const placement = locationHint && { locationHint };

  /** A fresh one for each try: a stub whose call has failed stays broken. */
  const object = (cell = 0) =>
    env.DISPATCHER.getByName(cell === 0 ? env.VOD_SUB_APP_ID : `${env.VOD_SUB_APP_ID}/${cell}`, placement);

  function objectOf(id: string) {
    const cell = cellOf(id);
    return object(cell < CELLS ? cell : 0);
  }

  async function attempt<T>(call: string, id: string | undefined, work: (tries: number) => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await work(tries);
      } catch (cause) {
        const overloaded = isOverloaded(cause);
        const reason = overloaded ? `${call}: overloaded` : call;
        log("error", "dispatcher.unreachable", { reason, request_id: id, attempt: tries, error: String(cause) });
        if (overloaded || tries >= TRIES) throw new DispatcherUnavailableError(String(cause), { cause, overloaded });
        await deps.sleep(PAUSE_FIRST_MS * 2 ** (tries - 1));
      }
    }
  }

  return {
    submit: async (task) => attempt("submit", task.id, async () => objectOf(task.id).submit(task)),
    cancel: async (owner, id) => attempt("cancel", id, async () => objectOf(id).cancel(owner, id)),
    erase: async (owner, id) => attempt("erase", id, async () => objectOf(id).erase(owner, id)),
    remixes: async (owner, ids) => attempt("remixes", undefined, async () => object().remixes(owner, ids)),
    // A wait that broke off is not begun again here: whoever waits knows how much of its time is left.
    observe: async (input) =>
      attempt("observe", input.id, async (tries) =>
        objectOf(input.id).observe(tries === 1 ? input : { ...input, timeoutMs: 0 }),
      ),
    read: async (owner, id) => attempt("read", id, async () => objectOf(id).read(owner, id)),
    request: async (id) => attempt("request", id, async () => objectOf(id).request(id)),
    list: async (input) => attempt("list", undefined, async () => object().list(input)),
    neededBlobs: async (keys) => attempt("neededBlobs", undefined, async () => object().neededBlobs(keys)),
    event: async (event) => attempt("event", event.taskId, () => objectOf(event.taskId).event(event)),
    rememberKey: async (name, key) => attempt("rememberKey", undefined, async () => object().rememberKey(name, key)),
    recallKey: async (name) => attempt("recallKey", undefined, async () => object().recallKey(name)),
    report: async (owner) => attempt("report", undefined, async () => object().report(owner)),
    // Once: it ends the object's life, and a second time would set back the next one.
    restore: async (at) => object().restore(at),
    reconcile: async () => attempt("reconcile", undefined, async () => object().reconcile()),
  };
}
