import { sha256Hex } from "../src/signing/encoding.ts";
import {
  canonicalRequest,
  deriveSigningKey,
  parseAuthorization,
  signature,
  stringToSign,
  utcDate,
} from "../src/signing/tc3.ts";
import type { ParsedAuthorization } from "../src/signing/tc3.ts";
import { VendorError } from "./errors.ts";
import type { Settings } from "./settings.ts";

const MAX_CLOCK_DIFFERENCE_SECONDS = 300;
const MAX_SIGNING_KEYS = 16;
const MANDATORY_HEADERS = ["content-type", "host"];
const UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD";

/**
 * Verifies TC3-HMAC-SHA256 as the vendor does. The scope's service is taken as given.
 * @param nowSeconds real time, seconds since the epoch
 * @throws VendorError AuthFailure.* or MissingParameter
 */
export async function authenticate(
  request: Request,
  body: Uint8Array,
  settings: Settings,
  nowSeconds: number,
): Promise<void> {
  const timestamp = readTimestamp(request.headers);
  const given = readAuthorization(request.headers);
  // utcDate takes the years 1970 to 9999 only: the clock is judged first, so that nothing else gets there.
  if (Math.abs(nowSeconds - timestamp) > MAX_CLOCK_DIFFERENCE_SECONDS)
    throw new VendorError("AuthFailure.SignatureExpire", "The signature has expired: check X-TC-Timestamp.");
  if (given.secretId !== settings.secretId)
    throw new VendorError("AuthFailure.SecretIdNotFound", "The SecretId is not found.");
  if (given.date !== utcDate(timestamp))
    throw new VendorError(
      "AuthFailure.SignatureFailure",
      "The date of the credential scope is not the UTC date of X-TC-Timestamp.",
    );

  const payloadHash = await sha256Hex(
    request.headers.get("x-tc-content-sha256") === UNSIGNED_PAYLOAD ? UNSIGNED_PAYLOAD : body,
  );
  const key = await signingKey(settings.secretKey, given);
  for (const host of signedHosts(request)) {
    const expected = await signature(key, await textToSign(request, given, timestamp, payloadHash, host));
    if (expected === given.signature) return;
  }
  throw new VendorError("AuthFailure.SignatureFailure", "The provided credentials could not be validated.");
}

/** Signing keys by secret, day and service. The key is kept, not the promise of it: that belongs to one request. */
const signingKeys = new Map<string, CryptoKey>();

async function signingKey(secretKey: string, { date, service }: ParsedAuthorization): Promise<CryptoKey> {
  const name = `${date}/${service}/${secretKey}`;
  const known = signingKeys.get(name);
  if (known) return known;
  const key = await deriveSigningKey({ secretKey, date, service });
  if (signingKeys.size >= MAX_SIGNING_KEYS) signingKeys.clear();
  signingKeys.set(name, key);
  return key;
}

function readTimestamp(headers: Headers): number {
  const text = headers.get("x-tc-timestamp");
  if (!text) throw new VendorError("MissingParameter", "The request is missing a required parameter `Timestamp`.");
  if (!/^\d{1,15}$/.test(text)) throw new VendorError("InvalidParameter", "X-TC-Timestamp is not a UNIX time.");
  return Number(text);
}

function readAuthorization(headers: Headers): ParsedAuthorization {
  const given = parseAuthorization(headers.get("authorization") ?? "");
  if (!given) throw invalidAuthorization("The Authorization header is missing or malformed.");
  for (const name of MANDATORY_HEADERS)
    if (!given.signedHeaders.includes(name)) throw invalidAuthorization(`SignedHeaders does not contain \`${name}\`.`);
  for (const name of given.signedHeaders)
    if (name !== "host" && !headers.has(name))
      throw invalidAuthorization(`The signed header \`${name}\` was not sent.`);
  return given;
}

function invalidAuthorization(message: string): VendorError {
  return new VendorError("AuthFailure.InvalidAuthorization", message);
}

/** On a port of its own the Node SDK signs the host name alone but sends host and port: both count. */
function signedHosts(request: Request): Set<string> {
  const sent = request.headers.get("host") ?? new URL(request.url).host;
  return new Set([sent, sent.replace(/:\d+$/, "")]);
}

async function textToSign(
  request: Request,
  given: ParsedAuthorization,
  timestamp: number,
  payloadHash: string,
  host: string,
): Promise<string> {
  const headers = Object.fromEntries(
    given.signedHeaders.map((name) => [name, name === "host" ? host : (request.headers.get(name) ?? "")]),
  );
  const canonical = canonicalRequest({ method: "POST", headers, payloadHash });
  return stringToSign({ timestamp, service: given.service, canonicalRequestHash: await sha256Hex(canonical) });
}
