/*
 * Characters that JSON escapes, or that are beyond ASCII. Each costs ten times as much as another one wherever text is
 * read, looked through or written, and grows when JSON is put into JSON. What is long in a request is a file in Base64,
 * which has none, but for slashes and line breaks that some clients escape.
 */

/** Of a whole body. More than a hundred of the longest prompts there are. */
const MAX_SPECIAL_CHARACTERS = 500_000;

export const TOO_MANY_SPECIAL = `Send at most ${MAX_SPECIAL_CHARACTERS} characters that are escaped or beyond ASCII. Send files as Base64 or URLs.`;

/** At least half of the characters beyond ASCII: each takes one or two bytes more than it has UTF-16 units. */
const beyondAscii = (text: string, utf8Bytes: number) => (utf8Bytes - text.length) / 2;

/** Whether a text that has not been parsed has too many, escapes of its own syntax left aside. */
export function isForeign(text: string, utf8Bytes: number): boolean {
  return beyondAscii(text, utf8Bytes) > MAX_SPECIAL_CHARACTERS;
}

/** Whether a JSON text has too many. @param utf8Bytes how long it came in */
export function isJsonSpecial(text: string, utf8Bytes: number): boolean {
  let special = beyondAscii(text, utf8Bytes);
  for (let at = text.indexOf("\\"); at !== -1; at = text.indexOf("\\", at + 2)) {
    if (++special > MAX_SPECIAL_CHARACTERS) return true;
  }
  return special > MAX_SPECIAL_CHARACTERS;
}

const SPACE = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LAST_ASCII = 0x7f;

/** Whether texts that came in a form would have too many as JSON. */
export function areSpecial(texts: Iterable<string>): boolean {
  let special = 0;
  for (const text of texts) {
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code < SPACE || code === QUOTE || code === BACKSLASH || code > LAST_ASCII) special++;
      if (special > MAX_SPECIAL_CHARACTERS) return true;
    }
  }
  return false;
}
