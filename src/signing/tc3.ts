/*
 * TC3-HMAC-SHA256, the request signature of Tencent Cloud API 3.0, one exported function per stage:
 * canonical request → string to sign → signing key → signature → Authorization header.
 * Source: https://www.tencentcloud.com/document/product/213/33224
 */
import { hex, utf8 } from "./encoding.ts";
import { hmacSha256, importHmacKey, requireKey } from "./hmac.ts";

const ALGORITHM = "TC3-HMAC-SHA256";
const TERMINATOR = "tc3_request";

/** The last second of the year 9999, after which a date no longer has the form yyyy-mm-dd. */
const MAX_TIMESTAMP_SECONDS = 253_402_300_799;

export type Tc3Credentials = {
  secretId: string;
  secretKey: string;
  /** Present for temporary credentials only; sent as X-TC-Token. */
  token?: string;
};

export type CanonicalRequestInput = {
  method: "POST" | "GET";
  /** Default "/". */
  path?: string;
  /** As sent, percent-encoded, without "?". Default empty. */
  query?: string;
  /** Exactly the headers to sign; content-type and host are mandatory at the vendor. */
  headers: Record<string, string>;
  /** SHA-256 of the body in lower-case hex. */
  payloadHash: string;
};

/**
 * Names are lower-cased and sorted, values trimmed. Of the values only that of x-tc-action is lower-cased: the vendor's
 * documents do it to all of them, but its SDKs sign the Content-Type as sent, and the two agree on every other value
 * that is signed in practice.
 */
export function canonicalRequest(input: CanonicalRequestInput): string {
  const lines = Object.entries(input.headers)
    .map(([name, value]) => [name.toLowerCase(), value.trim()] as const)
    .toSorted(([a], [b]) => compareAscii(a, b))
    .map(([name, value]) => `${name}:${name === "x-tc-action" ? value.toLowerCase() : value}\n`);
  return [
    input.method,
    input.path ?? "/",
    input.query ?? "",
    lines.join(""),
    signedHeaders(input.headers),
    input.payloadHash,
  ].join("\n");
}

/** The names of the headers in the form of the SignedHeaders field: lower-cased, sorted, joined with ";". */
export function signedHeaders(headers: Record<string, string>): string {
  return Object.keys(headers)
    .map((name) => name.toLowerCase())
    .toSorted(compareAscii)
    .join(";");
}

/**
 * The UTC day of a timestamp, yyyy-mm-dd.
 * @throws RangeError unless the timestamp is a whole number of seconds in the years 1970 to 9999; milliseconds of any
 * present day are out of that range
 */
export function utcDate(timestampSeconds: number): string {
  if (!Number.isInteger(timestampSeconds) || timestampSeconds < 0 || timestampSeconds > MAX_TIMESTAMP_SECONDS)
    throw new RangeError(`timestamp must be whole seconds since 1970, got ${timestampSeconds}`);
  return new Date(timestampSeconds * 1000).toISOString().slice(0, "yyyy-mm-dd".length);
}

/** The credential scope. `date` is the UTC day of the timestamp. */
export function scope(input: { date: string; service: string }): string {
  return `${input.date}/${input.service}/${TERMINATOR}`;
}

/** `timestamp` in seconds, the value of X-TC-Timestamp. */
export function stringToSign(input: { timestamp: number; service: string; canonicalRequestHash: string }): string {
  const date = utcDate(input.timestamp);
  const credentialScope = scope({ date, service: input.service });
  return [ALGORITHM, input.timestamp, credentialScope, input.canonicalRequestHash].join("\n");
}

export type KeyInput = { secretKey: string; date: string; service: string };

export type KeyChain = Record<"kDate" | "kService" | "kSigning", Uint8Array<ArrayBuffer>>;

/**
 * The three keys in the clear, each the HMAC key of the next. To sign, use `deriveSigningKey`.
 * @throws Error when the secret key is empty
 */
export async function deriveKeyChain(input: KeyInput): Promise<KeyChain> {
  requireKey(input.secretKey, "the TC3 secret key (VOD_SECRET_KEY)");
  const kDate = await hmacSha256(await importHmacKey(utf8(`TC3${input.secretKey}`)), input.date);
  const kService = await hmacSha256(await importHmacKey(kDate), input.service);
  const kSigning = await hmacSha256(await importHmacKey(kService), TERMINATOR);
  return { kDate, kService, kSigning };
}

/**
 * The key of one day and service, not extractable.
 * @throws Error when the secret key is empty
 */
export async function deriveSigningKey(input: KeyInput): Promise<CryptoKey> {
  const { kSigning } = await deriveKeyChain(input);
  return importHmacKey(kSigning);
}

/** Lower-case hex. */
export async function signature(key: CryptoKey, text: string): Promise<string> {
  return hex(await hmacSha256(key, text));
}

/** The value of the Authorization header. `timestamp` in seconds. */
export function authorization(input: {
  secretId: string;
  timestamp: number;
  service: string;
  signedHeaders: string;
  signature: string;
}): string {
  const credential = `${input.secretId}/${scope({ date: utcDate(input.timestamp), service: input.service })}`;
  return `${ALGORITHM} Credential=${credential}, SignedHeaders=${input.signedHeaders}, Signature=${input.signature}`;
}

export type ParsedAuthorization = {
  secretId: string;
  date: string;
  service: string;
  signedHeaders: string[];
  signature: string;
};

const AUTHORIZATION =
  /^TC3-HMAC-SHA256 +Credential=([^/,\s]+)\/(\d{4}-\d\d-\d\d)\/([^/,\s]+)\/tc3_request, *SignedHeaders=([a-z0-9-]+(?:;[a-z0-9-]+)*), *Signature=([0-9a-f]{64})$/;

/** The fields of an Authorization header; undefined when it is not in the TC3 form. Nothing is verified. */
export function parseAuthorization(header: string): ParsedAuthorization | undefined {
  const [, secretId, date, service, names, signatureHex] = AUTHORIZATION.exec(header) ?? [];
  if (!secretId || !date || !service || !names || !signatureHex) return undefined;
  return { secretId, date, service, signedHeaders: names.split(";"), signature: signatureHex };
}

function compareAscii(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
