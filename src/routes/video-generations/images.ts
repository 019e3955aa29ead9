import { ApiError } from "../../http/api-error.ts";
import { base64FileBytes, FILES_MAX_BYTES } from "../../vod/requests.ts";
import { type Given, given, type Place, type Problems } from "./given.ts";
import { type ImageSource, readImage } from "./image-source.ts";
import type { NamedModel } from "./models.ts";
import type { GenerationBody } from "./schema.ts";

export type Image = { source: ImageSource; place: Place };

/** The images of a request by what they are for. */
export type RoledImages = { firstFrame: Image | undefined; lastFrame: Image | undefined; references: Image[] };

type Written = { first: Given<string> | undefined; last: Given<string> | undefined; references: Given<string>[] };

/** @throws {ApiError} `payload_too_large` for more Base64 than the vendor takes */
export function readImages(body: GenerationBody, model: NamedModel, problems: Problems): RoledImages {
  const written = writtenImages(body, model, problems);
  if (!written) return { firstFrame: undefined, lastFrame: undefined, references: [] };
  checkTogether(written, model, problems);
  const read = (image: Given<string> | undefined): Image | undefined => {
    const source = image && readImage(image.value);
    if (image && !source) problems.add(image.place, "Use an http or https URL, or a data URL with Base64.");
    return source && { source, place: image.place };
  };
  const firstFrame = read(written.first);
  const lastFrame = read(written.last);
  const references = written.references.map(read).filter((image) => image !== undefined);
  checkBase64([firstFrame, lastFrame, ...references]);
  return { firstFrame, lastFrame, references };
}

const list = (texts: string[] | null | undefined, name: string): Given<string>[] =>
  (texts ?? []).map((value, index) => ({ value, place: [name, index] }));

/**
 * Seed 003's `image`, `last_image` and `reference_image_urls`; or new-api's `images`, of which one is a first frame, two
 * are first and last, and more are references. For a -mix model all of them are references.
 */
function writtenImages(body: GenerationBody, model: NamedModel, problems: Problems): Written | undefined {
  const first = problems.one([given(body.image, "image"), given(body.input_reference, "input_reference")]);
  const named = {
    first,
    last: given(body.last_image, "last_image"),
    references: namedReferences(body, model, problems),
  };
  const listed = list(body.images, "images");
  const [one, two, ...more] = listed;
  // Some send their one image under both names.
  if (!one || (!two && one.value === first?.value)) return named;
  if (named.first || named.last || named.references.length > 0) {
    problems.add(["images"], "Use images alone, or image, last_image and reference_image_urls.");
    return undefined;
  }
  if (model.sold?.mix || more.length > 0) return { first: undefined, last: undefined, references: listed };
  return { first: one, last: two, references: [] };
}

/** Seed 003: they have an effect in mix mode only. */
function namedReferences(body: GenerationBody, { sold }: NamedModel, problems: Problems): Given<string>[] {
  const references = list(body.reference_image_urls, "reference_image_urls");
  if (!sold || sold.mix || references.length === 0) return references;
  const msg = "Reference images have an effect with a -mix model only, e.g. viduq3p-mix-720p; they were left out.";
  problems.ignore(["reference_image_urls"], msg);
  return [];
}

/** Seed 003 takes no last frame alone. What each model makes of one kind of image, the catalogue knows. */
function checkTogether({ first, last, references }: Written, { sold }: NamedModel, problems: Problems): void {
  if (sold && last && !first) problems.add(last.place, "A last frame needs a first frame: send image too.");
  if (first && references.length > 0)
    problems.doubt(first.place, "Most models take either a first frame (image) or reference_image_urls.");
}

function checkBase64(images: (Image | undefined)[]): void {
  let bytes = 0;
  for (const image of images) {
    bytes += image?.source.Type === "Base64" ? base64FileBytes(image.source.Base64) : 0;
    if (!image || bytes <= FILES_MAX_BYTES) continue;
    const msg = `The vendor takes images within a request up to 7 MB together (${FILES_MAX_BYTES} bytes, before Base64). Send URLs instead.`;
    throw new ApiError("payload_too_large", `${image.place.join(".")}: ${msg}`, {
      problems: [{ loc: ["body", ...image.place], msg, type: "too_big" }],
    });
  }
}
