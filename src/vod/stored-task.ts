import { MESSAGE_MAX_CHARACTERS } from "./errors.ts";
import type { VendorOutputFile, VendorTask } from "./tasks.ts";

/** Of a finished task's JSON. A usual one has 3,000; a row of the database takes 2 MB. */
export const RESULT_MAX_CHARACTERS = 256 * 1024;
/** A signed URL has some hundreds. */
const URL_MAX_CHARACTERS = 8 * 1024;
const WORD_MAX_CHARACTERS = 300;
const USAGE_MEMBERS_MAX = 50;

/**
 * A finished task as JSON to store, as it came unless it is too long: then what the gateway reads of it. What is paid must
 * not be lost to the size of an answer.
 */
export function storableTask(task: VendorTask): string {
  const whole = JSON.stringify(task);
  if (whole.length <= RESULT_MAX_CHARACTERS) return whole;
  const core = coreOf(task);
  const files = (task.Output?.FileInfos ?? []).map(coreOfFile);
  let room = RESULT_MAX_CHARACTERS - JSON.stringify(core).length;
  const FileInfos = files.filter((file) => {
    room -= JSON.stringify(file).length + 1;
    return room >= 0;
  });
  return JSON.stringify({ ...core, Output: { ...core.Output, FileInfos } });
}

function coreOf(task: VendorTask) {
  return {
    TaskId: word(task.TaskId),
    Status: word(task.Status),
    ErrCode: task.ErrCode,
    ErrCodeExt: word(task.ErrCodeExt),
    Message: task.Message?.slice(0, MESSAGE_MAX_CHARACTERS),
    Progress: task.Progress,
    Input: { Seed: task.Input?.Seed },
    Output: { FileInfos: [], Usage: numbersOf(task.Output?.Usage) },
    SessionId: word(task.SessionId),
  };
}

function coreOfFile(file: VendorOutputFile) {
  const { Size, Container, Width, Height, Duration, VideoStreamSet } = file.MetaData ?? {};
  const stream = VideoStreamSet?.[0];
  const video = stream && { Fps: stream.Fps, Width: stream.Width, Height: stream.Height };
  return {
    StorageMode: word(file.StorageMode),
    ExpireTime: word(file.ExpireTime),
    FileType: word(file.FileType),
    // Half a URL leads nowhere.
    FileUrl: (file.FileUrl?.length ?? 0) > URL_MAX_CHARACTERS ? "" : file.FileUrl,
    FileId: word(file.FileId),
    MetaData: file.MetaData && {
      Size,
      Container: word(Container),
      Width,
      Height,
      Duration,
      VideoStreamSet: video ? [video] : [],
    },
  };
}

function word(text: string | null | undefined): string | null | undefined {
  return text?.slice(0, WORD_MAX_CHARACTERS);
}

function numbersOf(usage: object | null | undefined): Record<string, number> {
  const numbers = Object.entries(usage ?? {}).filter(
    (entry): entry is [string, number] => typeof entry[1] === "number" && entry[0].length <= WORD_MAX_CHARACTERS,
  );
  return Object.fromEntries(numbers.slice(0, USAGE_MEMBERS_MAX));
}
