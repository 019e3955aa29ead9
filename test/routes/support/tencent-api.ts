import { env } from "cloudflare:workers";
import { sealSecret } from "../../../src/signing/secret-box.ts";
import { sha256Hex } from "../../../src/signing/encoding.ts";
import {
  authorization,
  canonicalRequest,
  deriveSigningKey,
  signature,
  signedHeaders,
  stringToSign,
} from "../../../src/signing/tc3.ts";
import { INSERT_TC3_KEY } from "../../../src/store/tc3-key-sql.ts";
import { type Gateway, type GatewayOptions, type Json, ORIGIN, startGateway } from "../../support/gateway.ts";

export const SUB_APP_ID = 251007502;
export const PAIR = { secretId: "AKIDofAcme", secretKey: "secretOfAcme" };
export const VIDEO = { SubAppId: SUB_APP_ID, ModelName: "Kling", ModelVersion: "2.1", Prompt: "a car in the rain" };
export const IMAGE = { SubAppId: SUB_APP_ID, ModelName: "GG", ModelVersion: "3.0", Prompt: "a cat" };

const IV_BYTES = 12;

export type Pair = { secretId: string; secretKey: string };
export type Answer = { Error?: { Code: string; Message: string }; RequestId: string; TaskId?: string } & Json;

/** A gateway that knows {@link PAIR}. */
export async function startTencentGateway(bindings: GatewayOptions["env"] = {}): Promise<Gateway> {
  const gateway = await startGateway({ env: bindings });
  await addPair(PAIR, "acme", ["submit", "read"]);
  return gateway;
}

/** @param root what the gateway's GATEWAY_SECRET is when the pair is made */
export async function addPair(
  { secretId, secretKey }: Pair,
  owner: string,
  scopes: string[],
  root = env.GATEWAY_SECRET,
): Promise<void> {
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
  const sealed = await sealSecret({ secret: secretKey, name: secretId, root, iv });
  await env.DB.prepare(`${INSERT_TC3_KEY} ON CONFLICT DO NOTHING`)
    .bind(secretId, owner, "", sealed, JSON.stringify(scopes), Date.now())
    .run();
}

export type CallOptions = {
  pair?: Pair;
  /** Signed along with content-type and host. */
  signed?: Record<string, string>;
  /** Added to, or put in place of, what was signed. */
  sent?: Record<string, string>;
  query?: string;
  timestamp?: number;
  /** As text where the test says so itself. */
  body?: string;
  contentType?: string;
  /** Default: the gateway's own, without a port. */
  host?: string;
};

/** The request that an SDK would send, with only content-type and host signed unless the options say otherwise. */
export async function signedRequest(action: string, json: unknown, options: CallOptions = {}) {
  const { pair = PAIR, query = "", contentType = "application/json" } = options;
  const body = options.body ?? JSON.stringify(json);
  const timestamp = options.timestamp ?? Math.floor(Date.now() / 1000);
  const service = "vod";
  const host = options.host ?? new URL(ORIGIN).host;
  const headers = { "content-type": contentType, host, ...options.signed };
  const payloadHash = await sha256Hex(body);
  const canonicalRequestHash = await sha256Hex(canonicalRequest({ method: "POST", query, headers, payloadHash }));
  const date = new Date(timestamp * 1000).toISOString().slice(0, "yyyy-mm-dd".length);
  const key = await deriveSigningKey({ secretKey: pair.secretKey, date, service });
  const { host: _, ...sendable } = headers;
  return {
    path: query ? `/?${query}` : "/",
    body,
    headers: {
      ...sendable,
      authorization: authorization({
        secretId: pair.secretId,
        timestamp,
        service,
        signedHeaders: signedHeaders(headers),
        signature: await signature(key, stringToSign({ timestamp, service, canonicalRequestHash })),
      }),
      "x-tc-action": action,
      "x-tc-version": "2018-07-17",
      "x-tc-timestamp": String(timestamp),
      ...options.sent,
    } as Record<string, string>,
  };
}

export type SignedRequest = Awaited<ReturnType<typeof signedRequest>>;

/** Sends it and checks what every answer of this dialect has. */
export async function send(gateway: Gateway, { path, ...init }: SignedRequest): Promise<Answer> {
  const response = await gateway.request(path, { method: "POST", key: null, ...init });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`HTTP ${response.status}: ${text}`);
  const type = response.headers.get("content-type");
  if (type !== "application/json") throw new Error(`Content-Type: ${type}`);
  const { Response: answer } = JSON.parse(text) as { Response: Answer };
  if (!/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(answer.RequestId))
    throw new Error(`RequestId: ${answer.RequestId}`);
  return answer;
}

export async function call(gateway: Gateway, action: string, json: unknown, options?: CallOptions): Promise<Answer> {
  return send(gateway, await signedRequest(action, json, options));
}

/** The code of an error; "OK" without one. */
export function codeOf({ Error: error }: Answer): string {
  return error?.Code ?? "OK";
}
