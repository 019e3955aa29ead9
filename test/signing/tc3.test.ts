import { describe, it } from "vitest";
import { hex, sha256Hex } from "../../src/signing/encoding.ts";
import { createTc3Signer } from "../../src/signing/tc3-signer.ts";
import {
  authorization,
  canonicalRequest,
  deriveKeyChain,
  deriveSigningKey,
  parseAuthorization,
  scope,
  signature,
  signedHeaders,
  stringToSign,
  utcDate,
} from "../../src/signing/tc3.ts";
import a from "./vectors/a.json";
import b from "./vectors/b.json";
import c from "./vectors/c.json";
import cvmThreeHeaders from "./vectors/cvm-three-headers.json";
import d from "./vectors/d.json";
import vodThreeHeaders from "./vectors/vod-three-headers.json";
import vodTwoHeaders from "./vectors/vod-two-headers.json";

type Vector = {
  secretId: string;
  secretKey: string;
  service: string;
  timestamp: number;
  method: string;
  query: string;
  headers: Record<string, string>;
  body: string;
  expected: {
    payloadHash: string;
    canonicalRequest: string[];
    canonicalRequestHash?: string;
    stringToSign?: string[];
    date: string;
    signedHeaders: string;
    kDate?: string;
    kService?: string;
    kSigning?: string;
    signature: string;
    authorization: string;
  };
};

const vectors: Record<string, Vector> = {
  A: a,
  B: b,
  C: c,
  D: d,
  "vod, two headers": vodTwoHeaders,
  "vod, three headers": vodThreeHeaders,
  "cvm, three headers": cvmThreeHeaders,
};

const DAY_SECONDS = 86_400;
const MIDNIGHT = Date.UTC(2026, 10, 21) / 1000;

// A vector is tested for what its document gives. Each stage starts from the vector's own intermediate values, so that a broken stage fails alone.
describe.each(Object.entries(vectors))("TC3 vector %s", (_name, vector) => {
  const { secretId, secretKey, service, timestamp, method, query, headers, body, expected } = vector;
  const { date } = expected;

  it("hashes the payload", async ({ expect }) => {
    expect(await sha256Hex(body)).toBe(expected.payloadHash);
  });

  it("builds the canonical request from headers in any order and case", ({ expect }) => {
    if (method !== "GET" && method !== "POST") throw new Error(`vector has method ${method}`);
    expect(canonicalRequest({ method, query, headers, payloadHash: expected.payloadHash })).toBe(
      expected.canonicalRequest.join("\n"),
    );
    expect(signedHeaders(headers)).toBe(expected.signedHeaders);
  });

  if (expected.canonicalRequestHash) {
    it("hashes the canonical request", async ({ expect }) => {
      expect(await sha256Hex(expected.canonicalRequest.join("\n"))).toBe(expected.canonicalRequestHash);
    });
  }

  it("dates the scope", ({ expect }) => {
    expect(utcDate(timestamp)).toBe(date);
    expect(scope({ date, service })).toBe(`${date}/${service}/tc3_request`);
  });

  if (expected.stringToSign) {
    it("builds the string to sign", ({ expect }) => {
      const canonicalRequestHash = expected.canonicalRequestHash ?? "";
      expect(stringToSign({ timestamp, service, canonicalRequestHash })).toBe(expected.stringToSign?.join("\n"));
    });
  }

  if (expected.kDate) {
    it("derives the chain of keys", async ({ expect }) => {
      const { kDate, kService, kSigning } = await deriveKeyChain({ secretKey, date, service });
      expect({ kDate: hex(kDate), kService: hex(kService), kSigning: hex(kSigning) }).toEqual({
        kDate: expected.kDate,
        kService: expected.kService,
        kSigning: expected.kSigning,
      });
    });
  }

  it("signs", async ({ expect }) => {
    const canonicalRequestHash = await sha256Hex(expected.canonicalRequest.join("\n"));
    const key = await deriveSigningKey({ secretKey, date, service });
    const text = stringToSign({ timestamp, service, canonicalRequestHash });
    expect(await signature(key, text)).toBe(expected.signature);
  });

  it("writes and reads the Authorization header", ({ expect }) => {
    const header = authorization({
      secretId,
      timestamp,
      service,
      signedHeaders: expected.signedHeaders,
      signature: expected.signature,
    });
    expect(header).toBe(expected.authorization);
    expect(parseAuthorization(header)).toEqual({
      secretId,
      date,
      service,
      signedHeaders: expected.signedHeaders.split(";"),
      signature: expected.signature,
    });
  });
});

