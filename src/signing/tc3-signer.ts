import { sha256Hex } from "./encoding.ts";
import { requireKey } from "./hmac.ts";
import {
  authorization,
  canonicalRequest,
  deriveSigningKey,
  signature,
  signedHeaders,
  stringToSign,
  type Tc3Credentials,
  utcDate,
} from "./tc3.ts";

const DEFAULT_CONTENT_TYPE = "application/json; charset=utf-8";
const DAY_MS = 86_400_000;

export type Tc3SignerOptions = {
  credentials: Tc3Credentials;
  /** The vendor's service name, e.g. "vod". */
  service: string;
  /** Signing keys of the current day and one neighbour. Default: a cache of the signer's own. */
  cache?: Map<string, CryptoKey>;
};

export type Tc3Request = {
  /** As the Host header will be sent: with the port unless it is the scheme's default. */
  host: string;
  action: string;
  version: string;
  /** Seconds since 1970. */
  timestamp: number;
  /** Default `application/json; charset=utf-8`. */
  contentType?: string;
} & Tc3Payload;

/** The body, byte for byte as it will be sent, or its SHA-256 in lower-case hex. */
export type Tc3Payload = { payload: string } | { payloadHash: string };

export type Tc3Signer = {
  /** Gives the headers to send with the POST. Host is signed too, but it is the HTTP client that sends it. */
  sign(request: Tc3Request): Promise<Record<string, string>>;
};

/** @throws Error when the secret key is empty */
export function createTc3Signer(options: Tc3SignerOptions): Tc3Signer {
  const { credentials, service, cache = new Map<string, CryptoKey>() } = options;
  requireKey(credentials.secretKey, "the TC3 secret key (VOD_SECRET_KEY)");
  let fingerprint: string | undefined;

  // What is kept is the key, not the promise of it: in workerd a promise belongs to the request that made it.
  async function signingKey(date: string): Promise<CryptoKey> {
    // Part of the cache key, so that a rotated secret with the same id never meets the old key in a shared cache.
    fingerprint ??= await sha256Hex(`reelgate tc3 signing key cache v1\n${credentials.secretKey}`);
    const cacheKey = [date, service, credentials.secretId, fingerprint].join("/");
    const cached = cache.get(cacheKey);
    if (cached) return cached;
    const key = await deriveSigningKey({ secretKey: credentials.secretKey, date, service });
    cache.set(cacheKey, key);
    evictOtherDays(cache, date);
    return key;
  }

  return {
    async sign({ host, action, version, timestamp, contentType = DEFAULT_CONTENT_TYPE, ...body }) {
      const headers = { "Content-Type": contentType, Host: host, "X-TC-Action": action };
      const payloadHash = "payload" in body ? await sha256Hex(body.payload) : body.payloadHash;
      const request = canonicalRequest({ method: "POST", headers, payloadHash });
      const canonicalRequestHash = await sha256Hex(request);
      const key = await signingKey(utcDate(timestamp));
      return {
        Authorization: authorization({
          secretId: credentials.secretId,
          timestamp,
          service,
          signedHeaders: signedHeaders(headers),
          signature: await signature(key, stringToSign({ timestamp, service, canonicalRequestHash })),
        }),
        "Content-Type": contentType,
        "X-TC-Action": action,
        "X-TC-Version": version,
        "X-TC-Timestamp": String(timestamp),
        ...(credentials.token ? { "X-TC-Token": credentials.token } : {}),
      };
    },
  };
}

/**
 * Keeps `date` and its neighbour, so that clocks that disagree around midnight do not thrash. As every addition does
 * this, the day before and the day after are never there together.
 */
function evictOtherDays(cache: Map<string, CryptoKey>, date: string): void {
  for (const key of cache.keys()) {
    const distanceMs = Math.abs(Date.parse(dateOf(key)) - Date.parse(date));
    if (distanceMs > DAY_MS) cache.delete(key);
  }
}

function dateOf(cacheKey: string): string {
  return cacheKey.slice(0, cacheKey.indexOf("/"));
}
