import { parseModelName } from "../../vod/catalogue/index.ts";

export const DEFAULT_MODEL = "sora-2";

/** Names as OpenAI's clients have them, with and without the date of a snapshot. */
const SORA = /^sora-2(-pro)?(-\d{4}-\d{2}-\d{2})?$/;

/**
 * The vendor lists `OS` without saying whose it is. That it is Sora is our inference: it makes 4, 8 or 12 seconds, as no
 * other model does and Sora 2 did (docs/decisions/0018-openai-models.md). It has no second version for `-pro`.
 */
const SORA_AT_VENDOR = { ModelName: "OS", ModelVersion: "2.0" };

/** What OpenAI documents for a request that says nothing of it. */
export const SORA_DEFAULTS = { seconds: 4, size: "720x1280" };

export type NamedModel = { ModelName: string; ModelVersion: string; sora: boolean };

/** OpenAI's own names, else those of the catalogue; undefined for a name that is neither. */
export function namedModel(name: string): NamedModel | undefined {
  if (SORA.test(name)) return { ...SORA_AT_VENDOR, sora: true };
  const model = parseModelName(name, "video");
  return model && { ...model, sora: false };
}