describe("canonicalRequest", () => {
  it("trims values and keeps the case of all but the action's", ({ expect }) => {
    const headers = {
      "X-TC-Action": " PullEvents ",
      "Content-Type": "multipart/form-data; boundary=AbC\t",
      Host: "127.0.0.1:8788",
    };
    expect(canonicalRequest({ method: "POST", path: "/v2", headers, payloadHash: "00" })).toBe(
      "POST\n/v2\n\ncontent-type:multipart/form-data; boundary=AbC\nhost:127.0.0.1:8788\nx-tc-action:pullevents\n\n" +
        "content-type;host;x-tc-action\n00",
    );
  });

  it("sorts by ASCII, where a hyphen comes before letters", ({ expect }) => {
    expect(signedHeaders({ "X-TCA": "", Host: "", "X-TC-Action": "" })).toBe("host;x-tc-action;x-tca");
  });
});

describe("utcDate", () => {
  it("changes at midnight UTC", ({ expect }) => {
    expect(utcDate(MIDNIGHT - 1)).toBe("2026-11-20");
    expect(utcDate(MIDNIGHT)).toBe("2026-11-21");
    expect(utcDate(0)).toBe("1970-01-01");
  });

  it("refuses milliseconds, fractions and what is no time", ({ expect }) => {
    for (const timestamp of [MIDNIGHT * 1000, 1.5, -1, Number.NaN, Infinity])
      expect(() => utcDate(timestamp)).toThrow(
        new RangeError(`timestamp must be whole seconds since 1970, got ${timestamp}`),
      );
  });
});

describe("parseAuthorization", () => {
  const valid = vodThreeHeaders.expected.authorization;

  it("accepts any number of spaces between the fields", ({ expect }) => {
    const expected = parseAuthorization(valid);
    expect(expected).toBeDefined();
    expect(parseAuthorization(valid.replaceAll(", ", ","))).toEqual(expected);
    expect(parseAuthorization(valid.replaceAll(", ", ",   "))).toEqual(expected);
  });

  it.for([
    ["empty", ""],
    ["another scheme", "Bearer sk-dev"],
    ["another algorithm", valid.replace("TC3-HMAC-SHA256", "TC3-HMAC-SM3")],
    ["skip-sign", "SKIP"],
    ["no secret id", valid.replace(/Credential=\w+/, "Credential=")],
    ["a date with slashes", valid.replace("2026-01-01", "2026/01/01")],
    ["no service", valid.replace("/vod/", "//")],
    ["another terminator", valid.replace("tc3_request", "aws4_request")],
    ["upper case in the header names", valid.replace("host", "Host")],
    ["an empty header name", valid.replace(";host", ";")],
    ["a short signature", valid.slice(0, -1)],
    ["a long signature", `${valid}0`],
    ["a signature that is not hex", valid.replace(/.$/, "g")],
    ["a second line", `${valid}\n`],
  ] as const)("refuses %s", ([, header], { expect }) => {
    expect(header).not.toBe(valid);
    expect(parseAuthorization(header)).toBeUndefined();
  });
});

describe("signing key", () => {
  it("cannot be read back", async ({ expect }) => {
    const key = await deriveSigningKey({ secretKey: "k", date: "2026-11-21", service: "vod" });
    expect(key.extractable).toBe(false);
  });

  it("refuses an empty secret by name", async ({ expect }) => {
    const message = "signing key is empty: set the TC3 secret key (VOD_SECRET_KEY)";
    await expect(deriveSigningKey({ secretKey: "", date: "2026-11-21", service: "vod" })).rejects.toThrow(message);
    expect(() => createTc3Signer({ credentials: { secretId: "id", secretKey: "" }, service: "vod" })).toThrow(message);
  });
});

/** Counts derivations: a key is stored once each time it is derived. */
class CountingCache extends Map<string, CryptoKey> {
  stored = 0;
  override set(key: string, value: CryptoKey): this {
    this.stored += 1;
    return super.set(key, value);
  }
}

