import * as z from "zod";
import { integer, numeric, optional } from "../../http/fields.ts";
import { parseJson } from "../../http/json.ts";
import { atMost, formatText, MODEL_MAX_CHARACTERS } from "../vendor-fields.ts";
import { readModel } from "./models.ts";

/**
 * The request of seed 003, and what clients of the same path at new-api's relatives send: `images`, `size`, `seconds`,
 * `input_reference`, `metadata`. Unknown members are kept here for `readGeneration` to speak of by name.
 */

const text = z.string();
const optionalOf = (field: z.ZodType<string>) => field.nullish().transform((value) => value || undefined);
const optionalText = optionalOf(text);
const toggle = z.boolean({ error: "Use true or false." }).nullish();
const image = text.nullish().transform((value) => value?.trim() || undefined);
/** Several times what any model takes: each is looked into. */
const IMAGES_MAX = 100;
const images = z
  .array(text.trim())
  .max(IMAGES_MAX, { error: `Use at most ${IMAGES_MAX} images.` })
  .nullish();

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

/** A body within the body: held to the same limits. */
const jsonObject = text.transform((value, context) => {
  let parsed: ReturnType<typeof parseJson>;
  try {
    parsed = parseJson(value);
  } catch {
    parsed = { unfit: { place: [], msg: OBJECT_OR_TEXT } };
  }
  if ("value" in parsed) return parsed.value;
  context.addIssue({ code: "custom", path: parsed.unfit.place, message: parsed.unfit.msg });
  return z.NEVER;
});

/** What is wrong with a text that holds JSON, or the advice to send some. */
const ofText: z.core.$ZodErrorMap<z.core.$ZodIssueInvalidUnion> = ({ errors }) =>
  errors.flat().find(({ code }) => code === "custom")?.message ?? OBJECT_OR_TEXT;

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
  images,
  last_image: image,
  reference_image_urls: images,
  ...OPTIONS,
  seconds: optional(numeric),
  size: optionalText,
  width: optional(integer),
  height: optional(integer),
  extra_body: options.nullish(),
  metadata: z
    .union([options, z.literal("").transform(() => undefined), jsonObject.pipe(options)], { error: ofText })
    .nullish(),
  n: only(1, "One request makes one video: leave n out."),
  response_format: only("url", "The answer holds a URL: leave response_format out."),
  /** Whom the client works for; OpenAI's clients send it, and it never has an effect on the video. */
  user: text.nullish(),
};

export const generationBody = z.looseObject(BODY);

export type GenerationBody = z.infer<typeof generationBody>;
export type Options = z.infer<typeof options>;
