import { sha256Hex } from "../src/signing/encoding.ts";
import { deriveSigningKey } from "../src/signing/tc3.ts";
import { verifyTc3 } from "../src/signing/tc3-verify.ts";
import { VendorError } from "./errors.ts";
import type { Settings } from "./settings.ts";

const MAX_SIGNING_KEYS = 16;
const UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD";

/**
 * Verifies TC3-HMAC-SHA256 as the vendor does, unsigned payloads included.
 * @param nowSeconds real time, seconds since the epoch
 * @throws VendorError AuthFailure.*, MissingParameter or InvalidParameter
 */
export async function authenticate(
  request: Request,
  body: Uint8Array,
  settings: Settings,
  nowSeconds: number,
): Promise<void> {
  const { headers } = request;
  const { host, search } = new URL(request.url);
  const unsigned = headers.get("x-tc-content-sha256") === UNSIGNED_PAYLOAD;
  const verdict = await verifyTc3(
    {
      headers,
      hosts: [headers.get("host") ?? host],
      query: search.slice(1),
      payloadHash: () => sha256Hex(unsigned ? UNSIGNED_PAYLOAD : body),
    },
    async ({ secretId, date, service }) =>
      secretId === settings.secretId ? signingKey({ secretKey: settings.secretKey, date, service }) : undefined,
    nowSeconds,
  );
  if (!verdict.ok) throw new VendorError(verdict.code, verdict.message);
}

/** Signing keys by secret, day and service. The key is kept, not the promise of it: that belongs to one request. */
const signingKeys = new Map<string, CryptoKey>();

async function signingKey(input: { secretKey: string; date: string; service: string }): Promise<CryptoKey> {
  const name = `${input.date}/${input.service}/${input.secretKey}`;
  const known = signingKeys.get(name);
  if (known) return known;
  const key = await deriveSigningKey(input);
  if (signingKeys.size >= MAX_SIGNING_KEYS) signingKeys.clear();
  signingKeys.set(name, key);
  return key;
}