describe("createTc3Signer", () => {
  const { secretId, secretKey } = vodThreeHeaders;
  const credentials = { secretId, secretKey };
  const request = {
    host: "vod.tencentcloudapi.com",
    action: "DescribeTaskDetail",
    version: "2018-07-17",
    payload: vodThreeHeaders.body,
    timestamp: vodThreeHeaders.timestamp,
  };
  const at = (timestamp: number) => ({ ...request, timestamp });

  it("gives the headers of the vector", async ({ expect }) => {
    expect(await createTc3Signer({ credentials, service: "vod" }).sign(request)).toEqual({
      Authorization: vodThreeHeaders.expected.authorization,
      "Content-Type": "application/json; charset=utf-8",
      "X-TC-Action": "DescribeTaskDetail",
      "X-TC-Version": "2018-07-17",
      "X-TC-Timestamp": "1767225600",
    });
  });

  it("sends the token of temporary credentials, unsigned", async ({ expect }) => {
    const signer = createTc3Signer({ credentials: { ...credentials, token: "sts-token" }, service: "vod" });
    const headers = await signer.sign(request);
    expect(headers["X-TC-Token"]).toBe("sts-token");
    expect(headers["Authorization"]).toBe(vodThreeHeaders.expected.authorization);
  });

  it("signs the content type it sends", async ({ expect }) => {
    const signer = createTc3Signer({ credentials, service: "vod" });
    const headers = await signer.sign({ ...request, contentType: "application/json" });
    expect(headers["Content-Type"]).toBe("application/json");
    expect(headers["Authorization"]).not.toBe(vodThreeHeaders.expected.authorization);
  });

  it("takes the payload's hash for the payload", async ({ expect }) => {
    const { payload, ...rest } = request;
    const signer = createTc3Signer({ credentials, service: "vod" });
    const headers = await signer.sign({ ...rest, payloadHash: await sha256Hex(payload) });
    expect(headers["Authorization"]).toBe(vodThreeHeaders.expected.authorization);
    const other = await signer.sign({ ...rest, payloadHash: await sha256Hex(`${payload} `) });
    expect(other["Authorization"]).not.toBe(vodThreeHeaders.expected.authorization);
  });

  it.for(["host", "action", "payload"] as const)("covers the %s", async (field, { expect }) => {
    const signer = createTc3Signer({ credentials, service: "vod" });
    const headers = await signer.sign({ ...request, [field]: `${request[field]}0` });
    expect(headers["Authorization"]).not.toBe(vodThreeHeaders.expected.authorization);
  });

  it("derives the key once per day", async ({ expect }) => {
    const cache = new CountingCache();
    const signer = createTc3Signer({ credentials, service: "vod", cache });
    for (const second of [0, 1, DAY_SECONDS - 1]) await signer.sign(at(MIDNIGHT + second));
    expect(cache.stored).toBe(1);
    await signer.sign(at(MIDNIGHT + DAY_SECONDS));
    expect(cache.stored).toBe(2);
  });

  it("keeps both days while clocks disagree around midnight", async ({ expect }) => {
    const cache = new CountingCache();
    const signer = createTc3Signer({ credentials, service: "vod", cache });
    for (const second of [-1, 0, -1, 1, -2]) await signer.sign(at(MIDNIGHT + second));
    expect(cache.stored).toBe(2);
  });

  it("keeps the current day and one neighbour", async ({ expect }) => {
    const cache = new Map<string, CryptoKey>();
    const signer = createTc3Signer({ credentials, service: "vod", cache });
    const days = () => [...cache.keys()].map((key) => key.slice(0, 10));
    for (const day of [0, 1, 2]) await signer.sign(at(MIDNIGHT + day * DAY_SECONDS));
    expect(days()).toEqual(["2026-11-22", "2026-11-23"]);
    await signer.sign(at(MIDNIGHT + 30 * DAY_SECONDS));
    expect(days()).toEqual(["2026-12-21"]);
    await signer.sign(at(MIDNIGHT + 28 * DAY_SECONDS));
    await signer.sign(at(MIDNIGHT + 29 * DAY_SECONDS));
    expect(days()).toEqual(["2026-12-19", "2026-12-20"]);
    await signer.sign(at(MIDNIGHT + 27 * DAY_SECONDS));
    expect(days()).toEqual(["2026-12-19", "2026-12-18"]);
  });

  it("puts no secret into the keys of the cache and no readable key into its values", async ({ expect }) => {
    const cache = new Map<string, CryptoKey>();
    await createTc3Signer({ credentials, service: "vod", cache }).sign(request);
    expect(cache.size).toBe(1);
    expect(JSON.stringify([...cache.keys()])).not.toContain(secretKey);
    expect([...cache.values()].map((key) => key.extractable)).toEqual([false]);
  });

  it("never gives one secret's key to another, shared cache or not", async ({ expect }) => {
    const cache = new Map<string, CryptoKey>();
    const rotated = { secretId, secretKey: `${secretKey}2` };
    const alone = await createTc3Signer({ credentials: rotated, service: "vod" }).sign(request);
    await createTc3Signer({ credentials, service: "vod", cache }).sign(request);
    const shared = await createTc3Signer({ credentials: rotated, service: "vod", cache }).sign(request);
    expect(shared).toEqual(alone);
    expect(shared["Authorization"]).not.toBe(vodThreeHeaders.expected.authorization);
    expect(cache.size).toBe(2);
  });
});
