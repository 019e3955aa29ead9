import { describe, it } from "vitest";
import { accountWords, producedIds } from "../../src/vod/vendor-ids.ts";
import { vendorRequest } from "../../src/vod/requests.ts";

const request = (members: object) => vendorRequest.parse({ ModelName: "Next", ModelVersion: "1", ...members });
const readInner = (text: string): unknown => (text.startsWith("{") ? JSON.parse(text) : undefined);
const idsIn = (members: object) =>
  accountWords(request(members), readInner).ids.map(({ id, place }) => [place.join("."), id]);

describe("the ids that a request names", () => {
  it("are found in every member that has them, with their places", ({ expect }) => {
    const named = idsIn({
      FileInfos: [
        { Type: "File", FileId: "f1", ObjectId: "car", VoiceId: "v1", Url: "https://a.test/f9", Text: "id" },
        { FileId: "" },
      ],
      SubjectInfos: [{ Id: "s1", Name: "driver", VoiceId: "v2", ImageUrls: ["https://a.test/1"] }],
      LastFrameFileId: "f2",
      OutputConfig: { StorageMode: "Permanent", MediaName: "name", CoverMediaId: 17 },
    });
    expect(named).toEqual([
      ["FileInfos.0.FileId", "f1"],
      ["FileInfos.0.ObjectId", "car"],
      ["FileInfos.0.VoiceId", "v1"],
      ["SubjectInfos.0.Id", "s1"],
      ["SubjectInfos.0.VoiceId", "v2"],
      ["LastFrameFileId", "f2"],
      ["OutputConfig.CoverMediaId", "17"],
    ]);
  });

  it("are found in the texts of ExtInfo, three deep, and nowhere else in texts", ({ expect }) => {
    const wrap = (value: object, times: number): string =>
      times === 0 ? JSON.stringify(value) : JSON.stringify({ inner: wrap(value, times - 1) });
    for (const times of [0, 1, 2]) expect(idsIn({ ExtInfo: wrap({ voice_id: "v" }, times) })).toHaveLength(1);
    expect(idsIn({ ExtInfo: wrap({ voice_id: "v" }, 3) })).toEqual([]);
    expect(idsIn({ Prompt: '{"voice_id":"v"}', ExtInfo: "voice_id" })).toEqual([]);
  });

  it("are not what only looks like one", ({ expect }) => {
    const other = { MediaName: "m", Seed: 7, SceneType: "template_effect", Video: "v", Identity: "i", Id: "i" };
    expect(idsIn(other)).toEqual([]);
  });
});

describe("the settings of the account", () => {
  it("are a task flow and a class, wherever they stand", ({ expect }) => {
    const { settings } = accountWords(
      request({ Procedure: "p", OutputConfig: { ClassId: 3, class_id: 4 }, ExtInfo: '{"procedure":"p"}' }),
      readInner,
    );
    expect(settings.map((place) => place.join(".")).toSorted()).toEqual([
      "ExtInfo.procedure",
      "OutputConfig.ClassId",
      "OutputConfig.class_id",
      "Procedure",
    ]);
    expect(accountWords(request({ OutputConfig: { ClassId: 0 } }), readInner).settings).toEqual([]);
  });
});

describe("the ids that a finished task has made", () => {
  const of = (task: object) => producedIds(JSON.stringify(task));

  it("are those of its output, each once, not those it was made of", ({ expect }) => {
    const Output = {
      FileInfos: [{ FileId: "1", ClassId: 7 }, { FileId: "2" }, { FileId: "1" }, { FileId: "" }],
      ProcedureTaskIds: ["t"],
      Subject: { SubjectId: 12, voice_id: "v", ElementIds: ["e"] },
    };
    expect(of({ TaskId: "t", Input: { FileInfos: [{ FileId: "theirs" }] }, Output })).toEqual([
      "1",
      "2",
      "12",
      "v",
      "e",
    ]);
  });

  it("are none of most tasks, and bounded", ({ expect }) => {
    expect(of({ Status: "FINISH" })).toEqual([]);
    expect(of({ Output: { FileInfos: [{ FileId: "", FileUrl: "https://a.test" }] } })).toEqual([]);
    expect(of({ Output: { FileInfos: [{ FileId: "9".repeat(201) }] } })).toEqual([]);
    const FileInfos = Array.from({ length: 500 }, (_, index) => ({ FileId: `f${index}` }));
    expect(of({ Output: { FileInfos } })).toHaveLength(100);
    const deep = `{"Output":${'{"a":'.repeat(5_000)}{"FileId":"1"}${"}".repeat(5_000)}}`;
    expect(producedIds(deep)).toEqual([]);
  });
});
