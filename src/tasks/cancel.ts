import type { Services } from "../services.ts";
import type { CancelOutcome } from "./contract.ts";
import { inObjectThenRecord } from "./lookup.ts";
import { isTaskId } from "./task-id.ts";

export type { CancelOutcome } from "./contract.ts";

/** Cancels a waiting task at once; one that is with the vendor only where the vendor lets it. */
export async function cancelTask({ dispatcher, store }: Services, owner: string, id: string): Promise<CancelOutcome> {
  if (!isTaskId(id)) return "not_found";
  const outcome = await inObjectThenRecord<CancelOutcome>(
    async () => {
      const answer = await dispatcher.cancel(owner, id);
      return answer === "not_found" ? undefined : answer;
    },
    // What only the record has is over.
    async () => ((await store.record.findStatus(owner, id)) ? "already_over" : undefined),
  );
  return outcome ?? "not_found";
}
