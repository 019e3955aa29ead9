import * as z from "zod";
import { CODE_MAX_CHARACTERS, MESSAGE_MAX_CHARACTERS } from "./errors.ts";
import type { CreateAction } from "./requests.ts";
import {
  UNREAD_OF_FILE,
  UNREAD_OF_INPUT,
  UNREAD_OF_META_DATA,
  UNREAD_OF_STREAM,
  UNREAD_OF_USAGE,
} from "./unread-members.ts";

/** Theirs have about 65. */
export const VENDOR_TASK_ID_MAX_CHARACTERS = 200;

/** The vendor sends `null`, `""` or nothing for what it does not have; all three read as "not there". */
const text = z.string().nullish();
const number = z.number().nullish();

/** Of a file, only its address matters: a size of another type than documented must not cost a paid result. */
const metaData = z.looseObject({
  ...UNREAD_OF_META_DATA,
  Size: number,
  Container: text,
  Width: number,
  Height: number,
  Duration: number,
  VideoStreamSet: z.array(z.looseObject({ ...UNREAD_OF_STREAM, Fps: number, Width: number, Height: number })).nullish(),
});

const outputFile = z.looseObject({
  ...UNREAD_OF_FILE,
  StorageMode: text,
  ExpireTime: text,
  FileType: text,
  FileUrl: text,
  FileId: text,
  /** What one of several files is for, e.g. `mesh_url` of a 3D scene; what has no file of its own is in its content. */
  UsageType: text.catch(null),
  FileContent: text.catch(null),
  MetaData: metaData.nullish().catch(null),
});

/** AigcVideoTask and AigcImageTask share all we read; the rest is kept as it came. */
export const vendorTask = z.looseObject({
  TaskId: z.string().min(1),
  Status: z.string(),
  ErrCode: number,
  ErrCodeExt: text,
  Message: text,
  Progress: number.catch(null),
  Input: z
    .looseObject({ ...UNREAD_OF_INPUT, Seed: number })
    .nullish()
    .catch(null),
  Output: z
    .looseObject({
      FileInfos: z.array(outputFile).nullish(),
      ProcedureTaskIds: z.array(z.string()).nullish().catch(null),
      Usage: z.looseObject(UNREAD_OF_USAGE).nullish().catch(null),
    })
    .nullish(),
  SessionId: text,
  SessionContext: text,
});

export type VendorTask = z.infer<typeof vendorTask>;
export type VendorOutputFile = z.infer<typeof outputFile>;

/** DescribeTaskDetail's answer, as far as AIGC tasks are concerned. */
export const taskDetail = z.looseObject({
  TaskType: z.string(),
  Status: z.string(),
  CreateTime: text,
  BeginProcessTime: text,
  FinishTime: text,
  AigcVideoTask: vendorTask.nullish(),
  AigcImageTask: vendorTask.nullish(),
});

/** DescribeTasks' answer, as far as it names tasks. */
export const taskList = z.looseObject({
  TaskSet: z.array(z.looseObject({ TaskId: z.string().max(VENDOR_TASK_ID_MAX_CHARACTERS), SessionId: text })).nullish(),
  ScrollToken: text,
});

export type TaskDetail = z.infer<typeof taskDetail>;

export type VendorVerdict =
  | { state: "processing" }
  | { state: "succeeded" }
  | { state: "failed"; code: string; message: string };

/** The AIGC task in a detail; undefined when it is a task of another kind, or shown without its content. */
export function taskOf(detail: TaskDetail): VendorTask | undefined {
  return detail.AigcVideoTask ?? detail.AigcImageTask ?? undefined;
}

/**
 * Reads the vendor's state. A failure is `Status: FINISH` like a success; success means that all of error code, extended
 * code and files say so (seen in live answers, tencent-vod facts §2.2). A task that was stopped says so at the outer
 * level, where its inner one may not; files that are there all the same are a success.
 */
export function verdictOf(detail: TaskDetail): VendorVerdict {
  const task = taskOf(detail);
  const inner = task ? innerVerdict(task) : { state: "processing" as const };
  const aborted = detail.Status === "ABORTED" || task?.Status === "ABORTED";
  if (!aborted || inner.state === "succeeded") return inner;
  return { state: "failed", code: "aborted", message: messageOf(task) ?? "The vendor stopped the task." };
}

function innerVerdict(task: VendorTask): VendorVerdict {
  if (task.Status !== "FINISH") return { state: "processing" };
  if (task.ErrCode || task.ErrCodeExt) {
    return {
      state: "failed",
      code: (task.ErrCodeExt || String(task.ErrCode)).slice(0, CODE_MAX_CHARACTERS),
      message: messageOf(task) ?? "The vendor's task failed without a message.",
    };
  }
  if (!task.Output?.FileInfos?.length) {
    return { state: "failed", code: "EmptyOutput", message: "The vendor finished the task without any file." };
  }
  return { state: "succeeded" };
}

function messageOf(task: VendorTask | undefined): string | undefined {
  return task?.Message?.slice(0, MESSAGE_MAX_CHARACTERS) || undefined;
}

/** What a task was made of, as far as the vendor shows it. */
export type TaskOrigin = { action: CreateAction; modelName: string; modelVersion: string; createdAt: number };

/** For a task of ours that nobody here remembers. `createdAt` in milliseconds; 0 when the vendor does not tell. */
export function originOf(detail: TaskDetail): TaskOrigin {
  const { ModelName: name, ModelVersion: version } = taskOf(detail)?.Input ?? {};
  return {
    action: detail.AigcVideoTask ? "CreateAigcVideoTask" : "CreateAigcImageTask",
    modelName: word(name),
    modelVersion: word(version),
    createdAt: Date.parse(detail.CreateTime ?? "") || 0,
  };
}

function word(value: unknown): string {
  return typeof value === "string" ? value.slice(0, CODE_MAX_CHARACTERS) : "";
}
