import { beforeEach, describe, it } from "vitest";
import { sha256Hex } from "../../src/signing/encoding.ts";
import { answerOf, control, freshEmulator, nowSeconds, send, signedHeaders, SUB_APP_ID } from "./support.ts";
import type { Signed } from "./support.ts";

const ACTION = "DescribeEventsState";
const PAYLOAD = JSON.stringify({ SubAppId: SUB_APP_ID });
const MAX_BODY_BYTES = 10_485_760;

beforeEach(() => freshEmulator());

async function code(input: Partial<Signed>, changed: Record<string, string> = {}, origin?: string): Promise<string> {
  const payload = input.payload ?? PAYLOAD;
  const headers = { ...(await signedHeaders({ action: ACTION, ...input, payload })), ...changed };
  const response = await send(headers, payload, origin);
  if (response.status !== 200) throw new Error(`HTTP ${response.status}`);
  return (await answerOf(response)).Error?.Code ?? "OK";
}

describe("the signature", () => {
  it("passes with each content type as sent and each service as given", async ({ expect }) => {
    expect(await code({})).toBe("OK");
    expect(await code({ contentType: "application/json" })).toBe("OK");
    expect(await code({ service: "127" })).toBe("OK");
  });

  it("passes made over the host with its port, and over the host alone", async ({ expect }) => {
    expect(await code({ host: "emulator.test:8788" }, {}, "http://emulator.test:8788")).toBe("OK");
    expect(await code({ host: "emulator.test" }, {}, "http://emulator.test:8788")).toBe("OK");
    expect(await code({ host: "emulator.test:9999" }, {}, "http://emulator.test:8788")).toBe(
      "AuthFailure.SignatureFailure",
    );
    expect(await code({ host: "other.test" })).toBe("AuthFailure.SignatureFailure");
  });

  it("passes over an unsigned payload", async ({ expect }) => {
    const headers = await signedHeaders({ action: ACTION, payload: "UNSIGNED-PAYLOAD" });
    const response = await send({ ...headers, "x-tc-content-sha256": "UNSIGNED-PAYLOAD" }, PAYLOAD);
    expect((await answerOf(response)).Error).toBeUndefined();
    expect(await sha256Hex("UNSIGNED-PAYLOAD")).toMatch(/^438d4109/);
  });

  it("fails with another secret, body, content type, action or date", async ({ expect }) => {
    const failure = "AuthFailure.SignatureFailure";
    expect(await code({ secretKey: "wrong" })).toBe(failure);
    expect(await code({}, { "content-type": "application/json" })).toBe(failure);
    expect(await code({}, { "x-tc-action": "DescribeEventConfig" })).toBe(failure);
    const headers = await signedHeaders({ action: ACTION, payload: PAYLOAD });
    expect((await answerOf(await send(headers, `${PAYLOAD} `))).Error?.Code).toBe(failure);
    const yesterday = await signedHeaders({ action: ACTION, payload: PAYLOAD, timestamp: nowSeconds() - 86_400 });
    const stale = await send({ ...yesterday, "X-TC-Timestamp": String(nowSeconds()) }, PAYLOAD);
    expect((await answerOf(stale)).Error?.Code).toBe(failure);
  });

  it("expires after five minutes, and before them", async ({ expect }) => {
    expect(await code({ timestamp: nowSeconds() - 295 })).toBe("OK");
    expect(await code({ timestamp: nowSeconds() - 302 })).toBe("AuthFailure.SignatureExpire");
    expect(await code({ timestamp: nowSeconds() + 305 })).toBe("AuthFailure.SignatureExpire");
  });

  it("needs a known SecretId", async ({ expect }) => {
    expect(await code({ secretId: "AKIDother" })).toBe("AuthFailure.SecretIdNotFound");
  });

  it.for([
    ["empty", ""],
    ["of another scheme", "Bearer sk-dev"],
    ["without a signature", "TC3-HMAC-SHA256 Credential=AKIDlocal/2026-01-01/vod/tc3_request, SignedHeaders=host"],
    [
      "that leaves out the host",
      `TC3-HMAC-SHA256 Credential=AKIDlocal/2026-01-01/vod/tc3_request, SignedHeaders=content-type, Signature=${"0".repeat(64)}`,
    ],
    [
      "that signs a header which was not sent",
      `TC3-HMAC-SHA256 Credential=AKIDlocal/2026-01-01/vod/tc3_request, SignedHeaders=content-type;host;x-none, Signature=${"0".repeat(64)}`,
    ],
  ])("is refused when the header is %s", async ([, authorization = ""], { expect }) => {
    expect(await code({}, { Authorization: authorization })).toBe("AuthFailure.InvalidAuthorization");
  });
});

describe("the common parameters", () => {
  it("are required", async ({ expect }) => {
    for (const name of ["X-TC-Action", "X-TC-Version", "X-TC-Timestamp"])
      expect(await code({}, { [name]: "" }), name).toBe("MissingParameter");
  });

  it("name a version and an action that exist", async ({ expect }) => {
    expect(await code({ version: "2017-03-12" })).toBe("NoSuchVersion");
    expect(await code({ action: "CreateAigcAudioTask" })).toBe("InvalidAction");
  });
});

describe("the body", () => {
  it("is JSON", async ({ expect }) => {
    expect(await code({ payload: "SubAppId=1" })).toBe("InvalidParameter");
    expect(await code({ payload: "[]" })).toBe("InvalidParameter");
  });

  it("has at most 10485760 bytes", async ({ expect }) => {
    const largest = JSON.stringify({ SubAppId: SUB_APP_ID }).padEnd(MAX_BODY_BYTES, " ");
    expect(await code({ payload: largest })).toBe("OK");
    expect(await code({ payload: `${largest} ` })).toBe("RequestSizeLimitExceeded");
  });
});

it("answers every error with HTTP 200 and a RequestId, and counts it", async ({ expect }) => {
  const headers = await signedHeaders({ action: ACTION, payload: PAYLOAD, secretKey: "wrong" });
  const response = await send(headers, PAYLOAD);
  expect(response.status).toBe(200);
  const answer = await answerOf(response);
  expect(answer.RequestId).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  expect(answer.Error?.Message).not.toBe("");
  expect(await control("GET", "calls")).toEqual({ [ACTION]: { "AuthFailure.SignatureFailure": 1 } });
});
