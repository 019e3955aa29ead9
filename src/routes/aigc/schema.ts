import * as z from "zod";
import { integer, numeric, optional } from "../../http/fields.ts";
import { startTimeout } from "../../http/queue-limits.ts";
import { toPascal } from "../../vod/names.ts";
import {
  atMost,
  formatText,
  lacksContent,
  MEDIA_NAME_MAX_CHARACTERS,
  modelText,
  SESSION_CONTEXT_MAX_CHARACTERS,
  SESSION_ID_MAX_CHARACTERS,
  tasksPriority,
  versionText,
} from "../vendor-fields.ts";

/**
 * The AIGC dialect's request (seeds 000–002, and every newer vendor field of tencent-vod facts §1). Both spellings of
 * types found in the seeds are taken: numbers as strings, one file or a list, `ext_info` as text or object. `null` and `""`
 * read as "not given", as everywhere in the vendor's API.
 */

const text = z.string();

const oneOf = <const Words extends readonly [string, ...string[]]>(...words: Words) =>
  z.enum([...words, ""], { error: `Use one of: ${words.join(", ")}.` });
const toggle = oneOf("Enabled", "Disabled").nullish();

/**
 * Members nobody has told us about go to the vendor as they are, if they are written like the others and do not become,
 * by another spelling, a member that has been looked at here.
 */
const open = <Shape extends z.ZodRawShape>(shape: Shape) => {
  const known = new Map(Object.keys(shape).map((name) => [toPascal(name), name]));
  return z.looseObject(shape).superRefine((value, context) => {
    for (const name of Object.keys(value)) {
      const meant = known.get(toPascal(name)) ?? name;
      if (!/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(name)) {
        context.addIssue({ code: "custom", path: [name], message: "Write field names in snake_case." });
      } else if (meant !== name) {
        context.addIssue({ code: "custom", path: [name], message: `Write ${meant}.` });
      }
    }
  });
};

const FILE_TYPES = new Map([
  ["file", "File"],
  ["url", "Url"],
  ["base64", "Base64"],
]);

const fileInfo = open({
  type: text.transform((type) => FILE_TYPES.get(type.toLowerCase()) ?? type).nullish(),
  category: text.nullish(),
  file_id: text.nullish(),
  url: text.nullish(),
  base64: text.nullish(),
  reference_type: text.nullish(),
  object_id: text.nullish(),
  voice_id: text.nullish(),
  keep_original_sound: toggle,
  usage: text.nullish(),
  text: text.nullish(),
});

const subjectInfo = open({
  id: text.nullish(),
  name: text.nullish(),
  voice_id: text.nullish(),
  image_urls: z.array(text).nullish(),
  video_urls: z.array(text).nullish(),
});

/** One object where a list is meant, as in seed 002's schema. */
const listOf = <Item extends z.ZodType>(item: Item) =>
  z.union([z.array(item), item.transform((one) => [one])]).nullish();

const outputConfig = open({
  storage_mode: oneOf("Permanent", "Temporary").nullish(),
  media_name: atMost(MEDIA_NAME_MAX_CHARACTERS).nullish(),
  class_id: optional(integer),
  expire_time: text.nullish(),
  duration: optional(numeric),
  resolution: formatText.nullish(),
  aspect_ratio: formatText.nullish(),
  audio_generation: toggle,
  person_generation: oneOf("AllowAdult", "Disallowed").nullish(),
  input_compliance_check: toggle,
  output_compliance_check: toggle,
  enhance_switch: toggle,
  off_peak: toggle,
  frame_interpolate: toggle,
  logo_add: toggle,
  enable_bgm: toggle,
  output_image_count: optional(integer),
  output_format: text.nullish(),
});

export const submitBody = open({
  model_name: modelText,
  model_version: versionText,
  prompt: text,
  negative_prompt: text.nullish(),
  enhance_prompt: toggle,
  file_infos: listOf(fileInfo),
  subject_infos: listOf(subjectInfo),
  last_frame_file_id: text.nullish(),
  last_frame_url: text.nullish(),
  output_config: outputConfig.nullish(),
  input_region: text.nullish(),
  scene_type: text.nullish(),
  procedure: text.nullish(),
  seed: optional(integer),
  session_id: atMost(SESSION_ID_MAX_CHARACTERS).nullish(),
  session_context: atMost(SESSION_CONTEXT_MAX_CHARACTERS).nullish(),
  tasks_priority: optional(tasksPriority),
  start_timeout: optional(startTimeout),
  ext_info: z
    .union([text, z.record(text, z.unknown())], { error: "Use a JSON object, or a string that holds one." })
    .nullish(),
}).superRefine((body, context) => {
  if (body.sub_app_id !== undefined) {
    context.addIssue({ code: "custom", path: ["sub_app_id"], message: "The gateway sets this itself." });
  }
  if (lacksContent(body.prompt, [body.file_infos, body.subject_infos, body.scene_type])) {
    const message = "This field is required (it may be empty only with file_infos, subject_infos or scene_type).";
    context.addIssue({ code: "custom", path: ["prompt"], message });
  }
});

export type SubmitBody = z.infer<typeof submitBody>;
