/*
 * The types of the vendor's official SDK against the schemas of this repository: `npm run vendor-types`.
 */
import { describe, it } from "vitest";
import { compareWithSdk, readSdk } from "../../scripts/lib/vendor-types.ts";
import { parseSdkTypes } from "../../scripts/lib/sdk-types.ts";

const { declarations } = readSdk();

/** The declarations with something changed in one structure; it must be there to be changed. */
function changed(structure: string, from: string | RegExp, to: string): string {
  const start = declarations.indexOf(`export interface ${structure} {`);
  const end = declarations.indexOf("\n}\n", start);
  const body = declarations.slice(start, end);
  const other = body.replace(from, to);
  if (start < 0 || other === body) throw new Error(`Nothing to change in ${structure}.`);
  return declarations.slice(0, start) + other + declarations.slice(end);
}

const added = (structure: string, member: string) =>
  changed(structure, `export interface ${structure} {`, `export interface ${structure} {\n    ${member};`);

const placesOf = (text: string) => compareWithSdk(text).differences.map(({ place }) => place);

describe("the installed SDK", () => {
  it("is read whole", ({ expect }) => {
    const types = parseSdkTypes(declarations);
    expect(types.size).toBe(declarations.match(/^export interface /gm)?.length);
    const members = [...types.values()].reduce((sum, structure) => sum + structure.size, 0);
    expect(members).toBe(declarations.match(/^ {4}\w+\??: .*;$/gm)?.length);
    expect(types.get("CreateAigcVideoTaskRequest")?.get("FileInfos")).toMatchObject({
      type: "Array<AigcVideoTaskInputFileInfo>",
      optional: true,
    });
  });

  it("has no member of the create requests, of a task's detail or of the two events that is missing or mis-typed here", ({
    expect,
  }) => {
    expect(compareWithSdk(declarations)).toEqual({ differences: [], newKinds: [], newVersions: [] });
  });
});

describe("a newer SDK", () => {
  it.for([
    ["CreateAigcVideoTaskRequest", "vendorRequest: CreateAigcVideoTaskRequest", "emulator: CreateAigcVideoTaskRequest"],
    [
      "AigcVideoTaskInputFileInfo",
      "vendorRequest: CreateAigcVideoTaskRequest.FileInfos[]",
      "emulator: CreateAigcVideoTaskRequest.FileInfos[]",
      "taskDetail: DescribeTaskDetailResponse.AigcVideoTask.Input.FileInfos[]",
    ],
    [
      "AigcImageOutputConfig",
      "vendorRequest: CreateAigcImageTaskRequest.OutputConfig",
      "emulator: CreateAigcImageTaskRequest.OutputConfig",
      "taskDetail: DescribeTaskDetailResponse.AigcImageTask.Input.OutputConfig",
    ],
    ["AigcImageTask", "taskDetail: DescribeTaskDetailResponse.AigcImageTask"],
    ["AigcVideoTaskOutputFileInfo", "taskDetail: DescribeTaskDetailResponse.AigcVideoTask.Output.FileInfos[]"],
  ])("with a new member in %s is told at every place of it", ([structure = "", ...places], { expect }) => {
    const found = placesOf(added(structure, "NewMember?: string"));
    expect(found.toSorted()).toEqual(places.map((place) => `${place}.NewMember`).toSorted());
  });

  it.for([
    ["CreateAigcVideoTaskRequest", "Seed?: number", "Seed?: string", "vendorRequest: CreateAigcVideoTaskRequest.Seed"],
    [
      "CreateAigcImageTaskRequest",
      "ExtInfo?: string",
      "ExtInfo?: Array<string>",
      "vendorRequest: CreateAigcImageTaskRequest.ExtInfo",
    ],
    [
      "AigcVideoTask",
      "ErrCode?: number",
      "ErrCode?: string",
      "taskDetail: DescribeTaskDetailResponse.AigcVideoTask.ErrCode",
    ],
    [
      "AigcVideoTask",
      "Output?: AigcVideoTaskOutput",
      "Output?: string",
      "taskDetail: DescribeTaskDetailResponse.AigcVideoTask.Output",
    ],
    [
      "MediaMetaData",
      "Md5?: string",
      "Md5?: boolean",
      "taskDetail: DescribeTaskDetailResponse.AigcVideoTask.Output.FileInfos[].MetaData.Md5",
    ],
    [
      "EventContent",
      "AigcVideoCompleteEvent?: AigcVideoTask",
      "AigcVideoCompleteEvent?: AigcVideoTaskV2",
      "event: EventContent.AigcVideoCompleteEvent",
    ],
    [
      "EventContent",
      "AigcImageCompleteEvent?: AigcImageTask",
      "AigcImageDone?: AigcImageTask",
      "event: EventContent.AigcImageCompleteEvent",
    ],
  ])("in which %s has not %s but %s is told", ([structure = "", from = "", to = "", place = ""], { expect }) => {
    expect(placesOf(changed(structure, from, to))).toContain(place);
  });

  it("with new kinds of tasks and events, and new versions, is told", ({ expect }) => {
    expect(compareWithSdk(added("EventContent", "AigcHunyuan3DCompleteEvent?: AigcHunyuan3DTask")).newKinds).toEqual([
      "EventContent.AigcHunyuan3DCompleteEvent",
    ]);
    expect(
      compareWithSdk(added("DescribeTaskDetailResponse", "AigcHunyuan3DTask?: AigcHunyuan3DTask")).newKinds,
    ).toEqual(["DescribeTaskDetailResponse.AigcHunyuan3DTask"]);
    const newer = changed("CreateAigcVideoTaskRequest", "2.3-fast、H3", "2.3-fast、H3、H9");
    expect(compareWithSdk(newer).newVersions).toEqual(["video: Hailuo/H9"]);
  });
});
