/**
 * Whether a text comes back from every store as it went in. A lone surrogate has no UTF-8: it would be replaced, and two
 * different texts could become one. NUL ends a text for some of SQLite's functions and for the vendor's own software.
 */
export function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes("\0");
}

/** What to tell whoever sent another one. */
export const UNSTORABLE = "Use well-formed Unicode without NUL characters.";

/** The text of UTF-8 bytes, without a byte order mark; undefined for bytes that are none: what they were must not be guessed at. */
export function decodeUtf8(bytes: ArrayBuffer): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    return undefined;
  }
}
