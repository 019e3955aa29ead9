import * as z from "zod";
import { parseVendorTime } from "../clock.ts";
import type { VendorContext } from "../context.ts";
import { VendorError } from "../errors.ts";
import { integer, subAppId } from "../schema.ts";
import type { Task, TaskFilter } from "../state/tasks.ts";
import { kindOf, statusOf, taskStructure, timesOf } from "../task-view.ts";
import { TASK_MEMBERS } from "../vendor-members.ts";
import { defineAction } from "./action.ts";

const TASK_MEMORY_MS = 3 * 24 * 3600 * 1000;
const DEFAULT_PAGE_TASKS = 10;
const MAX_PAGE_TASKS = 100;

export const describeTaskDetail = defineAction(
  z.strictObject({ TaskId: z.string(), SubAppId: subAppId.optional() }),
  (context, { TaskId }) => {
    const task = findTask(context, TaskId);
    const { taskType } = kindOf(task);
    return {
      TaskType: taskType,
      Status: statusOf(task),
      ...timesOf(task),
      ...TASK_MEMBERS,
      [taskType]: taskStructure(context, task),
    };
  },
);

export const manageTask = defineAction(
  z.strictObject({ TaskId: z.string(), OperationType: z.enum(["Abort"]), SubAppId: subAppId.optional() }),
  (context, { TaskId }) => {
    const task = findTask(context, TaskId);
    // Only a WAITING task can be aborted, and AIGC tasks never wait: they are PROCESSING from the start.
    const stopped = context.config().abort === "allow" && context.tasks.abort(TaskId, context.clock.emulated());
    if (stopped) return {};
    throw new VendorError(
      "FailedOperation",
      `Only a task in status WAITING can be aborted; this one is ${statusOf(task)}.`,
    );
  },
);

function findTask(context: VendorContext, taskId: string): Task {
  const task = context.tasks.byId(taskId);
  if (!task) throw new VendorError("InvalidParameterValue.TaskId", "The task id does not exist.");
  if (task.createdAt < context.clock.emulated() - TASK_MEMORY_MS)
    throw new VendorError("ResourceNotFound", "The task is more than three days old.");
  return task;
}

const time = z.string().refine((text) => parseVendorTime(text) !== undefined, "not an ISO 8601 time");
const timeRange = z.strictObject({ After: time.optional(), Before: time.optional() });

const describeTasksRequest = z.strictObject({
  SubAppId: subAppId.optional(),
  Status: z.enum(["WAITING", "PROCESSING", "FINISH", "ABORTED"]).optional(),
  FileId: z.string().optional(),
  CreateTime: timeRange.optional(),
  FinishTime: timeRange.optional(),
  Sort: z
    .strictObject({ Field: z.enum(["CreateTime", "FinishTime"]), Order: z.enum(["Asc", "Desc"]).optional() })
    .optional(),
  Limit: integer.pipe(z.int().min(1).max(MAX_PAGE_TASKS)).optional(),
  ScrollToken: z.string().optional(),
});

/** The last 72 hours; newest first unless `Sort` says otherwise. */
export const describeTasks = defineAction(describeTasksRequest, (context, request) => {
  // No task here belongs to a file, or waits.
  if (request.FileId || request.Status === "WAITING") return { TaskSet: [], ScrollToken: "" };

  const limit = request.Limit ?? DEFAULT_PAGE_TASKS;
  const filter = filterOf(request, context.clock.emulated());
  const tasks = context.tasks.list({ ...filter, limit: limit + 1 });
  const page = tasks.slice(0, limit);
  const last = tasks.length > limit ? page.at(-1) : undefined;
  return { TaskSet: page.map(simpleInfo), ScrollToken: last ? scrollToken(last, filter.sortBy) : "" };
});

function filterOf(request: z.output<typeof describeTasksRequest>, now: number): Omit<TaskFilter, "limit"> {
  const { CreateTime: created, FinishTime: ended, Sort: sort } = request;
  return {
    finished: request.Status === undefined ? undefined : request.Status !== "PROCESSING",
    aborted: request.Status === undefined ? undefined : request.Status === "ABORTED",
    createdFrom: Math.max(parseVendorTime(created?.After ?? "") ?? 0, now - TASK_MEMORY_MS),
    createdTo: endOfSecond(created?.Before),
    endedFrom: parseVendorTime(ended?.After ?? ""),
    endedTo: endOfSecond(ended?.Before),
    sortBy: sort?.Field === "FinishTime" ? "end_at" : "created_at",
    descending: sort?.Order !== "Asc",
    after: request.ScrollToken ? readScrollToken(request.ScrollToken) : undefined,
  };
}

/** The vendor's times are whole seconds: a task made at 10.5 s was made at 10 s. */
function endOfSecond(text: string | undefined): number | undefined {
  const ms = parseVendorTime(text ?? "");
  return ms === undefined ? undefined : ms + 999;
}

function scrollToken(task: Task, sortBy: TaskFilter["sortBy"]): string {
  return btoa(`${sortBy === "end_at" ? task.endAt : task.createdAt}.${task.seq}`);
}

function readScrollToken(token: string): { time: number; seq: number } {
  const [, at, seq] = /^(\d+)\.(\d+)$/.exec(decodeBase64(token)) ?? [];
  if (!at || !seq) throw new VendorError("InvalidParameterValue", "The ScrollToken is invalid.");
  return { time: Number(at), seq: Number(seq) };
}

function decodeBase64(text: string): string {
  try {
    return atob(text);
  } catch {
    return "";
  }
}

function simpleInfo(task: Task) {
  return {
    TaskId: task.taskId,
    Status: statusOf(task),
    FileId: "",
    TaskType: kindOf(task).taskType,
    ...timesOf(task),
    SessionId: task.sessionId,
    SessionContext: task.sessionContext,
  };
}
