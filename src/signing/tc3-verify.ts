import { constantTimeEqual } from "./constant-time.ts";
import { sha256Hex } from "./encoding.ts";
import {
  canonicalRequest,
  parseAuthorization,
  type ParsedAuthorization,
  signature,
  stringToSign,
  utcDate,
} from "./tc3.ts";

/** How far the vendor lets X-TC-Timestamp be from its own clock. */
export const TC3_MAX_CLOCK_DIFFERENCE_SECONDS = 300;

const MANDATORY_HEADERS = ["content-type", "host"];

/** What a request says of its own signature. `timestamp` in seconds. */
export type Tc3Claim = ParsedAuthorization & { timestamp: number };

/** A POST to "/" as it came in. */
export type Tc3Signed = {
  headers: Headers;
  /** The names, with their ports, under which the receiver is called. The official SDKs leave the port out: both count. */
  hosts: readonly string[];
  /** As sent, percent-encoded, without "?". */
  query: string;
  /** SHA-256 of the body in lower-case hex. Asked for last. */
  payloadHash: () => Promise<string>;
};

/** `code` and `message` as the vendor would have them. */
export type Tc3Verdict = { ok: true; claim: Tc3Claim } | Tc3Refusal;
export type Tc3Refusal = { ok: false; code: string; message: string };

export const SECRET_ID_NOT_FOUND = refuse("AuthFailure.SecretIdNotFound", "The SecretId is not found.");

/**
 * Verifies TC3-HMAC-SHA256 in full. The scope's service is taken as given: SDKs derive it from the host's first label.
 * @param signingKey the derived key for the claim's SecretId, date and service; undefined for an unknown SecretId
 * @param now seconds since 1970
 */
export async function verifyTc3(
  request: Tc3Signed,
  signingKey: (claim: Tc3Claim) => Promise<CryptoKey | undefined>,
  now: number,
): Promise<Tc3Verdict> {
  const read = readTc3Claim(request.headers, now);
  if (!read.ok) return read;
  const { claim } = read;
  const key = await signingKey(claim);
  if (!key) return SECRET_ID_NOT_FOUND;
  const payloadHash = await request.payloadHash();
  for (const host of new Set(request.hosts.flatMap((name) => [name, name.replace(/:\d+$/, "")]))) {
    const expected = await signature(key, await textToSign(request, claim, host, payloadHash));
    if (await constantTimeEqual(expected, claim.signature)) return { ok: true, claim };
  }
  return refuse("AuthFailure.SignatureFailure", "The provided credentials could not be validated.");
}

/**
 * All that can be judged without a key.
 * @param now seconds since 1970
 */
export function readTc3Claim(headers: Headers, now: number): Tc3Verdict {
  const text = headers.get("x-tc-timestamp");
  if (!text) return refuse("MissingParameter", "The request is missing a required parameter `Timestamp`.");
  if (!/^\d{1,15}$/.test(text)) return refuse("InvalidParameter", "X-TC-Timestamp is not a UNIX time.");
  const timestamp = Number(text);
  const given = parseAuthorization(headers.get("authorization") ?? "");
  if (!given) return unauthorized("The Authorization header is missing or malformed.");
  const unsigned = MANDATORY_HEADERS.find((name) => !given.signedHeaders.includes(name));
  if (unsigned) return unauthorized(`SignedHeaders does not contain \`${unsigned}\`.`);
  const absent = given.signedHeaders.find((name) => name !== "host" && !headers.has(name));
  if (absent) return unauthorized(`The signed header \`${absent}\` was not sent.`);
  // utcDate takes the years 1970 to 9999 only: the clock is judged first, so that nothing else gets there.
  if (Math.abs(now - timestamp) > TC3_MAX_CLOCK_DIFFERENCE_SECONDS)
    return refuse("AuthFailure.SignatureExpire", "The signature has expired: check X-TC-Timestamp.");
  if (given.date !== utcDate(timestamp)) {
    const message = "The date of the credential scope is not the UTC date of X-TC-Timestamp.";
    return refuse("AuthFailure.SignatureFailure", message);
  }
  return { ok: true, claim: { ...given, timestamp } };
}

async function textToSign(
  { headers, query }: Tc3Signed,
  { signedHeaders, timestamp, service }: Tc3Claim,
  host: string,
  payloadHash: string,
): Promise<string> {
  const signed = signedHeaders.map((name) => [name, name === "host" ? host : (headers.get(name) ?? "")]);
  const canonical = canonicalRequest({ method: "POST", query, headers: Object.fromEntries(signed), payloadHash });
  return stringToSign({ timestamp, service, canonicalRequestHash: await sha256Hex(canonical) });
}

function unauthorized(message: string): Tc3Refusal {
  return refuse("AuthFailure.InvalidAuthorization", message);
}

function refuse(code: string, message: string): Tc3Refusal {
  return { ok: false, code, message };
}
