/* Model names as clients write them. */
import { describe, it } from "vitest";
import { catalogueModels, modelId, parseModelName } from "../../../src/vod/catalogue/index.ts";

const model = (ModelName: string, ModelVersion: string) => ({ ModelName, ModelVersion });

describe("modelId", () => {
  it.for([
    [model("Kling", "2.5"), "kling-2.5"],
    [model("Vidu", "q2-pro"), "vidu-q2-pro"],
    [model("Hailuo", "H3-Max"), "hailuo-h3-max"],
    [model("OG", "image2_low"), "og-image2_low"],
  ] as const)("%o is %s", ([named, id], { expect }) => {
    expect(modelId(named)).toBe(id);
  });

  it("is read back for every entry, whichever list is looked in first", ({ expect }) => {
    for (const { name, version } of catalogueModels()) {
      const named = model(name, version);
      expect(parseModelName(modelId(named), "video")).toEqual(named);
      expect(parseModelName(modelId(named), "image")).toEqual(named);
      expect(parseModelName(`${name}/${version}`, "video")).toEqual(named);
    }
  });
});

describe("parseModelName", () => {
  it.for([
    ["kling-3.0-omni", "video", model("Kling", "3.0-Omni")],
    ["KLING-O1", "video", model("Kling", "O1")],
    [" vidu/Q2-PRO ", "video", model("Vidu", "q2-pro")],
    ["pixverse-V6", "video", model("PixVerse", "v6")],
    // Each medium has its own Jimeng and Hunyuan.
    ["jimeng-4.0", "video", model("Jimeng", "4.0")],
    ["hunyuan-1.5", "image", model("Hunyuan", "1.5")],
    // What is not known is left to the policy.
    ["kling-9.9", "video", model("Kling", "9.9")],
    ["kling/Next", "video", model("Kling", "Next")],
    ["Sora/3", "video", model("Sora", "3")],
  ] as const)("reads %s (%s)", ([text, media, expected], { expect }) => {
    expect(parseModelName(text, media)).toEqual(expected);
  });

  it.for(["", "kling", "kling-", "-2.5", "/", "kling/", "/2.5", "a/b/c", "sora-2", "viduq3p-720p"])(
    "finds no model in %j",
    (text, { expect }) => {
      expect(parseModelName(text, "video")).toBeUndefined();
    },
  );
});
