const NAME = [...new TextEncoder().encode("Base64")];
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const SPACE = 0x20;

/** Longer values are files; what is shorter may be anything. */
export const BASE64_KEPT_MAX_BYTES = 4 * 1024;

/**
 * Empties the long values of members named `Base64`, at any depth, in JSON that comes in chunks. Nothing of them is held:
 * the vendor's echo of a request can be as large as the request.
 * @param pass takes what remains, in order; it must be done with the bytes when it returns
 */
export function base64Dropper(pass: (bytes: Uint8Array) => void): (chunk: Uint8Array) => void {
  let where: "between" | "text" | "held" | "dropped" = "between";
  let escaped = false;
  /** How much of the name the current text is so far; -1: it is another. */
  let matched = 0;
  let afterName = false;
  let beforeValue = false;
  const held = new Uint8Array(BASE64_KEPT_MAX_BYTES);
  let heldBytes = 0;

  return (chunk) => {
    let from = 0;
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i] as number;
      if (where === "between") {
        if (byte === QUOTE && beforeValue) {
          pass(chunk.subarray(from, i + 1));
          where = "held";
          heldBytes = 0;
        } else if (byte === QUOTE) {
          where = "text";
          matched = 0;
        }
        if (byte > SPACE) {
          beforeValue = byte === COLON && afterName;
          afterName = false;
        }
        continue;
      }
      if (byte === QUOTE && !escaped) {
        if (where === "text") afterName = matched === NAME.length;
        else from = i;
        if (where === "held") pass(held.subarray(0, heldBytes));
        where = "between";
        continue;
      }
      escaped = byte === BACKSLASH && !escaped;
      if (where === "text") matched = matched >= 0 && NAME[matched] === byte ? matched + 1 : -1;
      else if (where === "held" && heldBytes < held.length) held[heldBytes++] = byte;
      else where = "dropped";
      // Nothing but the end of this text matters any more: no look at the state for each of what may be millions.
      if (!escaped && (where === "dropped" || (where === "text" && matched < 0))) i = lastBeforeTurn(chunk, i);
    }
    if (where === "between" || where === "text") pass(chunk.subarray(from));
  };
}

/** The last byte that is neither a quote nor a backslash, going on from the one at `at`. */
function lastBeforeTurn(chunk: Uint8Array, at: number): number {
  let last = at;
  while (last + 1 < chunk.length && chunk[last + 1] !== QUOTE && chunk[last + 1] !== BACKSLASH) last++;
  return last;
}
