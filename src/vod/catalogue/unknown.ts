import type { VendorRequest } from "../requests.ts";
import { alternatives, shown } from "./messages.ts";
import { allModels } from "./models.ts";
import { sourcesOf, TEXT } from "./sources.ts";
import type { Finding, Media } from "./types.ts";
import { guess } from "./values.ts";

/** Says of a name or version that the catalogue does not have for this medium which one was probably meant. */
export function unknownModel(media: Media, { ModelName, ModelVersion }: VendorRequest): Finding {
  const models = allModels().filter((model) => model.media === media);
  const ofName = models.filter(({ name }) => name === ModelName);
  if (ofName.length === 0) {
    const names = [...new Set(models.map(({ name }) => name))];
    const other = allModels().some(({ name }) => name === ModelName);
    const message = other
      ? `${shown(ModelName)} is not known to make ${media}s.`
      : `No model named ${shown(ModelName)} is known.`;
    return finding("unknown_model", "ModelName", message, names, ModelName);
  }
  const versions = ofName.map(({ version }) => version);
  const message = `${ModelName} makes ${media}s in the versions ${alternatives(versions)}; ${shown(ModelVersion)} is not known.`;
  return finding("unknown_version", "ModelVersion", message, versions, ModelVersion);
}

function finding(
  kind: "unknown_model" | "unknown_version",
  field: string,
  message: string,
  known: readonly string[],
  written: string,
): Finding {
  const nearest = guess(known, written);
  return {
    kind,
    path: [field],
    message,
    allowed: known,
    ...(nearest !== undefined && { nearest }),
    sources: sourcesOf(TEXT),
  };
}
