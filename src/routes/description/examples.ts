import { catalogueModels, checkRequest, type CatalogueModel, type Media, modelId } from "../../vod/catalogue/index.ts";
import { renameMembers, toSnake } from "../../vod/names.ts";
import type { VendorRequest } from "../../vod/requests.ts";

/** An example in OpenAPI's form, by its name. */
export type Examples = Record<string, { summary: string; value: Record<string, unknown> }>;

const PROMPT = { video: "a car on a road in the sun", image: "a cat on a roof" };
const PICTURE = "https://example.com/first.png";

/** Ways of asking, the plainest first; of each family the first that nobody doubts is shown. */
const WAYS: readonly Partial<VendorRequest>[] = [
  {},
  { FileInfos: [{ Type: "Url", Category: "Image", Url: PICTURE, Usage: "FirstFrame" }] },
  { FileInfos: [{ Type: "Url", Category: "Image", Url: PICTURE, Usage: "Reference" }] },
];

const actionOf = (media: Media) => (media === "video" ? "CreateAigcVideoTask" : "CreateAigcImageTask");

function requestOf({ name, version, media, constraints }: CatalogueModel, way: Partial<VendorRequest>): VendorRequest {
  const { durations, resolutions, aspectRatios } = constraints;
  const seconds = media === "video" ? first(durations?.allowed) : undefined;
  const resolution = first(resolutions?.allowed);
  const ratio = way.FileInfos === undefined ? first(aspectRatios?.allowed) : undefined;
  return {
    ModelName: name,
    ModelVersion: version,
    Prompt: PROMPT[media],
    ...way,
    OutputConfig: {
      StorageMode: "Temporary",
      ...(typeof seconds === "number" && { Duration: seconds }),
      ...(typeof resolution === "string" && { Resolution: resolution }),
      ...(typeof ratio === "string" && { AspectRatio: ratio }),
    },
  };
}

function first(allowed: unknown): unknown {
  if (Array.isArray(allowed)) return allowed[0];
  return allowed !== null && typeof allowed === "object" && "min" in allowed ? allowed.min : undefined;
}

/** One request for each family of models that anything is known of; newer versions are preferred. */
export function exampleRequests(media: Media): VendorRequest[] {
  const families = Map.groupBy(
    catalogueModels().filter((model) => model.media === media),
    ({ name }) => name,
  );
  return [...families.values()].flatMap((models) => {
    const newest = models.toSorted((a, b) => standing(a) - standing(b) || b.firstNamed.localeCompare(a.firstNamed));
    const requests = WAYS.flatMap((way) => newest.map((model) => requestOf(model, way)));
    return requests.find((request) => checkRequest(actionOf(media), request).length === 0) ?? [];
  });
}

const standing = (model: CatalogueModel) => ["listed", "formerly_listed", "unlisted"].indexOf(model.standing);

const titleOf = ({ ModelName, ModelVersion }: VendorRequest) => `${ModelName} ${ModelVersion}`;

function named(requests: VendorRequest[], valueOf: (request: VendorRequest) => Record<string, unknown>): Examples {
  return Object.fromEntries(
    requests.map((request) => [
      modelId(request).replaceAll(/[^\w.-]/g, "-"),
      { summary: titleOf(request), value: valueOf(request) },
    ]),
  );
}

/** The vendor's own request, as at `POST /`. */
export const vendorExamples = (media: Media) => named(exampleRequests(media), (request) => ({ ...request }));

export const aigcExamples = (media: Media) =>
  named(exampleRequests(media), (request) => renameMembers(request, toSnake) as Record<string, unknown>);

export const generationExamples = () =>
  named(exampleRequests("video"), (request) => {
    const { Duration, Resolution, AspectRatio } = request.OutputConfig ?? {};
    const [file] = request.FileInfos ?? [];
    return {
      model: modelId(request),
      prompt: request.Prompt,
      ...(file && (file.Usage === "Reference" ? { reference_image_urls: [file.Url] } : { image: file.Url })),
      ...(Duration !== undefined && { duration: Duration }),
      ...(Resolution !== undefined && { resolution: Resolution }),
      ...(AspectRatio !== undefined && { aspect_ratio: AspectRatio }),
    };
  });

/** Of what a first frame or nothing is enough for; this dialect has no references. */
export const openAiExamples = () =>
  named(
    exampleRequests("video").filter(({ FileInfos }) => FileInfos?.[0]?.Usage !== "Reference"),
    (request) => ({
      model: modelId(request),
      prompt: request.Prompt,
      ...(request.FileInfos && { input_reference: { image_url: PICTURE } }),
      ...(request.OutputConfig?.Duration !== undefined && { seconds: String(request.OutputConfig.Duration) }),
    }),
  );
