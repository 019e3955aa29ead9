/**
 * Whether a text comes back from every store as it went in. A lone surrogate has no UTF-8: it would be replaced, and two
 * different texts could become one. NUL ends a text for some of SQLite's functions and for the vendor's own software.
 */
export function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes("\0");
}

/** What to tell whoever sent another one. */
export const UNSTORABLE = "Use well-formed Unicode without NUL characters.";
