import { utf8 } from "./encoding.ts";

const HMAC_SHA256 = { name: "HMAC", hash: "SHA-256" } as const;

/**
 * Refuses an empty secret by name. WebCrypto would answer with a DataError that names nothing, and "TC3" + "" or
 * MD5("" + T) would even work: a signature anyone can make.
 * @param setting what the operator has to set
 * @throws Error
 */
export function requireKey(secret: string, setting: string): void {
  requireKeys([secret], setting);
}

/**
 * The same for keys of which any may verify.
 * @throws Error also when there is none
 */
export function requireKeys(secrets: readonly string[], setting: string): void {
  if (secrets.length === 0 || secrets.some((secret) => !secret))
    throw new Error(`signing key is empty: set ${setting}`);
}

/** Gives a key that can sign and that cannot be read back. */
export function importHmacKey(bytes: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", bytes, HMAC_SHA256, false, ["sign"]);
}

export async function hmacSha256(key: CryptoKey, message: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, utf8(message)));
}
