/* The example bodies of the API documents: none of them is refused. */
import { describe, it } from "vitest";
import { checkRequest } from "../../../src/vod/catalogue/index.ts";
import { renameMembers, toPascal } from "../../../src/vod/names.ts";
import { vendorRequest } from "../../../src/vod/requests.ts";
import aigcImage from "../../fixtures/seeds/aigc-image.json";
import aigcVideo from "../../fixtures/seeds/aigc-video.json";

const asVendorRequest = (body: unknown) => vendorRequest.parse(renameMembers(body, toPascal));

const image = (name: string, usage: string) => ({
  Type: "Url",
  Url: `https://example.com/${name}.png`,
  Category: "Image",
  Usage: usage,
});

/** The four bodies of the video generations document, as they go to the vendor. */
const GENERATIONS = {
  "vidu-text": {
    ModelVersion: "q3-pro",
    OutputConfig: {
      Resolution: "720P",
      AspectRatio: "16:9",
      Duration: 5,
      AudioGeneration: "Disabled",
      EnableBGM: "Disabled",
    },
  },
  "vidu-image": {
    ModelVersion: "q3-turbo",
    FileInfos: [image("source", "FirstFrame")],
    OutputConfig: { Resolution: "540P", Duration: 5 },
  },
  "vidu-first-last": {
    ModelVersion: "q3-pro",
    FileInfos: [image("head", "FirstFrame")],
    LastFrameUrl: "https://example.com/tail.png",
    OutputConfig: { Resolution: "1080P", Duration: 6, OffPeak: "Enabled" },
  },
  "vidu-reference": {
    ModelVersion: "q3-mix",
    FileInfos: [image("ref-1", "Reference"), image("ref-2", "Reference")],
    OutputConfig: { Resolution: "720P", AspectRatio: "16:9", Duration: 5, AudioGeneration: "Disabled" },
  },
};

const DOUBTS: Record<string, string[]> = { "vidu-image": ["doubtful OutputConfig.Resolution"] };

const found = (findings: ReturnType<typeof checkRequest>) =>
  findings.map(({ kind, path }) => `${kind} ${path.join(".")}`);

describe("the documents' examples", () => {
  it("a car in the sun: 8 seconds of Kling 1.6 are doubted only", ({ expect }) => {
    expect(found(checkRequest("CreateAigcVideoTask", asVendorRequest(aigcVideo)))).toEqual([
      "doubtful OutputConfig.Duration",
    ]);
  });

  it("a picture in another style: GEM at 1080P is doubted only", ({ expect }) => {
    expect(found(checkRequest("CreateAigcImageTask", asVendorRequest(aigcImage)))).toEqual([
      "doubtful OutputConfig.Resolution",
    ]);
  });

  it.for(Object.entries(GENERATIONS))("%s", ([name, request], { expect }) => {
    const complete = vendorRequest.parse({ ModelName: "Vidu", Prompt: "A @Image1 walking", ...request });
    expect(found(checkRequest("CreateAigcVideoTask", complete))).toEqual(DOUBTS[name] ?? []);
  });

  it.for(["q3-pro", "q3-turbo"])("%s as sold there: 1 to 16 seconds at 540P to 1080P", (version, { expect }) => {
    for (const Duration of [1, 16]) {
      for (const Resolution of ["540P", "720P", "1080P"]) {
        const request = vendorRequest.parse({
          ModelName: "Vidu",
          ModelVersion: version,
          Prompt: "海上的日出",
          OutputConfig: { Duration, Resolution, AspectRatio: "16:9" },
        });
        const kinds = checkRequest("CreateAigcVideoTask", request).map(({ kind }) => kind);
        expect(kinds).not.toContain("impossible");
      }
    }
  });
});
