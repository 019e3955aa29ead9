/*
 * Text and byte encodings. `Uint8Array.prototype.toHex` and `toBase64` would do, but Node 24, which runs our
 * scripts, does not have them yet.
 */

const encoder = new TextEncoder();

export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text) as Uint8Array<ArrayBuffer>;
}

/** Lower-case hexadecimal. */
export function hex(bytes: ArrayBuffer | Uint8Array): string {
  let text = "";
  for (const byte of new Uint8Array(bytes)) text += byte.toString(16).padStart(2, "0");
  return text;
}

/** RFC 4648 §5, without padding. */
export function base64url(bytes: ArrayBuffer | Uint8Array): string {
  let binary = "";
  for (const byte of new Uint8Array(bytes)) binary += String.fromCodePoint(byte);
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** The inverse of `base64url`; undefined for every text that `base64url` does not produce. */
export function base64urlDecode(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^[\w-]*$/.test(text) || text.length % 4 === 1) return undefined;
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
  // A last character with stray low bits decodes to the same bytes: only one spelling may pass.
  return base64url(bytes) === text ? bytes : undefined;
}

export async function sha256Hex(data: string | Uint8Array): Promise<string> {
  return hex(await crypto.subtle.digest("SHA-256", typeof data === "string" ? utf8(data) : data));
}

/** MD5 is an extension of workerd's WebCrypto: this rejects with NotSupportedError in Node and browsers. */
export async function md5Hex(text: string): Promise<string> {
  return hex(await crypto.subtle.digest("MD5", utf8(text)));
}
