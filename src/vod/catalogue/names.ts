import { allModels } from "./models.ts";
import type { Media } from "./types.ts";

type ModelRef = { ModelName: string; ModelVersion: string };

/** The public style name of a model: `kling-2.5`, `vidu-q2-pro`. {@link parseModelName} reads it back. */
export function modelId(model: ModelRef): string {
  return `${model.ModelName}-${model.ModelVersion}`.toLowerCase();
}

const other = (media: Media): Media => (media === "video" ? "image" : "video");

const sameText = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();

/**
 * Reads `kling-2.5`, `vidu-q2-pro` or `Kling/2.5`, in any case. A known model with an unknown version gives the version
 * as it is written; `Name/Version` of an unknown model is taken as it stands. Undefined: there is no model name in it.
 * @param media which list to look in first
 */
export function parseModelName(text: string, media: Media): ModelRef | undefined {
  const [, literalName, literalVersion] = /^([^/]+)\/([^/]+)$/.exec(text.trim()) ?? [];
  if (literalName !== undefined && literalVersion !== undefined) {
    return knownModel(literalName, literalVersion, media) ?? { ModelName: literalName, ModelVersion: literalVersion };
  }
  const [, name, version] = /^([^/-]+)-([^/]+)$/.exec(text.trim()) ?? [];
  return name !== undefined && version !== undefined ? knownModel(name, version, media) : undefined;
}

/** In the vendor's spelling: the model of this medium, else of the other one, else the name with the version as given. */
function knownModel(name: string, version: string, media: Media): ModelRef | undefined {
  const ofName = [media, other(media)].flatMap((medium) =>
    allModels().filter((model) => model.media === medium && sameText(model.name, name)),
  );
  const exact = ofName.find((model) => sameText(model.version, version));
  if (exact) return { ModelName: exact.name, ModelVersion: exact.version };
  const [first] = ofName;
  return first && { ModelName: first.name, ModelVersion: version };
}
