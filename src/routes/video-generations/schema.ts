import * as z from "zod";
import { integer, numeric, optional } from "../../http/fields.ts";
import { parseModel } from "./models.ts";

const DURATION_MIN_SECONDS = 1;
const DURATION_MAX_SECONDS = 16;

const text = z.string();
const optionalText = text.nullish().transform((value) => value || undefined);

const outOfRange = { error: `Use ${DURATION_MIN_SECONDS} to ${DURATION_MAX_SECONDS} seconds.` };

/** Seed 003. Its table marks every field as required; its examples show that only these two are. */
export const generationBody = z
  .looseObject({
    model: text.refine((name) => parseModel(name) !== undefined, {
      error: "Use viduq3p or viduq3t, then -540p, -720p or -1080p; -mix and -offpeak may be added.",
    }),
    prompt: text.min(1, { error: "This field is required." }),
    image: optionalText,
    last_image: optionalText,
    reference_image_urls: z.array(text.min(1)).nullish(),
    aspect_ratio: optionalText,
    duration: optional(
      numeric.pipe(z.number().min(DURATION_MIN_SECONDS, outOfRange).max(DURATION_MAX_SECONDS, outOfRange)),
    ),
    extra_body: z
      .looseObject({
        audio: z.boolean().nullish(),
        seed: optional(integer),
        bgm: z.boolean().nullish(),
      })
      .nullish(),
  })
  .superRefine((body, context) => {
    const mix = parseModel(body.model)?.mix ?? false;
    const references = body.reference_image_urls?.length ?? 0;
    const problem = (field: string, message: string) => context.addIssue({ code: "custom", path: [field], message });
    if (body.last_image && !body.image) problem("last_image", "A last frame needs a first frame: send image too.");
    if (references > 0 && !mix)
      problem("reference_image_urls", "Reference images need a -mix model, e.g. viduq3p-mix-720p.");
    if (references > 0 && body.image) problem("image", "Use either image or reference_image_urls.");
    if (mix && references === 0) problem("reference_image_urls", "A -mix model works from reference images only.");
  });

export type GenerationBody = z.infer<typeof generationBody>;
