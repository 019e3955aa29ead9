/*
 * The token we send as SessionContext. The vendor echoes it in its events, so an event proves which task, and which
 * attempt at it, it belongs to, and whose task it is, also when it is no longer known here.
 * Format: rg2.<task id>.<attempt>.<base64url owner>.<base64url HMAC-SHA256>
 */
import { constantTimeEqual } from "./constant-time.ts";
import { derivedKeys, type Roots } from "./derive.ts";
import { base64url, base64urlDecode, utf8 } from "./encoding.ts";
import { hmacSha256, importHmacKey } from "./hmac.ts";

/** Our longest token, of an owner in a script of three bytes a character, has 351; the vendor would take 1000. */
export const SESSION_TOKEN_MAX_CHARACTERS = 400;
/** The bound on owners' names. */
export const TOKEN_OWNER_MAX_CHARACTERS = 64;

/** The vendor keeps tokens for three days: a version that is taken out of the list must be older than that. */
const tokenKeys = derivedKeys({ label: "session token", versions: [1] }, importHmacKey);

const TASK_ID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";
const ATTEMPT = String.raw`0|[1-9]\d{0,8}`;
const NUMBERED_TASK = new RegExp(`^${TASK_ID}\\.(?:${ATTEMPT})$`);
const TOKEN = new RegExp(`^rg2\\.((${TASK_ID})\\.(${ATTEMPT})\\.([\\w-]+))\\.([\\w-]{43})$`);

export type SessionTokenResult =
  | { ok: true; taskId: string; attempt: number; owner: string }
  | { ok: false; reason: "malformed" | "mismatch" };

/**
 * @param input.taskId a UUID in lower case
 * @param input.attempt 0 to 999999999
 * @param input.owner 1 to 64 characters
 * @param input.roots the first one's key signs
 * @throws Error when a root is empty, RangeError when one of the others is not of the stated form
 */
export async function createSessionToken(input: {
  taskId: string;
  attempt: number;
  owner: string;
  roots: Roots;
}): Promise<string> {
  const { taskId, attempt, owner, roots } = input;
  const [key] = await tokenKeys(roots);
  if (!NUMBERED_TASK.test(`${taskId}.${attempt}`))
    throw new RangeError(`session token needs a lower-case UUID and an attempt number, got ${taskId}.${attempt}`);
  if (!owner || owner.length > TOKEN_OWNER_MAX_CHARACTERS || !owner.isWellFormed())
    throw new RangeError(`session token needs an owner of 1 to ${TOKEN_OWNER_MAX_CHARACTERS} characters`);
  const claim = `${taskId}.${attempt}.${base64url(utf8(owner))}`;
  return `rg2.${claim}.${await mac(claim, key)}`;
}

/** @throws Error when one of the roots is empty */
export async function verifySessionToken(input: { token: unknown; roots: Roots }): Promise<SessionTokenResult> {
  const { token } = input;
  const keys = await tokenKeys(input.roots);
  if (typeof token !== "string" || token.length > SESSION_TOKEN_MAX_CHARACTERS)
    return { ok: false, reason: "malformed" };
  const [, claim, taskId, attempt, name, given] = TOKEN.exec(token) ?? [];
  const owner = name && base64urlDecode(name);
  if (!claim || !taskId || !attempt || !owner || !given) return { ok: false, reason: "malformed" };
  // The text is compared, not its bytes: base64url has four spellings of the same 32 bytes, and only one is ours.
  const matches = await Promise.all(keys.map(async (key) => constantTimeEqual(await mac(claim, key), given)));
  if (!matches.includes(true)) return { ok: false, reason: "mismatch" };
  return {
    ok: true,
    taskId,
    attempt: Number(attempt),
    owner: new TextDecoder("utf-8", { fatal: false, ignoreBOM: true }).decode(owner),
  };
}

async function mac(claim: string, key: CryptoKey): Promise<string> {
  return base64url(await hmacSha256(key, claim));
}
