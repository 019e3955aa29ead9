/* What pollers are shown of a request: no file, and never more than some kilobytes. */
import * as fc from "fast-check";
import { describe, it } from "vitest";
import { sha256Hex } from "../../src/signing/encoding.ts";
import { vendorRequest } from "../../src/vod/requests.ts";
import { SHOWN_MAX_BYTES, shownRequest } from "../../src/vod/shown-request.ts";

const CAR = { ModelName: "Kling", ModelVersion: "1.6", Prompt: "a car" };
const shown = async (request: object) => JSON.parse(await shownRequest(vendorRequest.parse(request))) as object;

describe("a request as it is shown", () => {
  it("has length and SHA-256 of each file's text in its place, and all else", async ({ expect }) => {
    const file = "QUJD".repeat(700_000);
    const FileInfos = [
      { Type: "Base64", Base64: file, Usage: "FirstFrame" },
      { Type: "Url", Url: "https://a.test/" },
      { Type: "Base64", Base64: "QQ==" },
    ];
    expect(await shown({ ...CAR, FileInfos, Novelty: { Base64: "QUJD" } })).toEqual({
      ...CAR,
      FileInfos: [
        { Type: "Base64", Base64Length: file.length, Base64Sha256: await sha256Hex(file), Usage: "FirstFrame" },
        FileInfos[1],
        { Type: "Base64", Base64Length: 4, Base64Sha256: await sha256Hex("QQ==") },
      ],
      Novelty: { Base64Length: 4, Base64Sha256: await sha256Hex("QUJD") },
    });
  });

  it("has those of its longest texts where it would be too long, whatever they are made of", async ({ expect }) => {
    for (const unit of ["x", "汽", "🚗", "a🚗"]) {
      const ExtInfo = unit.repeat(300_000);
      expect(await shown({ ...CAR, ExtInfo })).toEqual({
        ...CAR,
        ExtInfoLength: ExtInfo.length,
        ExtInfoSha256: await sha256Hex(ExtInfo),
      });
    }
  });

  it("has the model's name when there is too much of everything", async ({ expect }) => {
    const SubjectInfos = Array.from({ length: 200 }, () => ({ Name: "x".repeat(900) }));
    expect(await shown({ ...CAR, SubjectInfos })).toEqual({ ModelName: "Kling", ModelVersion: "1.6" });
  });

  it("is never longer than its limit", async ({ expect }) => {
    const text = fc
      .tuple(fc.constantFrom("x", "汽", '"', "\\"), fc.nat({ max: 9_000 }))
      .map(([unit, n]) => unit.repeat(n));
    const file = fc.record({ Base64: text, Url: text, Text: text }, { requiredKeys: [] });
    const request = fc.record({ Prompt: text, ExtInfo: text, FileInfos: fc.array(file, { maxLength: 20 }) });
    await fc.assert(
      fc.asyncProperty(request, async (members) => {
        const json = await shownRequest(vendorRequest.parse({ ...CAR, ...members }));
        expect(new TextEncoder().encode(json).byteLength).toBeLessThanOrEqual(SHOWN_MAX_BYTES);
        expect(json).not.toContain('"Base64"');
      }),
      { numRuns: 30 },
    );
  });
});
