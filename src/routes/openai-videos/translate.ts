import type { Problem } from "../../http/api-error.ts";
import { rejectInvalid } from "../../http/problems.ts";
import { type VendorRequest, vendorRequest } from "../../vod/requests.ts";
import { locateSnakeCase, type Locate } from "../model-check.ts";
import { parseSize, type VideoSize } from "../video-size.ts";
import { firstFrameOf } from "./input-reference.ts";
import { namedModel, SORA_DEFAULTS } from "./models.ts";
import type { CreateBody } from "./schema.ts";

/** The vendor's request for a new video. @throws {ApiError} for a model, size or reference that means nothing */
export function toVendorRequest(body: CreateBody): VendorRequest {
  const model = namedModel(body.model);
  if (!model) {
    const msg = `There is no video model ${JSON.stringify(body.model)}. Use sora-2, or a name that GET /v1/models lists.`;
    return rejectInvalid([{ loc: ["body", "model"], msg, type: "unknown_model" }]);
  }
  const frame = body.input_reference ? firstFrameOf(body.input_reference) : undefined;
  const seconds = body.seconds ?? (model.sora ? SORA_DEFAULTS.seconds : undefined);
  // An image has a shape of its own: only a wish that was spoken out may go against it.
  const size = body.size ?? (model.sora && !frame ? SORA_DEFAULTS.size : undefined);
  const output = size === undefined ? undefined : sizeOf(size);
  return vendorRequest.parse({
    ModelName: model.ModelName,
    ModelVersion: model.ModelVersion,
    Prompt: body.prompt,
    ...(frame && { FileInfos: [frame] }),
    OutputConfig: {
      StorageMode: "Temporary",
      ...(seconds !== undefined && { Duration: seconds }),
      ...(output && { Resolution: output.resolution, AspectRatio: output.aspectRatio }),
    },
  });
}

function sizeOf(text: string): VideoSize {
  const msg = "Use width x height near a usual resolution and ratio, e.g. 1280x720, 720x1280, 1080x1080, 1920x1080.";
  return parseSize(text) ?? rejectInvalid([{ loc: ["body", "size"], msg, type: "value_error" }]);
}

/** The request of another task with a new prompt. */
export function toRemixRequest(source: VendorRequest, prompt: string): VendorRequest {
  return { ...source, Prompt: prompt };
}

const FIELD_OF_MEMBER = new Map([
  ["ModelName", "model"],
  ["ModelVersion", "model"],
  ["Prompt", "prompt"],
  ["Duration", "seconds"],
  ["Resolution", "size"],
  ["AspectRatio", "size"],
  ["FileInfos", "input_reference"],
]);

/** Where a body of this dialect says what the vendor's request holds at a place. */
export const locate: Locate = (path): Problem["loc"] => {
  const field = path.map((step) => FIELD_OF_MEMBER.get(String(step))).find((name) => name !== undefined);
  return field ? ["body", field] : locateSnakeCase(path);
};
