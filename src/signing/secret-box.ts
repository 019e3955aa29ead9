/*
 * A secret at rest: AES-256-GCM by WebCrypto. Stored form: base64 of the IV and the ciphertext with its tag. The name
 * that the secret belongs to is authenticated with it, so that a row's secret cannot be moved to another row.
 */
import { utf8 } from "./encoding.ts";

const ALGORITHM = "AES-GCM";
const KEY_BYTES = 32;
export const SECRET_BOX_IV_BYTES = 12;

/**
 * @param input.key base64 of 32 bytes
 * @param input.iv random, never used twice with one key
 * @throws Error when the key is not of that form
 */
export async function sealSecret(input: {
  secret: string;
  name: string;
  key: string;
  iv: Uint8Array;
}): Promise<string> {
  if (input.iv.length !== SECRET_BOX_IV_BYTES) throw new RangeError(`The IV must have ${SECRET_BOX_IV_BYTES} bytes`);
  const iv = new Uint8Array(input.iv);
  const key = await importKey(input.key, "encrypt");
  const sealed = await crypto.subtle.encrypt(parameters(iv, input.name), key, utf8(input.secret));
  return btoa(String.fromCodePoint(...iv, ...new Uint8Array(sealed)));
}

/**
 * @returns the secret; undefined when it was sealed with another key or under another name, or is damaged
 * @throws Error when the key is not of the form that `sealSecret` wants
 */
export async function openSecret(input: { sealed: string; name: string; key: string }): Promise<string | undefined> {
  const key = await importKey(input.key, "decrypt");
  const bytes = fromBase64(input.sealed);
  if (!bytes) return undefined;
  const iv = bytes.slice(0, SECRET_BOX_IV_BYTES);
  try {
    const secret = await crypto.subtle.decrypt(parameters(iv, input.name), key, bytes.slice(SECRET_BOX_IV_BYTES));
    return new TextDecoder().decode(secret);
  } catch {
    return undefined;
  }
}

function importKey(text: string, use: "encrypt" | "decrypt"): Promise<CryptoKey> {
  const bytes = fromBase64(text);
  if (bytes?.length !== KEY_BYTES) throw new Error(`KEY_ENCRYPTION_KEY must be base64 of ${KEY_BYTES} random bytes`);
  return crypto.subtle.importKey("raw", bytes, ALGORITHM, false, [use]);
}

function parameters(iv: Uint8Array<ArrayBuffer>, name: string) {
  return { name: ALGORITHM, iv, additionalData: utf8(name) };
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}
