import * as z from "zod";

/** The vendor sends `null`, `""` or nothing for what it does not have; all three read as "not there". */
const text = z.string().nullish();
const number = z.number().nullish();

const metaData = z.looseObject({
  Size: number,
  Container: text,
  Width: number,
  Height: number,
  Duration: number,
  VideoStreamSet: z.array(z.looseObject({ Fps: number, Width: number, Height: number })).nullish(),
});

const outputFile = z.looseObject({
  StorageMode: text,
  ExpireTime: text,
  FileType: text,
  FileUrl: text,
  FileId: text,
  MetaData: metaData.nullish(),
});

/** AigcVideoTask and AigcImageTask share all we read; the rest is kept as it came. */
export const vendorTask = z.looseObject({
  TaskId: z.string().min(1),
  Status: z.string(),
  ErrCode: number,
  ErrCodeExt: text,
  Message: text,
  Progress: number,
  Input: z.looseObject({ Seed: number }).nullish(),
  Output: z.looseObject({ FileInfos: z.array(outputFile).nullish(), Usage: z.looseObject({}).nullish() }).nullish(),
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
  TaskSet: z.array(z.looseObject({ TaskId: z.string(), SessionId: text })).nullish(),
  ScrollToken: text,
});

export type TaskDetail = z.infer<typeof taskDetail>;

export type VendorVerdict =
  | { state: "processing" }
  | { state: "succeeded" }
  | { state: "failed"; code: string; message: string };

/**
 * Reads the vendor's state. A failure is `Status: FINISH` like a success; success means that all of error code, extended
 * code and files say so (seen in live answers, tencent-vod facts §2.2).
 */
export function verdictOf(task: VendorTask): VendorVerdict {
  if (task.Status !== "FINISH" && task.Status !== "ABORTED") return { state: "processing" };
  const failed = Boolean(task.ErrCode) || Boolean(task.ErrCodeExt) || task.Status === "ABORTED";
  if (failed) {
    return {
      state: "failed",
      code: task.ErrCodeExt || (task.Status === "ABORTED" ? "OperationCanceled" : String(task.ErrCode)),
      message: task.Message || "The vendor's task failed without a message.",
    };
  }
  if (!task.Output?.FileInfos?.length) {
    return { state: "failed", code: "EmptyOutput", message: "The vendor finished the task without any file." };
  }
  return { state: "succeeded" };
}
