import type { Services } from "../services.ts";
import type { CancelOutcome } from "./dispatch/types.ts";
import { isTaskId } from "./task-id.ts";

export type { CancelOutcome } from "./dispatch/types.ts";

/** Cancels a waiting task at once; one that is with the vendor only where the vendor lets it. */
export async function cancelTask({ dispatcher }: Services, owner: string, id: string): Promise<CancelOutcome> {
  return isTaskId(id) ? dispatcher.cancel(owner, id) : "not_found";
}
