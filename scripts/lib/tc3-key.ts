import { randomBytes, randomInt } from "node:crypto";
import * as z from "zod";
import { sealSecret, SECRET_BOX_IV_BYTES } from "../../src/signing/secret-box.ts";
import { newApiKey } from "./api-key.ts";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/** As the vendor begins its own. */
const SECRET_ID_PREFIX = "AKID";
const SECRET_ID_RANDOM_CHARACTERS = 32;
const SECRET_KEY_CHARACTERS = 40;
const SECRET_ID = new RegExp(`^${SECRET_ID_PREFIX}[A-Za-z0-9]{${SECRET_ID_RANDOM_CHARACTERS}}$`);

/** What the vendor's API has actions for. */
export const TC3_SCOPES = ["submit", "read", "vendor"] as const;

export const newTc3Key = newApiKey.extend({
  scopes: z.array(z.enum(TC3_SCOPES, `of a key pair must be among ${TC3_SCOPES.join(", ")}`)).min(1),
});
export type NewTc3Key = z.infer<typeof newTc3Key>;

export type Tc3KeyPair = { secretId: string; secretKey: string };

/** In letters and digits only, which every configuration file takes. */
export function generateTc3KeyPair(): Tc3KeyPair {
  return {
    secretId: SECRET_ID_PREFIX + randomCharacters(SECRET_ID_RANDOM_CHARACTERS),
    secretKey: randomCharacters(SECRET_KEY_CHARACTERS),
  };
}

export function isSecretId(text: string): boolean {
  return SECRET_ID.test(text);
}

/**
 * The values of `INSERT_TC3_KEY`, in its order. The secret is in them encrypted only.
 * @param root the gateway's GATEWAY_SECRET
 * @throws Error when that is empty
 */
export async function newTc3KeyRow(
  { secretId, secretKey }: Tc3KeyPair,
  { owner, name, scopes }: NewTc3Key,
  root: string,
): Promise<(string | number)[]> {
  const sealed = await sealSecret({ secret: secretKey, name: secretId, root, iv: newIv() });
  return [secretId, owner, name, sealed, JSON.stringify([...new Set(scopes)]), Date.now()];
}

/** What `sealSecret` wants, new each time. */
export function newIv(): Uint8Array {
  return randomBytes(SECRET_BOX_IV_BYTES);
}

function randomCharacters(count: number): string {
  return Array.from({ length: count }, () => ALPHABET[randomInt(ALPHABET.length)]).join("");
}
