import type { Context } from "hono";
import { ApiError, type Problem } from "../../http/api-error.ts";
import type { AppEnv } from "../../http/app-env.ts";
import { MAX_NAME_CHARACTERS } from "../../http/body.ts";
import { rejectInvalid } from "../../http/problems.ts";
import { isStorable, UNSTORABLE } from "../../http/text.ts";
import { dataUrlOf } from "./input-reference.ts";

const FORM_TYPE = /^(multipart\/form-data|application\/x-www-form-urlencoded)\b/i;
const JSON_TYPE = /^application\/([\w.-]+\+)?json\b/i;

const FILE_FIELD = "input_reference";

/** `input_reference[image_url]`, as the clients write an object's members in a form. */
const MEMBER = /^([^[\]]+)\[([^[\]]+)\]$/;

/**
 * The body as JSON would hold it, whichever way the client sent it: OpenAI's own send every create as a form. A file
 * becomes a `data:` URL.
 * @throws {ApiError} for another content type, and for what cannot be read
 */
export async function readBody(c: Context<AppEnv>): Promise<unknown> {
  const contentType = c.req.header("content-type") ?? "";
  if (JSON_TYPE.test(contentType)) {
    return c.req.json().catch(() => {
      throw new ApiError("malformed_json", "The request body is not valid JSON.");
    });
  }
  if (!FORM_TYPE.test(contentType)) {
    throw new ApiError("unsupported_media_type", "Send multipart/form-data or JSON, and say so in content-type.");
  }
  let form: FormData;
  try {
    form = await c.req.formData();
  } catch {
    throw new ApiError("bad_request", "The request body is not a well-formed form.");
  }
  return objectOf(form);
}

async function objectOf(form: FormData): Promise<Record<string, unknown>> {
  const body = new Map<string, unknown>();
  for (const [name, value] of form.entries()) {
    checkField(name, value);
    const [, outer, inner] = MEMBER.exec(name) ?? [];
    // A file in any other place is left for the schema to refuse.
    const content = typeof value !== "string" && name === FILE_FIELD ? await dataUrlOf(value) : value;
    if (outer === undefined || inner === undefined) {
      if (body.has(name)) reject(name, "Send this field once.");
      body.set(name, content);
      continue;
    }
    const members = body.get(outer) ?? {};
    if (typeof members !== "object") reject(outer, "Send this field once.");
    body.set(outer, { ...members, [inner]: content });
  }
  return Object.fromEntries(body);
}

/** The same as JSON's texts are held against. */
function checkField(name: string, value: string | File): void {
  if (name.length > MAX_NAME_CHARACTERS) {
    reject(name.slice(0, MAX_NAME_CHARACTERS), `A field's name has at most ${MAX_NAME_CHARACTERS} characters.`);
  }
  if (!isStorable(name)) rejectInvalid([{ loc: ["body"], msg: `A field's name: ${UNSTORABLE}`, type: "value_error" }]);
  if (typeof value === "string" && !isStorable(value)) reject(name, UNSTORABLE);
}

function reject(name: string, msg: string): never {
  const problem: Problem = { loc: ["body", name], msg, type: "value_error" };
  return rejectInvalid([problem]);
}
