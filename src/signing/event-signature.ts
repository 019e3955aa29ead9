import { constantTimeEqual } from "./constant-time.ts";
import { md5Hex } from "./encoding.ts";
import { requireKey, requireKeys } from "./hmac.ts";

/** The vendor sets `T`, the time at which an event expires, this far ahead. */
export const EVENT_SIGNATURE_MAX_LIFETIME_SECONDS = 600;

/** How far the vendor's clock and ours may differ. */
export const EVENT_CLOCK_SKEW_SECONDS = 60;

const SETTING = "the event sign key (VOD_SIGN_KEY)";
const SIGN = /^[0-9a-f]{32}$/i;
const UNIX_SECONDS = /^[1-9]\d{0,11}$/;

export type EventSignatureResult =
  | { ok: true }
  | { ok: false; reason: "missing" | "malformed" | "expired" | "too_far_ahead" | "mismatch" };

/**
 * `Sign` of a VOD event: MD5(SignKey + T), lower-case hex. Use it to sign fixtures.
 * It covers neither the body nor the task: whoever saw one pair can reuse it until `T`. An event is thus a hint to
 * read the task again, never the record itself.
 * @param input.t expiry, seconds since 1970
 * @throws Error when the key is empty
 */
export async function signEvent(input: { signKey: string; t: number }): Promise<string> {
  requireKey(input.signKey, SETTING);
  return md5Hex(input.signKey + input.t);
}

/**
 * Verifies `Sign` and `T` as they came in.
 * @param input.t number or decimal text
 * @param input.signKeys the current key and, during a rotation, the previous one
 * @param input.now seconds since 1970
 * @throws Error when there is no key or one of them is empty
 */
export async function verifyEventSignature(input: {
  sign: unknown;
  t: unknown;
  signKeys: string[];
  now: number;
}): Promise<EventSignatureResult> {
  const { sign, t, signKeys, now } = input;
  requireKeys(signKeys, SETTING);
  if (isAbsent(sign) || isAbsent(t)) return { ok: false, reason: "missing" };
  const expiry = parseUnixSeconds(t);
  if (typeof sign !== "string" || !SIGN.test(sign) || expiry === undefined) return { ok: false, reason: "malformed" };
  if (expiry < now - EVENT_CLOCK_SKEW_SECONDS) return { ok: false, reason: "expired" };
  if (expiry > now + EVENT_SIGNATURE_MAX_LIFETIME_SECONDS + EVENT_CLOCK_SKEW_SECONDS)
    return { ok: false, reason: "too_far_ahead" };
  const matches = await Promise.all(
    signKeys.map(async (signKey) => constantTimeEqual(await signEvent({ signKey, t: expiry }), sign.toLowerCase())),
  );
  return matches.includes(true) ? { ok: true } : { ok: false, reason: "mismatch" };
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || value === "";
}

function parseUnixSeconds(value: unknown): number | undefined {
  const text = typeof value === "number" ? String(value) : value;
  return typeof text === "string" && UNIX_SECONDS.test(text) ? Number(text) : undefined;
}
