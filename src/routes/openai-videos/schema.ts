import * as z from "zod";
import type { Problem } from "../../http/api-error.ts";
import { numeric, optional } from "../../http/fields.ts";
import { problemsOf, rejectInvalid } from "../../http/problems.ts";
import { atMost, MODEL_MAX_CHARACTERS } from "../vendor-fields.ts";
import { DEFAULT_MODEL } from "./models.ts";

const prompt = z.string().min(1, { error: "This field is required." });

/** What OpenAI documents elsewhere and clients send by habit; it has no effect. */
const ignored = z.unknown().optional();

/** Of thousands that a request may hold. */
const STRANGERS_NAMED_MAX = 3;

const onlyThese: { error: z.core.$ZodErrorMap } = {
  error: (issue) => {
    if (issue.code !== "unrecognized_keys") return undefined;
    const strangers = issue.keys.slice(0, STRANGERS_NAMED_MAX).map((name) => JSON.stringify(name));
    return `Use image_url or file_id, and nothing else: not ${strangers.join(", ")}.`;
  },
};

/** The request of `POST /v1/videos`, as JSON or brought into JSON's shape from a form. */
export const createBody = z.object({
  model: optional(atMost(MODEL_MAX_CHARACTERS)).transform((name) => name ?? DEFAULT_MODEL),
  prompt,
  seconds: optional(numeric.pipe(z.number().positive({ error: "Use a number of seconds above 0." }))),
  size: optional(z.string()),
  /** A URL, a `data:` URL, or one of them in the client's object. */
  input_reference: optional(
    z.union(
      [z.string(), z.strictObject({ image_url: optional(z.string()), file_id: optional(z.string()) }, onlyThese)],
      {
        error: "Use a file, a URL, or an object with image_url.",
      },
    ),
  ),
  n: optional(numeric.refine((count) => count === 1, { error: "One request makes one video." })),
  user: ignored,
  metadata: ignored,
});

export type CreateBody = z.output<typeof createBody>;

export const remixBody = z.object({ prompt });

/** For the description of the API: the same as a form. */
export const createForm = createBody.extend({ input_reference: z.unknown().optional() });

/**
 * Checks a body against its schema; a member that the schema does not name is an error, because the client believes in an
 * effect it would not have.
 * @throws {ApiError} `validation_error`
 */
export function parseBody<Shape extends z.ZodRawShape>(schema: z.ZodObject<Shape>, body: unknown) {
  const unknown = body !== null && typeof body === "object" && !Array.isArray(body) ? Object.keys(body) : [];
  const problems: Problem[] = unknown
    .filter((name) => !(name in schema.shape))
    .map((name) => ({
      loc: ["body", name],
      msg: `There is no parameter ${JSON.stringify(name)} here.`,
      type: "unknown_parameter",
    }));
  const parsed = schema.safeParse(body);
  if (!parsed.success) problems.push(...problemsOf(parsed.error, "body"));
  if (problems.length > 0 || !parsed.success) return rejectInvalid(problems);
  return parsed.data;
}
