import type { TaskFailure } from "../tasks/contract.ts";
import type { Task } from "../tasks/read.ts";
import { isTerminal } from "../tasks/state.ts";
import type { VendorRequest } from "../vod/requests.ts";

/** ErrCode of a failed task whose own error code is a word (tencent-vod facts §2.1). */
const TASK_FAILED = 70_000;
/** Error code of a task that the vendor stopped. */
const ABORTED = "aborted";

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
        ...(task.vendorTask
          ? { ...task.vendorTask, ...verdictMembers(task, finished) }
          : emptyTask(task, request, finished)),
        TaskId: task.id,
        SessionId: task.sessionId ?? "",
        SessionContext: task.sessionContext ?? "",
      },
      RequestId: task.id,
    },
  };
}

function outerStatus(task: Task, finished: boolean): string {
  if (task.status === "canceled" || task.failure?.code === ABORTED) return "ABORTED";
  if (finished) return "FINISH";
  return task.status === "queued" || task.status === "submitting" ? "WAITING" : "PROCESSING";
}

/**
 * What the task came to, where the vendor's own words at this level do not say it: of one that it stopped it says
 * `PROCESSING` for ever, and of one that it finished without a file nothing that is wrong.
 */
function verdictMembers({ failure, vendorTask }: Task, finished: boolean) {
  if (!finished) return {};
  const told = vendorTask?.ErrCode || vendorTask?.ErrCodeExt;
  return { Status: "FINISH", ...(failure && !told && failureMembers(failure)) };
}

function failureMembers({ code, message }: TaskFailure) {
  return { ErrCode: TASK_FAILED, ErrCodeExt: code, Message: message };
}

/** What the vendor shows of a task it has not finished; also the frame of one that never got that far. */
function emptyTask(task: Task, request: VendorRequest | undefined, finished: boolean) {
  return {
    Status: finished ? "FINISH" : "PROCESSING",
    ...(task.failure ? failureMembers(task.failure) : { ErrCode: 0, ErrCodeExt: "", Message: "" }),
    Progress: finished ? 100 : 0,
    Input: request,
    Output: { FileInfos: [] },
  };
}

/** The vendor's times have no fraction. */
function isoSeconds(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, "Z");
}
