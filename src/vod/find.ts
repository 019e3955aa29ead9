import type * as z from "zod";
import type { taskList } from "./tasks.ts";
import type { VendorResult } from "./transport.ts";

/** Both clocks' error. */
export const FIND_MARGIN_MS = 2 * 60 * 1000;
const FIND_PAGE_TASKS = 100;
/** Together 10,000 tasks: what 20 creates a second make in eight minutes. */
export const FIND_PAGES = 100;
/** The vendor's list goes no further back (tencent-vod facts §5.3). */
const LIST_MEMORY_MS = 72 * 60 * 60 * 1000;

export type LookInput = {
  /** The SessionIds that creates were sent with. */
  sessionIds: Iterable<string>;
  /** Others that are wanted too, each that the list has: so the whole of it is read. */
  isWanted?: ((sessionId: string) => boolean) | undefined;
  /** Milliseconds: when the first of them can have been accepted, and the last. */
  createdFrom: number;
  createdTo: number;
};

export type Look = {
  /** The vendor's task ids by SessionId. They hold however the look ended. */
  found: Map<string, string>;
  /** The whole time was looked through: what was not found is not in the vendor's list. */
  complete: boolean;
  /** Whether the vendor answered at all. */
  answered: boolean;
};

type Page = z.infer<typeof taskList>;

/** One scan of the vendor's list for all of them, latest first, because the list cannot be asked for a SessionId. */
export async function findTasks(
  readPage: (body: object) => Promise<VendorResult<Page>>,
  { sessionIds, isWanted, createdFrom, createdTo }: LookInput,
  now: number,
): Promise<Look> {
  const wanted = new Set(sessionIds);
  const found = () => wanted.size === 0 && !isWanted;
  const look: Look = { found: new Map(), complete: found(), answered: false };
  const listed = createdFrom - FIND_MARGIN_MS >= now - LIST_MEMORY_MS;
  const CreateTime = {
    After: isoSeconds(createdFrom - FIND_MARGIN_MS),
    Before: isoSeconds(createdTo + FIND_MARGIN_MS),
  };
  const Sort = { Field: "CreateTime", Order: "Desc" };
  const tokens = new Set<string>();
  let token: string | undefined;
  for (let page = 0; page < FIND_PAGES && !found(); page++) {
    const list = await readPage({ CreateTime, Sort, Limit: FIND_PAGE_TASKS, ...(token && { ScrollToken: token }) });
    look.answered ||= list.ok || list.error.kind === "refused";
    if (!list.ok) return look;
    for (const { TaskId: taskId, SessionId: sessionId } of list.value.TaskSet ?? [])
      if (sessionId && (wanted.delete(sessionId) || isWanted?.(sessionId))) look.found.set(sessionId, taskId);
    token = list.value.ScrollToken || undefined;
    look.complete = found() || (token === undefined && listed);
    // A token that comes again would lead in a circle.
    if (token === undefined || tokens.has(token)) return look;
    tokens.add(token);
  }
  return look;
}

/** The vendor's times have no fraction. */
function isoSeconds(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, "Z");
}
