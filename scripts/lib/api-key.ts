import { createHash, randomBytes, randomUUID } from "node:crypto";
import * as z from "zod";
import { SCOPES } from "../../src/auth/scopes.ts";

const API_KEY_RANDOM_BYTES = 30;
const API_KEY_HINT_CHARACTERS = 4;
const API_KEY_NAME_MAX_CHARACTERS = 100;

export const newApiKey = z.object({
  owner: z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, "must be 1 to 64 letters, digits, dots, underscores or hyphens"),
  name: z
    .string()
    .max(API_KEY_NAME_MAX_CHARACTERS, `must have at most ${API_KEY_NAME_MAX_CHARACTERS} characters`)
    .regex(/^\P{Cc}*$/u, "must be one line of text"),
  scopes: z.array(z.enum(SCOPES, `must be among ${SCOPES.join(", ")}`)).min(1),
});
export type NewApiKey = z.infer<typeof newApiKey>;

/** `sk-` and 40 characters that nobody can guess. */
export function generateApiKey(): string {
  return `sk-${randomBytes(API_KEY_RANDOM_BYTES).toString("base64url")}`;
}

/** The values of `INSERT_API_KEY`, in its order. The key itself is in none of them. */
export function newApiKeyRow(key: string, { owner, name, scopes }: NewApiKey): (string | number)[] {
  return [
    randomUUID(),
    owner,
    name,
    hashOf(key),
    key.slice(-API_KEY_HINT_CHARACTERS),
    JSON.stringify([...new Set(scopes)]),
    Date.now(),
  ];
}

/** What is stored of a key. */
export function hashOf(key: string): string {
  return createHash("sha256").update(key).digest("hex");
}
