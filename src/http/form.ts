import { ApiError } from "./api-error.ts";
import { MAX_NAME_CHARACTERS, unfitName } from "./json.ts";
import type { FormType } from "./media-type.ts";
import { rejectInvalid } from "./problems.ts";
import { areSpecial, isForeign, TOO_MANY_SPECIAL } from "./special.ts";
import { decodeUtf8, isStorable, UNSTORABLE } from "./text.ts";

/** Many times what any client sends. */
export const MAX_FORM_FIELDS = 100;
/** Name, file name and content type of a part. The runtime takes a fifth of a microsecond for each byte of them. */
export const MAX_PART_HEAD_BYTES = 4_096;

export type FormField = { name: string; value: string | File };

/**
 * The fields of a form in their order, held to what JSON's texts are held to. They are counted before anything is made of
 * them.
 * @throws {ApiError}
 */
export async function readForm(bytes: ArrayBuffer, type: FormType): Promise<FormField[]> {
  const entries = type.kind === "urlencoded" ? readUrlencoded(bytes) : await readMultipart(bytes, type.boundary);
  const fields = Array.from(entries, ([name, value]) => {
    checkField(name, value);
    return { name, value };
  });
  if (areSpecial(fields.flatMap(({ value }) => (typeof value === "string" ? [value] : [])))) refuse(TOO_MANY_SPECIAL);
  return fields;
}

function readUrlencoded(bytes: ArrayBuffer): Iterable<[string, string]> {
  const text = decodeUtf8(bytes);
  if (text === undefined) throw malformed();
  if (text.split("&", MAX_FORM_FIELDS + 1).length > MAX_FORM_FIELDS) refuse(TOO_MANY_FIELDS);
  if (isForeign(text, bytes.byteLength)) refuse(TOO_MANY_SPECIAL);
  return new URLSearchParams(text);
}

async function readMultipart(bytes: ArrayBuffer, boundary = ""): Promise<Iterable<[string, string | File]>> {
  if (boundary === "") throw malformed();
  checkParts(bytes, boundary);
  // With the boundary that was looked for, however many the client has named.
  const headers = { "content-type": `multipart/form-data; boundary="${boundary}"` };
  try {
    return await new Response(bytes, { headers }).formData();
  } catch {
    throw malformed();
  }
}

/** An empty line ends a head. Some write lines without carriage returns, and the runtime takes them. */
const END_OF_HEAD = /\n\r?\n/;

/** Counts the parts, and looks for the end of each one's head. */
function checkParts(bytes: ArrayBuffer, boundary: string): void {
  // A character for each byte, so that the runtime's own search goes through them.
  const body = new TextDecoder("latin1").decode(bytes);
  const delimiter = `--${boundary}`;
  if (!body.startsWith(delimiter)) throw malformed();
  let parts = 0;
  for (let start = delimiter.length; ;) {
    if (body.startsWith("--", start)) return;
    if (++parts > MAX_FORM_FIELDS) refuse(TOO_MANY_FIELDS);
    if (!END_OF_HEAD.test(body.slice(start, start + MAX_PART_HEAD_BYTES))) throw malformed();
    const next = body.indexOf(`\n${delimiter}`, start);
    if (next === -1) throw malformed();
    start = next + 1 + delimiter.length;
  }
}

/** What is put in place of bytes that are not UTF-8: what they were, nobody could tell any more. */
const REPLACED = "\uFFFD";

function checkField(name: string, value: string | File): void {
  const readable = isReadable(name);
  const msg = readable ? unfitName(name) : `A field's name: ${UNSTORABLE}`;
  if (msg !== undefined) refuse(msg, ...(readable ? [name.slice(0, MAX_NAME_CHARACTERS)] : []));
  if (typeof value === "string" && !isReadable(value)) refuse(UNSTORABLE, name);
}

const isReadable = (text: string) => isStorable(text) && !text.includes(REPLACED);

function malformed(): ApiError {
  return new ApiError("bad_request", "The request body is not a well-formed form.");
}

const TOO_MANY_FIELDS = `Send at most ${MAX_FORM_FIELDS} fields.`;

function refuse(msg: string, ...place: string[]): never {
  return rejectInvalid([{ loc: ["body", ...place], msg, type: "value_error" }]);
}
