import type { Services } from "../services.ts";
import { StoreUnavailableError } from "../store/index.ts";
import { DispatcherUnavailableError, type HistoryEntry, type Observation, type TaskStatusRow } from "./contract.ts";
import { inObjectThenRecord } from "./lookup.ts";
import { overviewOf, type TaskOverview } from "./overview.ts";
import { isTerminal } from "./state.ts";
import { isTaskId } from "./task-id.ts";

export type { HistoryEntry } from "./contract.ts";

/** Between two looks of somebody who must not wait inside the object: it cannot be reached, or its owner waits for enough. */
const SLOW_POLL_MS = 3_000;
/** As short as a wait can be: long enough to learn whether one is allowed. */
const PROBE_MS = 1;

/** Whether a watcher still may is asked beside each look, so none is longer, ... */
const LOOK_MAX_MS = 12_000;
/** ... but not beside each of those that follow each other quickly. */
const RECHECK_MS = 5_000;

/** Throws once whoever watches may do so no more; what it throws ends the watch. */
export type Recheck = () => Promise<void>;

/** A task as those who watch it see it. */
export type TaskState = TaskOverview & {
  /** How many go first while it waits; null when it does not, or nobody knows at the moment. */
  queuePosition: number | null;
  history: HistoryEntry[];
};

/** This owner has as many streams and waits open as it may. */
export class TooManyWatchersError extends Error {
  override readonly name = "TooManyWatchersError";
}

/** `version` is undefined for what changes no more. */
type Seen = { version: string | undefined; state: TaskState; limited: boolean };
type Wait = { version?: string | undefined; timeoutMs: number };

/** Whether a watcher may go on, asked now and then. */
function rechecking({ deps }: Pick<Services, "deps">, recheck: Recheck): Recheck {
  let askedAt = Number.NEGATIVE_INFINITY;
  return async () => {
    const now = deps.now();
    if (now - askedAt < RECHECK_MS) return;
    askedAt = now;
    await recheck();
  };
}

const NOBODY_ASKS: Recheck = async () => undefined;

/** The task as it is now; undefined for anybody else's, and for an id that is none. */
export async function taskState(services: Services, owner: string, id: string): Promise<TaskState | undefined> {
  return (await look(services, owner, id, { timeoutMs: 0 }))?.state;
}

/**
 * Waits until the task is over, at most `timeoutMs`.
 * @throws {TooManyWatchersError} when this owner must not wait for another one; whatever `recheck` throws
 */
export async function waitUntilOver(
  services: Services,
  owner: string,
  id: string,
  timeoutMs: number,
  recheck: Recheck = NOBODY_ASKS,
): Promise<TaskState | undefined> {
  const mayGoOn = rechecking(services, recheck);
  const deadline = services.deps.now() + timeoutMs;
  let seen = await look(services, owner, id, { timeoutMs: 0 });
  for (let begun = false; seen && !isTerminal(seen.state.status); begun = true) {
    const left = deadline - services.deps.now();
    if (left <= 0) break;
    const looking = nextLook(services, owner, seen, { timeoutMs: Math.min(left, LOOK_MAX_MS), begun });
    [seen] = await Promise.all([looking, mayGoOn()]);
  }
  return seen?.state;
}

/**
 * Opens a watch of one task: its state now, and how to follow it. Undefined for anybody else's task, and for an id that
 * is none.
 * @throws {TooManyWatchersError} when this owner must not watch another one; whatever `recheck` throws, later too
 */
export async function openWatch(
  services: Services,
  owner: string,
  id: string,
  recheck: Recheck = NOBODY_ASKS,
): Promise<Watch | undefined> {
  const first = await look(services, owner, id, { timeoutMs: 0 });
  if (!first) return undefined;
  const follow = (idleMs: number) => states(services, owner, first, { idleMs, recheck });
  if (first.version === undefined) return { first: first.state, follow };
  // What may still change has to be waited for; whether that is allowed must be known before an answer begins.
  const probe = await look(services, owner, id, { version: first.version, timeoutMs: PROBE_MS });
  if (probe?.limited) throw new TooManyWatchersError();
  return { first: first.state, follow };
}

export type Watch = {
  first: TaskState;
  /**
   * The task's states from the first on, the terminal one last; `"idle"` whenever nothing has happened for `idleMs`. Ends
   * too when the task is gone.
   */
  follow(idleMs: number): AsyncGenerator<TaskState | "idle">;
};

async function* states(
  services: Services,
  owner: string,
  first: Seen,
  { idleMs, recheck }: { idleMs: number; recheck: Recheck },
): AsyncGenerator<TaskState | "idle"> {
  const mayGoOn = rechecking(services, recheck);
  let last = first;
  yield last.state;
  while (!isTerminal(last.state.status)) {
    const looking = nextLook(services, owner, last, { timeoutMs: Math.min(idleMs, LOOK_MAX_MS), begun: true });
    const [seen] = await Promise.all([looking, mayGoOn()]);
    if (!seen) return;
    yield seen.version === last.version ? "idle" : seen.state;
    last = seen;
  }
}

/**
 * Waits for a change after `last`, at most `timeoutMs`. Somebody who has begun to watch goes on, whatever happens: while
 * nobody can be asked nothing has happened, and who must not wait in the object asks it now and then.
 * @throws {TooManyWatchersError} when this owner must not wait for another task and has not begun to
 */
async function nextLook(
  services: Services,
  owner: string,
  last: Seen,
  { timeoutMs, begun }: { timeoutMs: number; begun: boolean },
): Promise<Seen | undefined> {
  const { id } = last.state;
  const pause = () => services.deps.sleep(Math.min(SLOW_POLL_MS, timeoutMs));
  try {
    const seen = await look(services, owner, id, { version: last.version, timeoutMs });
    if (!seen?.limited) return seen;
    if (!begun) throw new TooManyWatchersError();
    await pause();
    return seen;
  } catch (error) {
    const passing = error instanceof DispatcherUnavailableError || error instanceof StoreUnavailableError;
    if (!passing) throw error;
    await pause();
    return last;
  }
}

/** One look: from memory, by the dispatcher, who knows the queue; else from the record. */
async function look(
  { dispatcher, store, cache }: Services,
  owner: string,
  id: string,
  wait: Wait,
): Promise<Seen | undefined> {
  if (!isTaskId(id)) return undefined;
  const over = cache.status(owner, id);
  if (over) return final(over);
  const seen = await inObjectThenRecord(
    async () => {
      const observation = await dispatcher.observe({ owner, id, ...wait });
      return observation && seenOf(observation);
    },
    async () => {
      const row = await store.record.findStatus(owner, id);
      return row && { row, seen: final(row) };
    },
  );
  if (!seen) return undefined;
  cache.keep(seen.row);
  return seen.seen;
}

function seenOf({ version, task: row, position, limited = false }: Observation) {
  return { row, seen: { version, state: stateOf(row, position), limited } };
}

function final(row: TaskStatusRow): Seen {
  return { version: undefined, state: stateOf(row, null), limited: false };
}

function stateOf(row: TaskStatusRow, queuePosition: number | null): TaskState {
  return { ...overviewOf(row), queuePosition, history: JSON.parse(row.history) as HistoryEntry[] };
}
