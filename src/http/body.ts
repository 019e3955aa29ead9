import type { Context, Next } from "hono";
import { bodyLimit } from "hono/body-limit";
import { every } from "hono/combine";
import { ApiError, type Problem } from "./api-error.ts";
import { rejectInvalid } from "./problems.ts";
import { isStorable, UNSTORABLE } from "./text.ts";

/** The vendor takes 10 MB a request. */
export const MAX_BODY_BYTES = 10 * 1024 * 1024;
/** No request has a reason to nest deeper; it bounds every walk over a body. */
export const MAX_JSON_DEPTH = 32;
/** No request has a reason to hold more; it bounds the memory a body takes and the work of looking at its fields. */
export const MAX_JSON_VALUES = 10_000;
/** Names are shown in errors. */
export const MAX_NAME_CHARACTERS = 200;

const JSON_TYPE = /^application\/([\w.-]+\+)?json$/i;

/** Refuses a body that is too long, without reading on. */
export const limitSize = bodyLimit({
  maxSize: MAX_BODY_BYTES,
  onError: async (c) => {
    await swallow(c.req.raw);
    throw new ApiError("payload_too_large", `A request body has at most ${MAX_BODY_BYTES} bytes (10 MB).`);
  },
});

/** Refuses JSON that is not UTF-8, nests too deep or holds too much, text that cannot be stored, numbers beyond all range. */
export async function checkJson(c: Context, next: Next): Promise<void> {
  const mediaType = (c.req.header("content-type") ?? "").split(";")[0]?.trim() ?? "";
  if (JSON_TYPE.test(mediaType)) checkText(decode(await c.req.arrayBuffer()));
  await next();
}

/** Refuses what no field can make good, before anything is made of it. */
export const limitBody = every(limitSize, checkJson);

/** Many clients see the answer only once they have sent everything; a longer body than this is cut off. */
const MAX_SWALLOWED_BYTES = 64 * 1024 * 1024;

/** Reads a body that is refused and keeps nothing of it. */
async function swallow(request: Request): Promise<void> {
  if (!request.body || request.body.locked) return;
  let bytes = 0;
  for await (const chunk of request.body) {
    bytes += chunk.byteLength;
    if (bytes > MAX_SWALLOWED_BYTES) return;
  }
}

/** Strict: bytes replaced by U+FFFD would make two different session_ids one. */
function decode(bytes: ArrayBuffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    throw new ApiError("malformed_json", "The request body is not UTF-8.");
  }
}

function checkText(text: string): void {
  const { depth, values } = measure(text);
  if (depth > MAX_JSON_DEPTH) rejectInvalid([problem([], `Nest at most ${MAX_JSON_DEPTH} levels.`)]);
  if (values > MAX_JSON_VALUES) rejectInvalid([problem([], `Send at most ${MAX_JSON_VALUES} values.`)]);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // The framework, which parses it next, says so.
    return;
  }
  const found = findUnfit(json, []);
  if (found) rejectInvalid([found]);
}

/**
 * How deep a JSON text nests, about how many values it holds, and how many members, from its punctuation alone: nothing is
 * built yet.
 */
export function measure(text: string): { depth: number; values: number; members: number } {
  let level = 0;
  let depth = 0;
  let values = 1;
  let members = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '"') {
      at = endOfString(text, at);
    } else if (character === "{" || character === "[") {
      depth = Math.max(depth, ++level);
      values++;
    } else if (character === "}" || character === "]") {
      level--;
    } else if (character === ",") {
      values++;
    } else if (character === ":") {
      members++;
    }
  }
  return { depth, values, members };
}

/** The place of the quote that closes the string opened at `start`; the end of the text when none does. */
function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let backslashes = 0;
    while (text[at - 1 - backslashes] === "\\") backslashes++;
    if (backslashes % 2 === 0) return at;
  }
  return text.length;
}

type Place = (string | number)[];

/** The first value that is unfit whatever its field means. */
function findUnfit(value: unknown, place: Place): Problem | undefined {
  if (typeof value === "string") return isStorable(value) ? undefined : problem(place, UNSTORABLE);
  // JSON has no limit, a double has: 1e400 would go on as null.
  if (typeof value === "number")
    return Number.isFinite(value) ? undefined : problem(place, "This number is too large.");
  if (value === null || typeof value !== "object") return undefined;
  for (const [name, member] of Object.entries(value)) {
    if (name.length > MAX_NAME_CHARACTERS)
      return problem(place, `A field's name has at most ${MAX_NAME_CHARACTERS} characters.`);
    if (!isStorable(name)) return problem(place, `A field's name: ${UNSTORABLE}`);
    const found = findUnfit(member, [...place, Array.isArray(value) ? Number(name) : name]);
    if (found) return found;
  }
  return undefined;
}

function problem(place: Place, msg: string): Problem {
  return { loc: ["body", ...place], msg, type: "value_error" };
}
