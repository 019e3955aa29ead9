/* What makes a request get past the door: signatures over whatever it holds. Knows neither Workers nor Node. */
import { sha256Hex } from "../../../src/signing/encoding.ts";
import {
  authorization,
  canonicalRequest,
  deriveSigningKey,
  signature,
  signedHeaders,
  stringToSign,
  utcDate,
} from "../../../src/signing/tc3.ts";
import type { HostileRequest } from "./requests.ts";

export type KeyPair = { secretId: string; secretKey: string };

const SERVICE = "vod";
const VERSION = "2018-07-17";

/** The headers that an SDK adds to a call. @param timestamp seconds */
export async function tc3Headers(
  request: Pick<HostileRequest, "action" | "body" | "headers" | "target">,
  { secretId, secretKey }: KeyPair,
  { host, timestamp }: { host: string; timestamp: number },
): Promise<Record<string, string>> {
  const { action = "", body = new Uint8Array(), headers: sent, target } = request;
  const headers = { "content-type": sent["content-type"] ?? "application/json", host };
  const query = target.split("?").slice(1).join("?");
  const payloadHash = await sha256Hex(body);
  const canonicalRequestHash = await sha256Hex(canonicalRequest({ method: "POST", query, headers, payloadHash }));
  const key = await deriveSigningKey({ secretKey, date: utcDate(timestamp), service: SERVICE });
  return {
    "content-type": headers["content-type"],
    "x-tc-action": action,
    "x-tc-version": VERSION,
    "x-tc-timestamp": String(timestamp),
    authorization: authorization({
      secretId,
      timestamp,
      service: SERVICE,
      signedHeaders: signedHeaders(headers),
      signature: await signature(key, stringToSign({ timestamp, service: SERVICE, canonicalRequestHash })),
    }),
  };
}

/** Puts the vendor's signature into a notification, unless it is no object or has one of its own. */
export function withSign(body: Uint8Array<ArrayBuffer>, Sign: string, T: number): Uint8Array<ArrayBuffer> {
  const text = new TextDecoder().decode(body);
  if (!text.startsWith("{") || text.includes('"Sign"')) return body;
  const signed = text.replace("{", () => `{"Sign":"${Sign}","T":${T}${/^\{\s*\}/.test(text) ? "" : ","}`);
  return new Uint8Array(new TextEncoder().encode(signed));
}
