import { type VendorRequest, vendorRequest } from "../../vod/requests.ts";
import type { Locate } from "../model-check.ts";
import type { Generation } from "./generation.ts";
import type { Place } from "./given.ts";
import type { Image } from "./images.ts";

/** The vendor's request: from text, a first frame, first and last frame, or reference images. */
export function toVendorRequest(generation: Generation): VendorRequest {
  const { model, durationSeconds, resolution, aspectRatio, negativePrompt, audio, seed, bgm, offPeak } = generation;
  const files = filesOf(generation);
  const lastFrameUrl = lastFrameUrlOf(generation);
  return vendorRequest.parse({
    ModelName: model.name,
    ModelVersion: model.version,
    Prompt: generation.prompt,
    ...(negativePrompt && { NegativePrompt: negativePrompt.value }),
    ...(files.length > 0 && { FileInfos: files.map(({ info }) => info) }),
    ...(lastFrameUrl && { LastFrameUrl: lastFrameUrl }),
    ...(seed && { Seed: seed.value }),
    OutputConfig: {
      StorageMode: "Temporary",
      ...(resolution && { Resolution: resolution.value }),
      ...(durationSeconds && { Duration: durationSeconds.value }),
      ...(aspectRatio && { AspectRatio: aspectRatio.value }),
      ...(audio && { AudioGeneration: toggle(audio.value) }),
      ...(bgm && { EnableBGM: toggle(bgm.value) }),
      ...(offPeak && { OffPeak: toggle(offPeak.value) }),
    },
  });
}

/** Where this client wrote, or would write, what the vendor's request holds at a place. */
export function locateIn(generation: Generation): Locate {
  const { model, firstFrame, lastFrame, durationSeconds, resolution, aspectRatio, audio, seed, bgm, offPeak } =
    generation;
  const files = filesOf(generation);
  const output: Record<string, Place> = {
    Duration: durationSeconds?.place ?? ["duration"],
    Resolution: resolution?.place ?? ["size"],
    AspectRatio: aspectRatio?.place ?? ["aspect_ratio"],
    AudioGeneration: audio?.place ?? ["extra_body", "audio"],
    EnableBGM: bgm?.place ?? ["extra_body", "bgm"],
    OffPeak: offPeak?.place ?? ["extra_body", "off_peak"],
  };
  const top: Record<string, Place> = {
    Prompt: ["prompt"],
    NegativePrompt: generation.negativePrompt?.place ?? ["negative_prompt"],
    Seed: seed?.place ?? ["extra_body", "seed"],
    LastFrameUrl: lastFrame?.place ?? ["last_image"],
    FileInfos: firstFrame?.place ?? files[0]?.place.slice(0, 1) ?? [model.sold?.mix ? "reference_image_urls" : "image"],
  };
  return ([member = "", step]) => {
    const file = member === "FileInfos" && typeof step === "number" ? files[step]?.place : undefined;
    const place = member === "OutputConfig" ? output[step ?? ""] : (file ?? top[member]);
    // Of all else the model's name decides, because this dialect has no word for it.
    return ["body", ...(place ?? ["model"])];
  };
}

/** A URL goes into the member that every model with a last frame has always had; only FileInfos can carry Base64. */
function lastFrameUrlOf({ lastFrame }: Generation): string | undefined {
  return lastFrame?.source.Type === "Url" ? lastFrame.source.Url : undefined;
}

function filesOf({ firstFrame, lastFrame, references }: Generation) {
  return [
    ...references.map((image) => file(image, "Reference")),
    ...(firstFrame ? [file(firstFrame, "FirstFrame")] : []),
    ...(lastFrame?.source.Type === "Base64" ? [file(lastFrame, "LastFrame")] : []),
  ];
}

const file = ({ source, place }: Image, usage: "FirstFrame" | "LastFrame" | "Reference") => ({
  info: { ...source, Category: "Image", Usage: usage },
  place,
});

function toggle(on: boolean): "Enabled" | "Disabled" {
  return on ? "Enabled" : "Disabled";
}
