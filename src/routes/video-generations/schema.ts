import * as z from "zod";
import { integer, numeric, optional } from "../../http/fields.ts";
import { isStorable, UNSTORABLE } from "../../http/text.ts";
import { atMost, formatText, MODEL_MAX_CHARACTERS } from "../vendor-fields.ts";
import { readModel } from "./models.ts";

/**
 * The request of seed 003, and what clients of the same path at new-api's relatives send: `images`, `size`, `seconds`,
 * `input_reference`, `metadata`. Unknown members are kept here for `readGeneration` to refuse by name.
 */

const text = z.string();
/** Checked here too: in `metadata` as text, escapes have not been looked at with the body. */
const optionalOf = (field: z.ZodType<string>) =>
  field
    .refine(isStorable, { error: UNSTORABLE })
    .nullish()
    .transform((value) => value || undefined);
const optionalText = optionalOf(text);
const toggle = z.boolean({ error: "Use true or false." }).nullish();
const image = text.nullish().transform((value) => value?.trim() || undefined);

/** Read at the top, where OpenAI's clients put what they call `extra_body`, in `extra_body`, and in `metadata`. */
export const OPTIONS = {
  duration: optional(numeric),
  resolution: optionalOf(formatText).transform((value) => value?.toUpperCase()),
  aspect_ratio: optionalOf(formatText),
  negative_prompt: optionalText,
  audio: toggle,
  seed: optional(integer),
  bgm: toggle,
  off_peak: toggle,
};

const options = z.looseObject(OPTIONS);

const OBJECT_OR_TEXT = "Use a JSON object, or a string that holds one.";

const jsonObject = text.transform((value, context) => {
  try {
    return JSON.parse(value) as unknown;
  } catch {
    context.addIssue({ code: "custom", message: OBJECT_OR_TEXT });
    return z.NEVER;
  }
});

/** Only what happens anyway: says it, and changes nothing. */
const only = <Value extends string | number>(value: Value, message: string) =>
  z.literal(value, { error: message }).nullish();

export const BODY = {
  model: atMost(MODEL_MAX_CHARACTERS).refine((name) => readModel(name) !== undefined, {
    error:
      "Use viduq3p or viduq3t, then -540p, -720p or -1080p (-mix and -offpeak may be added), a name that GET /v1/models lists, or ModelName/ModelVersion.",
  }),
  prompt: text.min(1, { error: "This field is required." }),
  image,
  input_reference: image,
  images: z.array(text.trim()).nullish(),
  last_image: image,
  reference_image_urls: z.array(text.trim()).nullish(),
  ...OPTIONS,
  seconds: optional(numeric),
  size: optionalText,
  width: optional(integer),
  height: optional(integer),
  extra_body: options.nullish(),
  metadata: z
    .union([options, z.literal("").transform(() => undefined), jsonObject.pipe(options)], { error: OBJECT_OR_TEXT })
    .nullish(),
  n: only(1, "One request makes one video: leave n out."),
  response_format: only("url", "The answer holds a URL: leave response_format out."),
  /** Whom the client works for; OpenAI's clients send it, and it never has an effect on the video. */
  user: text.nullish(),
};

export const generationBody = z.looseObject(BODY);

export type GenerationBody = z.infer<typeof generationBody>;
export type Options = z.infer<typeof options>;
