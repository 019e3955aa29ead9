import type { TaskOverview } from "../tasks/read.ts";
import { type PublicStatus, publicStatus } from "../tasks/state.ts";

const WORDS = { IN_QUEUE: "queued", IN_PROGRESS: "in_progress", COMPLETED: "failed" } as const satisfies Record<
  PublicStatus,
  string
>;

/** OpenAI's words for where a job stands. */
export function jobStatus({ status }: Pick<TaskOverview, "status">): "queued" | "in_progress" | "completed" | "failed" {
  return status === "succeeded" ? "completed" : WORDS[publicStatus(status)];
}
