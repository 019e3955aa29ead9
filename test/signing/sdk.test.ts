/* Our stages against the signer inside the vendor's official SDK. */
import * as fc from "fast-check";
import Sign from "tencentcloud-sdk-nodejs-common/tencentcloud/common/sign.js";
import { it } from "vitest";
import { sha256Hex } from "../../src/signing/encoding.ts";
import {
  authorization,
  canonicalRequest,
  deriveSigningKey,
  signature,
  signedHeaders,
  stringToSign,
  utcDate,
} from "../../src/signing/tc3.ts";

const RUNS = 300;
const DAY_SECONDS = 86_400;

/** Characters that the SDK's JSON writer escapes and `JSON.stringify` does not, so that both sign the same bytes. */
const SDK_ESCAPES =
  /[\u007F-\u009F\u00AD\u0600-\u0604\u070F\u200C-\u200F\u2028-\u202F\u2060-\u206F\uFEFF\uFFF0-\uFFFF]|\u17B4|\u17B5/g;

const text = fc
  .array(
    fc.oneof(
      fc.string({ unit: "grapheme", maxLength: 12 }),
      fc.constantFrom(
        "一只猫在弹钢琴",
        "未命名",
        "🎬",
        "👩‍🚀",
        "\\u672a",
        "\\",
        '"',
        "\n\r\t",
        "\u0000",
        "</script>",
        "%E4%BD",
      ),
    ),
    { maxLength: 6 },
  )
  .map((parts) => parts.join("").replaceAll(SDK_ESCAPES, ""));

const payload = fc.record(
  {
    SubAppId: fc.nat(),
    ModelName: text,
    Prompt: text,
    SessionId: text,
    FileInfos: fc.array(fc.record({ Type: fc.constantFrom("File", "Url"), Url: text }), { maxLength: 3 }),
    OutputConfig: fc.record({ Duration: fc.double({ noNaN: true, noDefaultInfinity: true }), Audio: fc.boolean() }),
  },
  { noNullPrototype: true },
);

const host = fc
  .tuple(
    fc.constantFrom("vod.tencentcloudapi.com", "vod.intl.tencentcloudapi.com", "gateway.vod-qcloud.com", "127.0.0.1"),
    fc.option(fc.integer({ min: 1, max: 65_535 })),
  )
  .map(([name, port]) => (port === null ? name : `${name}:${port}`));

const timestamp = fc
  .tuple(
    fc.integer({ min: 1, max: 40_000 }),
    fc.oneof(fc.integer({ min: -3, max: 3 }), fc.nat({ max: DAY_SECONDS - 1 })),
  )
  .map(([day, second]) => day * DAY_SECONDS + second);

const secret = fc.oneof(fc.string({ minLength: 1, maxLength: 40 }), fc.string({ unit: "grapheme", minLength: 1 }));

const secretId = fc.stringMatching(/^AKID[A-Za-z0-9]{1,32}$/);

it("gives the official SDK's Authorization for every request", { timeout: 60_000 }, async ({ expect }) => {
  await fc.assert(
    fc.asyncProperty(
      payload,
      host,
      timestamp,
      secret,
      secretId,
      fc.constantFrom("vod", "127", "gateway"),
      async (body, hostWithPort, time, secretKey, id, service) => {
        const url = new URL(`https://${hostWithPort}/`);
        const contentType = "application/json";
        const theirs = Sign.sign3({
          method: "POST",
          url: url.href,
          payload: body,
          timestamp: time,
          service,
          secretId: id,
          secretKey,
          multipart: false,
          boundary: "",
          headers: { "Content-Type": contentType },
        });

        // The SDK signs the host without its port.
        const headers = { "Content-Type": contentType, Host: url.hostname };
        const payloadHash = await sha256Hex(JSON.stringify(body));
        const canonicalRequestHash = await sha256Hex(canonicalRequest({ method: "POST", headers, payloadHash }));
        const key = await deriveSigningKey({ secretKey, date: utcDate(time), service });
        const ours = authorization({
          secretId: id,
          timestamp: time,
          service,
          signedHeaders: signedHeaders(headers),
          signature: await signature(key, stringToSign({ timestamp: time, service, canonicalRequestHash })),
        });
        expect(ours).toBe(theirs);
      },
    ),
    { numRuns: RUNS },
  );
});
