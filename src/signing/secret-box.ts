/*
 * A secret at rest: AES-256-GCM by WebCrypto. Stored form: base64 of the IV and the ciphertext with its tag. The name
 * that the secret belongs to is authenticated with it, so that a row's secret cannot be moved to another row.
 */
import { derivedKeys, type Roots } from "./derive.ts";
import { utf8 } from "./encoding.ts";

const ALGORITHM = "AES-GCM";
export const SECRET_BOX_IV_BYTES = 12;

const boxKeys = derivedKeys({ label: "key pair encryption", versions: [1] }, (bytes) =>
  crypto.subtle.importKey("raw", bytes, ALGORITHM, false, ["encrypt", "decrypt"]),
);

/**
 * @param input.root the gateway's root secret, from which the key is derived
 * @param input.iv random, never used twice with one key
 * @throws Error when the root is empty
 */
export async function sealSecret(input: {
  secret: string;
  name: string;
  root: string;
  iv: Uint8Array;
}): Promise<string> {
  if (input.iv.length !== SECRET_BOX_IV_BYTES) throw new RangeError(`The IV must have ${SECRET_BOX_IV_BYTES} bytes`);
  const iv = new Uint8Array(input.iv);
  const [key] = await boxKeys([input.root]);
  const sealed = await crypto.subtle.encrypt(parameters(iv, input.name), key, utf8(input.secret));
  return btoa(String.fromCodePoint(...iv, ...new Uint8Array(sealed)));
}

/**
 * @returns the secret; undefined when no root's key opens it, or it was sealed under another name, or is damaged
 * @throws Error when one of the roots is empty
 */
export async function openSecret(input: { sealed: string; name: string; roots: Roots }): Promise<string | undefined> {
  const bytes = fromBase64(input.sealed);
  for (const key of await boxKeys(input.roots)) {
    const secret = bytes && (await openWith(key, bytes, input.name));
    if (secret !== undefined) return secret;
  }
  return undefined;
}

/**
 * The same secret under another root's key.
 * @returns "current" when it is that already; undefined when neither root's key opens it
 */
export async function resealSecret(input: {
  sealed: string;
  name: string;
  root: string;
  previous: string;
  iv: Uint8Array;
}): Promise<{ sealed: string } | "current" | undefined> {
  const { sealed, name, root, previous, iv } = input;
  if ((await openSecret({ sealed, name, roots: [root] })) !== undefined) return "current";
  const secret = await openSecret({ sealed, name, roots: [previous] });
  return secret === undefined ? undefined : { sealed: await sealSecret({ secret, name, root, iv }) };
}

async function openWith(key: CryptoKey, bytes: Uint8Array<ArrayBuffer>, name: string): Promise<string | undefined> {
  const iv = bytes.slice(0, SECRET_BOX_IV_BYTES);
  try {
    const secret = await crypto.subtle.decrypt(parameters(iv, name), key, bytes.slice(SECRET_BOX_IV_BYTES));
    return new TextDecoder().decode(secret);
  } catch {
    return undefined;
  }
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
