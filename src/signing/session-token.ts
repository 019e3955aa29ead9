/*
 * The token we send as SessionContext. The vendor echoes it in its events, so an event proves which task, and which
 * attempt at it, it belongs to. Format: rg1.<task id>.<attempt>.<base64url HMAC-SHA256>
 */
import { constantTimeEqual } from "./constant-time.ts";
import { base64url, utf8 } from "./encoding.ts";
import { hmacSha256, importHmacKey, requireKey, requireKeys } from "./hmac.ts";

/** Twice what our longest token needs; the vendor would take 1000. */
export const SESSION_TOKEN_MAX_CHARACTERS = 200;

const SETTING = "the session token key";

/** Keeps the same secret from signing the same bytes for another purpose. */
const DOMAIN = "reelgate session token v1\n";

const TASK_ID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";
const ATTEMPT = String.raw`0|[1-9]\d{0,8}`;
const CLAIM = new RegExp(`^${TASK_ID}\\.(?:${ATTEMPT})$`);
const TOKEN = new RegExp(`^rg1\\.((${TASK_ID})\\.(${ATTEMPT}))\\.([\\w-]{43})$`);

export type SessionTokenResult =
  | { ok: true; taskId: string; attempt: number }
  | { ok: false; reason: "malformed" | "mismatch" };

/**
 * @param input.taskId a UUID in lower case
 * @param input.attempt 0 to 999999999
 * @throws Error when the key is empty, RangeError when the task id or the attempt is not of the stated form
 */
export async function createSessionToken(input: { taskId: string; attempt: number; key: string }): Promise<string> {
  requireKey(input.key, SETTING);
  const claim = `${input.taskId}.${input.attempt}`;
  if (!CLAIM.test(claim))
    throw new RangeError(`session token needs a lower-case UUID and an attempt number, got ${claim}`);
  return `rg1.${claim}.${await mac(claim, input.key)}`;
}

/**
 * @param input.keys the current key and, during a rotation, the previous one
 * @throws Error when there is no key or one of them is empty
 */
export async function verifySessionToken(input: { token: unknown; keys: string[] }): Promise<SessionTokenResult> {
  const { token, keys } = input;
  requireKeys(keys, SETTING);
  if (typeof token !== "string" || token.length > SESSION_TOKEN_MAX_CHARACTERS)
    return { ok: false, reason: "malformed" };
  const [, claim, taskId, attempt, given] = TOKEN.exec(token) ?? [];
  if (!claim || !taskId || !attempt || !given) return { ok: false, reason: "malformed" };
  // The text is compared, not its bytes: base64url has four spellings of the same 32 bytes, and only one is ours.
  const matches = await Promise.all(keys.map(async (key) => constantTimeEqual(await mac(claim, key), given)));
  return matches.includes(true) ? { ok: true, taskId, attempt: Number(attempt) } : { ok: false, reason: "mismatch" };
}

async function mac(claim: string, key: string): Promise<string> {
  return base64url(await hmacSha256(await hmacKeyOf(key), DOMAIN + claim));
}

/** A deployment has two secrets at most, and importing one takes longer than signing with it. */
const imported = new Map<string, CryptoKey>();
const IMPORTED_MAX = 8;

async function hmacKeyOf(secret: string): Promise<CryptoKey> {
  const known = imported.get(secret);
  if (known) return known;
  const key = await importHmacKey(utf8(secret));
  if (imported.size >= IMPORTED_MAX) imported.clear();
  imported.set(secret, key);
  return key;
}
