import type { CreateAction, VendorRequest } from "../../vod/requests.ts";

/** The models that the AIGC documents (seeds 000 and 001) speak of when they say that sound is on unless it is switched off. */
const SOUND_BY_DEFAULT: ReadonlySet<string> = new Set(["GV", "OS"]);

/**
 * The request with what the AIGC documents promise for members that are left out, where the vendor does otherwise: it
 * makes silent videos.
 */
export function withSeedDefaults(action: CreateAction, request: VendorRequest): VendorRequest {
  const { ModelName, OutputConfig } = request;
  const silent = action === "CreateAigcVideoTask" && SOUND_BY_DEFAULT.has(ModelName);
  if (!silent || OutputConfig?.AudioGeneration !== undefined) return request;
  return { ...request, OutputConfig: { ...OutputConfig, AudioGeneration: "Enabled" } };
}
