import { type VendorRequest, vendorRequest } from "../../vod/requests.ts";
import { parseModel } from "./models.ts";
import type { GenerationBody } from "./schema.ts";

const DATA_URL = /^data:[^,]*;base64,(.*)$/s;

/** The vendor's request for a seed 003 body: text, first frame, first and last frame, or reference images. */
export function toVendorRequest(body: GenerationBody): VendorRequest {
  const model = parseModel(body.model);
  if (!model) throw new Error("The schema lets no unknown model through.");
  const files = body.reference_image_urls?.map((url) => file(url, "Reference")) ?? [];
  if (body.image) files.push(file(body.image, "FirstFrame"));
  // A URL goes into the member that every model with a last frame has always had; only FileInfos can carry Base64.
  const lastFrame = body.last_image && !DATA_URL.test(body.last_image) ? body.last_image : undefined;
  if (body.last_image && !lastFrame) files.push(file(body.last_image, "LastFrame"));
  const { audio, seed, bgm } = body.extra_body ?? {};
  return vendorRequest.parse({
    ModelName: "Vidu",
    ModelVersion: model.version,
    Prompt: body.prompt,
    ...(files.length > 0 && { FileInfos: files }),
    ...(lastFrame && { LastFrameUrl: lastFrame }),
    ...(seed != null && { Seed: seed }),
    OutputConfig: {
      StorageMode: "Temporary",
      Resolution: model.resolution,
      ...(body.duration != null && { Duration: body.duration }),
      ...(body.aspect_ratio && { AspectRatio: body.aspect_ratio }),
      ...(audio != null && { AudioGeneration: toggle(audio) }),
      ...(bgm != null && { EnableBGM: toggle(bgm) }),
      ...(model.offPeak && { OffPeak: "Enabled" }),
    },
  });
}

function toggle(on: boolean): "Enabled" | "Disabled" {
  return on ? "Enabled" : "Disabled";
}

function file(url: string, usage: "FirstFrame" | "LastFrame" | "Reference") {
  const base64 = DATA_URL.exec(url)?.[1];
  const content = base64 === undefined ? { Type: "Url", Url: url } : { Type: "Base64", Base64: base64 };
  return { ...content, Category: "Image", Usage: usage };
}
