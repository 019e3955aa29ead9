import type { Context, Next } from "hono";
import { every } from "hono/combine";
import { ApiError } from "./api-error.ts";
import { limitSize } from "./body-size.ts";
import { parseJson, type Place } from "./json.ts";
import { isJson } from "./media-type.ts";
import { rejectInvalid } from "./problems.ts";
import { longerThanVendorTakes, MAX_JSON_BYTES } from "./request-size.ts";
import { isJsonSpecial, TOO_MANY_SPECIAL } from "./special.ts";
import { decodeUtf8 } from "./text.ts";

/**
 * Refuses JSON that is not UTF-8, or beyond the limits of json.ts and special.ts. It is parsed here, and only here: whoever
 * asks for it later gets what was looked at.
 */
export async function checkJson(c: Context, next: Next): Promise<void> {
  if (isJson(c.req.header("content-type"))) {
    const bytes = await c.req.arrayBuffer();
    // Bytes replaced by U+FFFD would make two different session_ids one.
    const text = decodeUtf8(bytes);
    if (text === undefined) throw new ApiError("malformed_json", "The request body is not UTF-8.");
    if (isJsonSpecial(text, bytes.byteLength)) refuse([], TOO_MANY_SPECIAL);
    let parsed: ReturnType<typeof parseJson>;
    try {
      parsed = parseJson(text);
    } catch (error) {
      if (bytes.byteLength > MAX_JSON_BYTES) throw longerThanVendorTakes();
      // Whoever asks for it says so, each in its own order.
      c.req.json = () => Promise.reject(error);
      return next();
    }
    if ("unfit" in parsed) refuse(parsed.unfit.place, parsed.unfit.msg);
    const { value } = parsed;
    if (bytes.byteLength > MAX_JSON_BYTES) throw longerThanVendorTakes(value);
    c.req.json = <T>() => Promise.resolve(value as T);
  }
  return next();
}

/** A body without a type is taken for JSON, which is all that most clients who leave it out can mean. */
export async function assumeJson(c: Context, next: Next): Promise<void> {
  if (!c.req.header("content-type") && c.req.raw.body) {
    const body = await c.req.arrayBuffer();
    const { url, method } = c.req.raw;
    const headers = new Headers(c.req.raw.headers);
    headers.set("content-type", "application/json");
    if (body.byteLength > 0) c.req.raw = new Request(url, { method, headers, body });
  }
  return next();
}

/** Refuses what no field can make good, before anything is made of it. */
export const limitBody = every(limitSize, assumeJson, checkJson);

function refuse(place: Place, msg: string): never {
  return rejectInvalid([{ loc: ["body", ...place], msg, type: "value_error" }]);
}
