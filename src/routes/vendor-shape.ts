import type { Task } from "../tasks/read.ts";
import { isTerminal } from "../tasks/state.ts";
import type { VendorRequest } from "../vod/requests.ts";

/** ErrCode of a failed task whose own error code is a word (tencent-vod facts §2.1). */
const TASK_FAILED = 70_000;

/**
 * A task as DescribeTaskDetail would show it to somebody who had called the vendor directly: our id as TaskId, the
 * client's own SessionId and SessionContext.
 */
export function renderTaskDetail(task: Task, request: VendorRequest | undefined) {
  const name = task.media === "video" ? "AigcVideoTask" : "AigcImageTask";
  const other = task.media === "video" ? "AigcImageTask" : "AigcVideoTask";
  const finished = isTerminal(task.status);
  return {
    Response: {
      TaskType: name,
      Status: outerStatus(task, finished),
      CreateTime: isoSeconds(task.createdAt),
      BeginProcessTime: task.submittedAt === null ? "" : isoSeconds(task.submittedAt),
      FinishTime: task.finishedAt === null ? "" : isoSeconds(task.finishedAt),
      [other]: null,
      [name]: {
        ...(task.vendorTask ?? emptyTask(task, request, finished)),
        TaskId: task.id,
        SessionId: task.sessionId ?? "",
        SessionContext: task.sessionContext ?? "",
      },
      RequestId: task.id,
    },
  };
}

function outerStatus(task: Task, finished: boolean): string {
  if (task.status === "canceled") return "ABORTED";
  if (finished) return "FINISH";
  return task.status === "queued" || task.status === "submitting" ? "WAITING" : "PROCESSING";
}

/** What the vendor shows of a task it has not finished; also the frame of one that never got that far. */
function emptyTask(task: Task, request: VendorRequest | undefined, finished: boolean) {
  return {
    Status: finished ? "FINISH" : "PROCESSING",
    ErrCode: task.failure ? TASK_FAILED : 0,
    ErrCodeExt: task.failure?.code ?? "",
    Message: task.failure?.message ?? "",
    Progress: finished ? 100 : 0,
    Input: request,
    Output: { FileInfos: [] },
  };
}

/** The vendor's times have no fraction. */
function isoSeconds(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, "Z");
}
