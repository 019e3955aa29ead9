import type { Context } from "hono";
import { ApiError } from "../../http/api-error.ts";
import type { AppEnv } from "../../http/app-env.ts";
import { type FormField, readForm } from "../../http/form.ts";
import { formType, isJson } from "../../http/media-type.ts";
import { rejectInvalid } from "../../http/problems.ts";
import { dataUrlOf } from "./input-reference.ts";

const FILE_FIELD = "input_reference";

/** `input_reference[image_url]`, as the clients write an object's members in a form. */
const MEMBER = /^([^[\]]+)\[([^[\]]+)\]$/;

/**
 * The body as JSON would hold it, whichever way the client sent it: OpenAI's own send every create as a form. A file
 * becomes a `data:` URL.
 * @throws {ApiError} for another content type, and for what cannot be read
 */
export async function readBody(c: Context<AppEnv>): Promise<unknown> {
  const contentType = c.req.header("content-type");
  if (isJson(contentType)) {
    return c.req.json().catch(() => {
      throw new ApiError("malformed_json", "The request body is not valid JSON.");
    });
  }
  const type = formType(contentType);
  if (!type)
    throw new ApiError("unsupported_media_type", "Send multipart/form-data or JSON, and say so in content-type.");
  return objectOf(await readForm(await c.req.arrayBuffer(), type));
}

/** Fields as members, and those written like members of one as an object's. Each is put in its place once. */
async function objectOf(fields: readonly FormField[]): Promise<Record<string, unknown>> {
  const body = new Map<string, unknown>();
  for (const { name, value } of fields) {
    const [, outer, inner] = MEMBER.exec(name) ?? [];
    // A file in any other place is left for the schema to refuse.
    const content = typeof value !== "string" && name === FILE_FIELD ? await dataUrlOf(value) : value;
    const members = outer === undefined ? body : membersOf(body, outer);
    const place = inner ?? name;
    if (members.has(place)) refuseTwice(name);
    members.set(place, content);
  }
  return Object.fromEntries(
    Array.from(body, ([name, value]) => [name, value instanceof Map ? objectFrom(value) : value]),
  );
}

function membersOf(body: Map<string, unknown>, name: string): Map<string, unknown> {
  const known = body.get(name);
  if (known instanceof Map) return known as Map<string, unknown>;
  if (body.has(name)) refuseTwice(name);
  const members = new Map<string, unknown>();
  body.set(name, members);
  return members;
}

const objectFrom = (members: Map<string, unknown>) => Object.fromEntries(members);

function refuseTwice(name: string): never {
  return rejectInvalid([{ loc: ["body", name], msg: "Send this field once.", type: "value_error" }]);
}
