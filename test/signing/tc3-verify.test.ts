/* Every part of a signed request, changed one at a time. */
import { describe, it } from "vitest";
import { sha256Hex } from "../../src/signing/encoding.ts";
import { authorization, canonicalRequest, deriveSigningKey, signature, stringToSign } from "../../src/signing/tc3.ts";
import { createTc3Signer } from "../../src/signing/tc3-signer.ts";
import { TC3_MAX_CLOCK_DIFFERENCE_SECONDS, type Tc3Signed, verifyTc3 } from "../../src/signing/tc3-verify.ts";

const NOW = 1_767_225_600;
const PAYLOAD = '{"SubAppId":251007502}';
const CREDENTIALS = { secretId: "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE", secretKey: "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE" };
const HOST = "vod.tencentcloudapi.com";

type Change = {
  headers?: Record<string, string | undefined>;
  hosts?: string[];
  query?: string;
  payload?: string;
  secretKey?: string;
  now?: number;
  timestamp?: number;
  service?: string;
};

async function verdict(change: Change = {}) {
  const { service = "vod", timestamp = NOW } = change;
  const signer = createTc3Signer({ credentials: CREDENTIALS, service });
  const headers = new Headers(
    await signer.sign({ host: HOST, action: "DescribeTaskDetail", version: "2018-07-17", payload: PAYLOAD, timestamp }),
  );
  for (const [name, value] of Object.entries(change.headers ?? {})) {
    if (value === undefined) headers.delete(name);
    else headers.set(name, value.replace("{}", headers.get(name) ?? ""));
  }
  const request: Tc3Signed = {
    headers,
    hosts: change.hosts ?? [HOST],
    query: change.query ?? "",
    payloadHash: () => sha256Hex(change.payload ?? PAYLOAD),
  };
  const key = async (claim: { secretId: string; date: string; service: string }) =>
    claim.secretId === CREDENTIALS.secretId
      ? deriveSigningKey({ secretKey: change.secretKey ?? CREDENTIALS.secretKey, ...claim })
      : undefined;
  const result = await verifyTc3(request, key, change.now ?? NOW);
  return result.ok ? "OK" : result.code;
}

const FAILURE = "AuthFailure.SignatureFailure";
const EXPIRED = "AuthFailure.SignatureExpire";
const UNAUTHORIZED = "AuthFailure.InvalidAuthorization";
const AUTHORIZATION = (credential: string, names: string, hex = "0".repeat(64)) => ({
  authorization: `TC3-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names}, Signature=${hex}`,
});
const CREDENTIAL = `${CREDENTIALS.secretId}/2026-01-01/vod/tc3_request`;
const EDGE = TC3_MAX_CLOCK_DIFFERENCE_SECONDS;

describe("a signature", () => {
  it.for<[string, string, Change]>([
    ["as made", "OK", {}],
    ["for a host of whose names one is signed", "OK", { hosts: ["other.test", `${HOST}:8787`] }],
    ["of another service, as given", "OK", { service: "127" }],
    ["with further headers that nobody signed", "OK", { headers: { "x-tc-traceid": "1", "x-tc-region": "ap" } }],
    ["for another host", FAILURE, { hosts: ["other.test"] }],
    ["for another port", FAILURE, { hosts: [`${HOST}.test:1`] }],
    ["for no host", FAILURE, { hosts: [] }],
    ["with a query added", FAILURE, { query: "dry_run=1" }],
    ["with another body", FAILURE, { payload: `${PAYLOAD} ` }],
    ["with another content type", FAILURE, { headers: { "content-type": "application/json" } }],
    ["with another signed action", FAILURE, { headers: { "x-tc-action": "CreateAigcVideoTask" } }],
    ["with another secret", FAILURE, { secretKey: "wrong" }],
    ["with another timestamp of the day", FAILURE, { headers: { "x-tc-timestamp": String(NOW + 1) } }],
    ["whose day is not the timestamp's", FAILURE, { headers: { "x-tc-timestamp": String(NOW - 1) } }],
    ["that is another", FAILURE, { headers: AUTHORIZATION(CREDENTIAL, "content-type;host;x-tc-action") }],
    ["in the last second of the five minutes", "OK", { now: NOW + EDGE }],
    ["in the first second of the five minutes", "OK", { now: NOW - EDGE }],
    ["a second too old", EXPIRED, { now: NOW + EDGE + 1 }],
    ["a second too new", EXPIRED, { now: NOW - EDGE - 1 }],
    ["in milliseconds", EXPIRED, { headers: { "x-tc-timestamp": `${NOW}000` } }],
    ["without a timestamp", "MissingParameter", { headers: { "x-tc-timestamp": undefined } }],
    ["with words for a timestamp", "InvalidParameter", { headers: { "x-tc-timestamp": "now" } }],
    ["with a negative timestamp", "InvalidParameter", { headers: { "x-tc-timestamp": "-1" } }],
    [
      "of nobody",
      "AuthFailure.SecretIdNotFound",
      { headers: AUTHORIZATION("AKIDx/2026-01-01/vod/tc3_request", "content-type;host") },
    ],
    ["without Authorization", UNAUTHORIZED, { headers: { authorization: undefined } }],
    ["of another scheme", UNAUTHORIZED, { headers: { authorization: "Bearer sk-dev" } }],
    ["with something after it", UNAUTHORIZED, { headers: { authorization: "{}, Signature=0" } }],
    ["that leaves the host out", UNAUTHORIZED, { headers: AUTHORIZATION(CREDENTIAL, "content-type") }],
    ["that leaves the content type out", UNAUTHORIZED, { headers: AUTHORIZATION(CREDENTIAL, "host") }],
    ["without a header it signs", UNAUTHORIZED, { headers: { "x-tc-action": undefined } }],
    ["in upper case", UNAUTHORIZED, { headers: AUTHORIZATION(CREDENTIAL, "content-type;host", "A".repeat(64)) }],
    ["with a header named twice", FAILURE, { headers: AUTHORIZATION(CREDENTIAL, "content-type;host;host") }],
  ])("%s: %s", async ([, code, change], { expect }) => {
    expect(await verdict(change)).toBe(code);
  });

  it("covers the query as it was sent", async ({ expect }) => {
    const signed = { "content-type": "application/json", host: HOST };
    const query = "dry_run=1&a=%20";
    const canonical = canonicalRequest({ method: "POST", query, headers: signed, payloadHash: await sha256Hex("") });
    const text = stringToSign({ timestamp: NOW, service: "vod", canonicalRequestHash: await sha256Hex(canonical) });
    const key = await deriveSigningKey({ secretKey: "s", date: "2026-01-01", service: "vod" });
    const headers = new Headers({
      "content-type": "application/json",
      "x-tc-timestamp": String(NOW),
      authorization: authorization({
        secretId: "AKIDx",
        timestamp: NOW,
        service: "vod",
        signedHeaders: "content-type;host",
        signature: await signature(key, text),
      }),
    });
    const verify = (sent: string) =>
      verifyTc3({ headers, hosts: [HOST], query: sent, payloadHash: () => sha256Hex("") }, async () => key, NOW);
    expect((await verify(query)).ok).toBe(true);
    expect((await verify("")).ok).toBe(false);
    expect((await verify("a=%20&dry_run=1")).ok).toBe(false);
  });
});
