import * as z from "zod";
import { isShallow, MAX_JSON_DEPTH } from "../../http/body.ts";

/**
 * The AIGC dialect's request (seeds 000–002, and every newer vendor field of tencent-vod facts §1). Both spellings of
 * types found in the seeds are taken: numbers as strings, one file or a list, `ext_info` as text or object.
 */

const SESSION_ID_MAX_CHARACTERS = 50;
const SESSION_CONTEXT_MAX_CHARACTERS = 1_000;
const MEDIA_NAME_MAX_CHARACTERS = 64;

const text = z.string();

/** Characters as people and the vendor count them, not UTF-16 units. */
const atMost = (max: number) =>
  text.refine((value) => Array.from(value).length <= max, { error: `Use at most ${max} characters.` });

/** `""` reads as "not given", as everywhere in the vendor's API. */
const oneOf = <const Words extends readonly [string, ...string[]]>(...words: Words) =>
  z.enum([...words, ""], { error: `Use one of: ${words.join(", ")}.` });
const toggle = oneOf("Enabled", "Disabled").optional();

const numeric = z
  .union([z.number(), text.regex(/^\s*[+-]?\d+(\.\d+)?\s*$/)], { error: "Use a number." })
  .transform(Number);
const integer = numeric.pipe(z.number().int({ error: "Use a whole number." }));

/** Members nobody has told us about go to the vendor as they are, if they are written like the others. */
const open = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.looseObject(shape).superRefine((value, context) => {
    for (const name of Object.keys(value)) {
      if (/^[a-z][a-z0-9_]*$/.test(name)) continue;
      context.addIssue({ code: "custom", path: [name], message: "Write field names in snake_case." });
    }
  });

const FILE_TYPES: Record<string, string> = { file: "File", url: "Url", base64: "Base64" };

const fileInfo = open({
  type: text.transform((type) => FILE_TYPES[type.toLowerCase()] ?? type).optional(),
  category: text.optional(),
  file_id: text.optional(),
  url: text.optional(),
  base64: text.optional(),
  reference_type: text.optional(),
  object_id: text.optional(),
  voice_id: text.optional(),
  keep_original_sound: toggle,
  usage: text.optional(),
  text: text.optional(),
});

const subjectInfo = open({
  id: text.optional(),
  name: text.optional(),
  voice_id: text.optional(),
  image_urls: z.array(text).optional(),
  video_urls: z.array(text).optional(),
});

/** One object where a list is meant, as in seed 002's schema. */
const listOf = <Item extends z.ZodType>(item: Item) =>
  z.preprocess((value) => (value === undefined || Array.isArray(value) ? value : [value]), z.array(item).optional());

const outputConfig = open({
  storage_mode: oneOf("Permanent", "Temporary").optional(),
  media_name: atMost(MEDIA_NAME_MAX_CHARACTERS).optional(),
  class_id: integer.optional(),
  expire_time: text.optional(),
  duration: numeric.optional(),
  resolution: text.optional(),
  aspect_ratio: text.optional(),
  audio_generation: toggle,
  person_generation: oneOf("AllowAdult", "Disallowed").optional(),
  input_compliance_check: toggle,
  output_compliance_check: toggle,
  enhance_switch: toggle,
  off_peak: toggle,
  frame_interpolate: toggle,
  logo_add: toggle,
  enable_bgm: toggle,
  output_image_count: integer.optional(),
  output_format: text.optional(),
});

/** Set by the gateway; a client's value would be lost without a word. */
const reserved = z.undefined({ error: "The gateway sets this itself." }).optional();

export const submitBody = open({
  model_name: text.min(1, { error: "This field is required." }),
  model_version: text.min(1, { error: "This field is required." }),
  prompt: text,
  negative_prompt: text.optional(),
  enhance_prompt: toggle,
  file_infos: listOf(fileInfo),
  subject_infos: listOf(subjectInfo),
  last_frame_file_id: text.optional(),
  last_frame_url: text.optional(),
  output_config: outputConfig.optional(),
  input_region: text.optional(),
  scene_type: text.optional(),
  procedure: text.optional(),
  seed: integer.optional(),
  session_id: atMost(SESSION_ID_MAX_CHARACTERS).optional(),
  session_context: atMost(SESSION_CONTEXT_MAX_CHARACTERS).optional(),
  tasks_priority: integer
    .pipe(z.number().min(-10, { error: "Use -10 to 10." }).max(10, { error: "Use -10 to 10." }))
    .optional(),
  ext_info: z
    .union([text, z.record(text, z.unknown())], { error: "Use a JSON object, or a string that holds one." })
    .optional(),
  sub_app_id: reserved,
})
  .refine(isShallow, { error: `Nest at most ${MAX_JSON_DEPTH} levels.` })
  .superRefine((body, context) => {
    // The vendor takes an empty prompt only where something else says what to make (tencent-vod facts §1.1).
    if (body.prompt !== "" || body.file_infos?.length || body.subject_infos?.length || body.scene_type) return;
    const message = "This field is required (it may be empty only with file_infos, subject_infos or scene_type).";
    context.addIssue({ code: "custom", path: ["prompt"], message });
  });

export type SubmitBody = z.infer<typeof submitBody>;
