import { utf8 } from "../signing/encoding.ts";
import { MESSAGE_MAX_CHARACTERS } from "./errors.ts";
import type { VendorOutputFile, VendorTask } from "./tasks.ts";

/** Of a finished task's JSON. A usual one has 3,000; a row of the database takes 2 MB. */
export const RESULT_MAX_CHARACTERS = 256 * 1024;
/**
 * What is longer is stored without the request that it echoes: who reads a result, read after read, must not pay for its
 * prompt. With the rest of its row it is less than 64 KB.
 */
export const ECHO_MAX_BYTES = 32 * 1024;
/** A signed URL has some hundreds. */
const URL_MAX_CHARACTERS = 8 * 1024;
const WORD_MAX_CHARACTERS = 300;
const USAGE_MEMBERS_MAX = 50;
const PROCEDURES_MAX = 50;
/** Of a file's content as a member: its name, two quotes and what separates it. */
const CONTENT_MEMBER_CHARACTERS = 20;

/**
 * A finished task as JSON to store, as it came unless it is too long: then what the gateway reads of it. What is paid must
 * not be lost to the size of an answer.
 */
export function storableTask(task: VendorTask): string {
  for (const shown of [task, withoutEcho(task)]) {
    const text = JSON.stringify(shown);
    if (text.length <= ECHO_MAX_BYTES && utf8(text).byteLength <= ECHO_MAX_BYTES) return text;
  }
  const core = coreOf(task);
  const files = (task.Output?.FileInfos ?? []).map(coreOfFile);
  let room = RESULT_MAX_CHARACTERS - JSON.stringify(core).length;
  const FileInfos = files.filter((file) => {
    const size = JSON.stringify(file).length + 1;
    const fits = size <= room;
    room = fits ? room - size : 0;
    return fits;
  });
  // Half of a content is none.
  const contents = new Map((task.Output?.FileInfos ?? []).map((file, index) => [files[index], file.FileContent]));
  for (const file of FileInfos) {
    const content = contents.get(file);
    const size = content ? JSON.stringify(content).length + CONTENT_MEMBER_CHARACTERS : Infinity;
    if (size > room) continue;
    room -= size;
    Object.assign(file, { FileContent: content });
  }
  return JSON.stringify({ ...core, Output: { ...core.Output, FileInfos } });
}

/** The request's own words left out, but for what names it. */
function withoutEcho(task: VendorTask): VendorTask {
  const { ModelName, ModelVersion, Seed } = task.Input ?? {};
  return { ...task, Input: { ModelName, ModelVersion, Seed } };
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
    Output: { FileInfos: [], ProcedureTaskIds: idsOf(task), Usage: numbersOf(task.Output?.Usage) },
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
    UsageType: word(file.UsageType),
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

function idsOf(task: VendorTask): string[] | undefined {
  const ids = (task.Output?.ProcedureTaskIds ?? []).filter((id) => id.length <= WORD_MAX_CHARACTERS);
  return ids.length > 0 ? ids.slice(0, PROCEDURES_MAX) : undefined;
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
