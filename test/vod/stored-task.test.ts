/* What is kept of a finished task, however large it is. */
import * as fc from "fast-check";
import { describe, it } from "vitest";
import { ECHO_MAX_BYTES, RESULT_MAX_CHARACTERS, storableTask } from "../../src/vod/stored-task.ts";
import { type VendorTask, vendorTask, verdictOf } from "../../src/vod/tasks.ts";
import { DONE, FILE, type Json } from "./support.ts";

const detailOf = (task: VendorTask) => ({ TaskType: "AigcVideoTask", Status: task.Status, AigcVideoTask: task });

describe("what is stored of a task", () => {
  it("is all of it as a rule", ({ expect }) => {
    const task = vendorTask.parse({ ...DONE, Novelty: { a: [1] } });
    expect(JSON.parse(storableTask(task))).toEqual(task);
    const room = ECHO_MAX_BYTES - JSON.stringify({ ...task, Padding: "" }).length;
    const brim = { ...task, Padding: "x".repeat(room) };
    expect(storableTask(brim)).toBe(JSON.stringify(brim));
    expect(JSON.parse(storableTask({ ...task, Padding: "x".repeat(room + 1) }))).not.toHaveProperty("Padding");
  });

  it("is all but the request that it echoes, when it is longer than a reader should pay for", ({ expect }) => {
    const Prompt = "汽".repeat(ECHO_MAX_BYTES / 3);
    const Input = { ModelName: "Kling", ModelVersion: "1.6", Prompt, FileInfos: [{ Url: "https://a.test/" }], Seed: 7 };
    const task = vendorTask.parse({ ...DONE, Input, Novelty: { a: [1] } });
    expect(JSON.parse(storableTask(task))).toEqual({
      ...task,
      Input: { ModelName: "Kling", ModelVersion: "1.6", Seed: 7 },
    });
  });

  it("has the content of a scene's files, whole or not at all", ({ expect }) => {
    const scene = (characters: number) => ({
      UsageType: "position_info",
      FileUrl: "",
      FileContent: "p".repeat(characters),
    });
    const FileInfos = [FILE, scene(100_000), scene(100_000), scene(100_000), scene(1_000)];
    const ProcedureTaskIds = ["p-1"];
    const json = storableTask(vendorTask.parse({ ...DONE, Output: { FileInfos, ProcedureTaskIds } }));
    expect(json.length).toBeLessThanOrEqual(RESULT_MAX_CHARACTERS);
    const { Output } = vendorTask.parse(JSON.parse(json));
    expect(Output?.FileInfos?.map(({ UsageType }) => UsageType)).toEqual(
      FileInfos.map((file) => ("UsageType" in file ? file.UsageType : undefined)),
    );
    expect(Output?.FileInfos?.map(({ FileContent }) => FileContent?.length ?? 0)).toEqual([
      0, 100_000, 100_000, 0, 1_000,
    ]);
    expect(Output?.ProcedureTaskIds).toEqual(ProcedureTaskIds);
  });

  it("is what the gateway reads when it would be too long", ({ expect }) => {
    const long = "x".repeat(RESULT_MAX_CHARACTERS);
    const stream = { Fps: 24, Width: 1, Height: 2, Codec: "h264" };
    const file = {
      StorageMode: "Temporary",
      ExpireTime: "2026-11-28T08:00:00Z",
      FileType: "mp4",
      FileUrl: "https://media.test/a.mp4",
      FileId: "1",
      MetaData: { Size: 1, Container: "mp4", Width: 3, Height: 4, Duration: 5, VideoStreamSet: [stream], Md5: long },
      FileContent: long,
    };
    const kept = storableTask({
      ...DONE,
      ErrCode: 70000,
      ErrCodeExt: "InternalError",
      Message: long,
      Input: { Seed: 7, Prompt: long },
      Output: { FileInfos: [file], Usage: { OutputSeconds: 5, Note: long }, ProcedureTaskIds: [long] },
      Novelty: long,
    });
    expect(JSON.parse(kept)).toEqual({
      TaskId: "t-1",
      Status: "FINISH",
      ErrCode: 70000,
      ErrCodeExt: "InternalError",
      Message: "x".repeat(2_000),
      Progress: 100,
      Input: { Seed: 7 },
      Output: {
        FileInfos: [
          {
            StorageMode: "Temporary",
            ExpireTime: "2026-11-28T08:00:00Z",
            FileType: "mp4",
            FileUrl: "https://media.test/a.mp4",
            FileId: "1",
            MetaData: {
              Size: 1,
              Container: "mp4",
              Width: 3,
              Height: 4,
              Duration: 5,
              VideoStreamSet: [{ Fps: 24, Width: 1, Height: 2 }],
            },
          },
        ],
        Usage: { OutputSeconds: 5 },
      },
      SessionId: "s",
    });
  });

  it("has the first of too many files, and no half of a URL", ({ expect }) => {
    const many = Array.from({ length: 5_000 }, (_, n) => ({ ...FILE, FileUrl: `https://media.test/${n}.png` }));
    const json = storableTask({ ...DONE, Output: { FileInfos: many } });
    expect(json.length).toBeLessThanOrEqual(RESULT_MAX_CHARACTERS);
    expect(json.length).toBeGreaterThan(RESULT_MAX_CHARACTERS - 200);
    const kept = vendorTask.parse(JSON.parse(json));
    const urls = kept.Output?.FileInfos?.map((file) => file.FileUrl) ?? [];
    expect(urls.length).toBeGreaterThan(1_000);
    expect(urls).toEqual(many.slice(0, urls.length).map((file) => file.FileUrl));
    const endless = { ...FILE, FileUrl: `https://media.test/${"x".repeat(RESULT_MAX_CHARACTERS)}` };
    const cut = vendorTask.parse(JSON.parse(storableTask({ ...DONE, Output: { FileInfos: [endless, FILE] } })));
    expect(cut.Output?.FileInfos?.map((file) => file.FileUrl)).toEqual(["", FILE.FileUrl]);
  });

  it("is never longer than its limit, and says the same of the outcome", ({ expect }) => {
    const text = fc.oneof(
      fc.string(),
      fc.tuple(fc.constantFrom("x", "\u0000", "汽", '"'), fc.nat({ max: 300_000 })).map(([unit, n]) => unit.repeat(n)),
    );
    const nullish = fc.option(text);
    const file = fc.record(
      { FileUrl: nullish, FileId: nullish, FileType: nullish, ExpireTime: nullish, StorageMode: nullish, Extra: text },
      { requiredKeys: [] },
    );
    const task = fc.record(
      {
        TaskId: text.filter((id) => id !== ""),
        Status: fc.constantFrom("FINISH", "PROCESSING", "ABORTED"),
        ErrCode: fc.option(fc.constantFrom(0, 70000)),
        ErrCodeExt: nullish,
        Message: nullish,
        Output: fc.option(
          fc.record({ FileInfos: fc.option(fc.array(file, { maxLength: 30 })), Usage: fc.dictionary(text, fc.nat()) }),
        ),
        SessionId: nullish,
        Novelty: text,
      },
      { requiredKeys: ["TaskId", "Status"] },
    );
    fc.assert(
      fc.property(task, (given) => {
        const parsed = vendorTask.parse(given);
        const json = storableTask(parsed);
        expect(json.length).toBeLessThanOrEqual(RESULT_MAX_CHARACTERS);
        const again = vendorTask.parse(JSON.parse(json) as Json);
        expect(verdictOf(detailOf(again))).toMatchObject({ state: verdictOf(detailOf(parsed)).state });
      }),
      { numRuns: 40 },
    );
  });
});
