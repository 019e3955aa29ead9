import { log } from "../log.ts";
import type { Services } from "../services.ts";
import type { HistoryEntry, TaskStatusRow } from "../store/types.ts";
import { overviewOf, type TaskOverview } from "./overview.ts";
import { isTerminal } from "./state.ts";
import { isTaskId } from "./task-id.ts";

/** Between two looks while the dispatcher cannot be reached. */
const UNREACHABLE_PAUSE_MS = 1_000;

/** A task as those who watch it see it. */
export type TaskState = TaskOverview & {
  /** How many go first while it waits; null when it does not, or nobody knows at the moment. */
  queuePosition: number | null;
  history: HistoryEntry[];
};

export type { HistoryEntry } from "../store/types.ts";
export { STARTUP_TIMEOUT } from "./dispatch/core.ts";

type Seen = { version: string | undefined; state: TaskState };

/** The task as it is now; undefined for anybody else's, and for an id that is none. */
export async function taskState(services: Services, owner: string, id: string): Promise<TaskState | undefined> {
  return (await look(services, owner, id, { timeoutMs: 0 }))?.state;
}

/** Waits until the task is over, at most `timeoutMs`. */
export async function waitUntilOver(
  services: Services,
  owner: string,
  id: string,
  timeoutMs: number,
): Promise<TaskState | undefined> {
  const deadline = services.deps.now() + timeoutMs;
  let seen = await look(services, owner, id, { timeoutMs: 0 });
  while (seen && !isTerminal(seen.state.status)) {
    const left = deadline - services.deps.now();
    if (left <= 0) break;
    seen = await look(services, owner, id, { version: seen.version, timeoutMs: left });
  }
  return seen?.state;
}

/**
 * The task's states from now on, the terminal one last; `"idle"` whenever nothing has happened for `idleMs`. Ends too
 * when the task is gone.
 */
export async function* watchTask(
  services: Services,
  owner: string,
  id: string,
  idleMs: number,
): AsyncGenerator<TaskState | "idle"> {
  let version: string | undefined;
  for (;;) {
    const seen = await look(services, owner, id, { version, timeoutMs: idleMs });
    if (!seen) return;
    if (seen.version !== undefined && seen.version === version) {
      yield "idle";
      continue;
    }
    version = seen.version;
    yield seen.state;
    if (isTerminal(seen.state.status)) return;
  }
}

/** One look, by the dispatcher, who knows the queue and spares the database; without it, from D1. */
async function look(
  { store, deps, dispatcher, cache }: Services,
  owner: string,
  id: string,
  after: { version?: string | undefined; timeoutMs: number },
): Promise<Seen | undefined> {
  if (!isTaskId(id)) return undefined;
  const over = cache.status(owner, id);
  if (over) return { version: undefined, state: stateOf(over, null) };
  try {
    const observation = await dispatcher.observe(owner, id, after);
    if (!observation) return undefined;
    cache.keep(observation.task);
    return { version: observation.version, state: stateOf(observation.task, observation.position) };
  } catch (error) {
    log("error", "dispatcher.unreachable", { reason: "observe", request_id: id, error: String(error) });
    if (after.timeoutMs > 0) await deps.sleep(UNREACHABLE_PAUSE_MS);
    const row = await store.tasks.find(owner, id);
    if (!row) return undefined;
    cache.keep(row);
    return { version: undefined, state: stateOf(row, null) };
  }
}

function stateOf(row: TaskStatusRow, queuePosition: number | null): TaskState {
  return { ...overviewOf(row), queuePosition, history: JSON.parse(row.history) as HistoryEntry[] };
}
