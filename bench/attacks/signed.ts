import { createHash } from "node:crypto";
import { tc3Headers } from "../../test/hostile/fuzz/signatures.ts";
import {
  type Attack,
  type AttackGroup,
  DRY_RUN,
  type Field,
  filled,
  many,
  post,
  SPECIAL_CHARACTERS,
  utf8,
  VALUES,
} from "./attack.ts";

const MEBIBYTE = 1024 * 1024;
const CAR = { ModelName: "Next", ModelVersion: "1", Prompt: "a car" };
const EVENT_LIFETIME_SECONDS = 600;

const nowSeconds = () => Math.floor(Date.now() / 1000);

/** A call of the vendor's API over this body, by a key pair of the gateway's. */
const call = (
  name: string,
  body: () => Uint8Array,
  change: (headers: Record<string, string>) => object = () => ({}),
): Attack => ({
  name: `POST /: ${name}`,
  request: async ({ gatewayUrl, pair }) => {
    const target = `/${DRY_RUN}`;
    const bytes = new Uint8Array(body());
    const headers = await tc3Headers(
      { target, headers: { "content-type": "application/json" }, body: bytes, action: "CreateAigcVideoTask" },
      pair,
      { host: new URL(gatewayUrl).host, timestamp: nowSeconds() },
    );
    return post(target, bytes, { ...headers, ...change(headers) });
  },
});

const open = JSON.stringify(CAR).slice(0, -1);

/** `POST /`, signed or nearly so. */
export const vendorApi: AttackGroup = {
  title: "The vendor's API",
  attacks: () => [
    call("nothing but opening brackets", () => filled("", "[", "")),
    call("a prompt of 10 MB", () => filled(open.replace('a car"', ""), "A", '"}')),
    call("as many ideographs as it takes", () =>
      utf8(`${open.replace('a car"', "")}${"汉".repeat(SPECIAL_CHARACTERS)}"}`),
    ),
    call("unknown members", () => utf8(`${open},${many(VALUES, (index) => `"A${index}":1`)}}`)),
    call("members in another spelling", () => utf8(`${open},${many(VALUES, (index) => `"a${index}":1`)}}`)),
    call("ExtInfo of brackets", () => filled(`${open},"ExtInfo":"`, "[", '"}')),
    call("ExtInfo in layers", () => {
      const inner = JSON.stringify({ AdditionalParameters: JSON.stringify({ x: '"'.repeat(SPECIAL_CHARACTERS / 8) }) });
      return utf8(JSON.stringify({ ...CAR, ExtInfo: inner }));
    }),
    call("a SceneType whose case is two letters", () =>
      utf8(`${open},"ModelName":"Kling","SceneType":"${"İ".repeat(SPECIAL_CHARACTERS)}"}`),
    ),
    call(
      "a wrong signature over 10 MB",
      () => filled(`${open},"Next":"`, "A", '"}'),
      ({ authorization = "" }) => ({
        authorization: authorization.replace(/.$/, (last) => (last === "0" ? "1" : "0")),
      }),
    ),
    call(
      "another SecretId, 10 MB",
      () => filled("", "[", ""),
      ({ authorization = "" }) => ({
        authorization: authorization.replace("AKID", "AKIX"),
      }),
    ),
    call(
      "15,000 signed headers that were not sent",
      () => utf8("{}"),
      ({ authorization = "" }) => ({
        authorization: authorization.replace("SignedHeaders=", () => `SignedHeaders=${"a;".repeat(15_000)}`),
      }),
    ),
    call(
      "a signed header again and again",
      () => utf8("{}"),
      ({ authorization = "" }) => ({
        authorization: authorization.replace("SignedHeaders=", () => `SignedHeaders=${"host;".repeat(10_000)}`),
      }),
    ),
  ],
};

/** A notification that has the path's secret and the vendor's signature. */
const event = (name: string, body: (start: string) => Uint8Array): Attack => ({
  name: `notification: ${name}`,
  lasts: true,
  request: ({ callbackPath, signKey }: Field) => {
    const t = nowSeconds() + EVENT_LIFETIME_SECONDS;
    const sign = createHash("md5").update(`${signKey}${t}`).digest("hex");
    return post(callbackPath, body(`{"EventType":"Other","Sign":"${sign}","T":${t}`));
  },
});

const ECHO_BYTES = 16 * MEBIBYTE;
const EVENT_BYTES = MEBIBYTE;

export const notifications: AttackGroup = {
  title: "Notifications, by who knows the secrets",
  attacks: () => [
    event("nothing but opening brackets", (start) => filled(`${start},"x":`, "[", "", EVENT_BYTES)),
    event("lists in lists", (start) =>
      utf8(`${start},"x":${"[".repeat(EVENT_BYTES / 2 - 200)}${"]".repeat(EVENT_BYTES / 2 - 200)}}`),
    ),
    event("objects in objects", (start) =>
      utf8(`${start},"x":${'{"a":'.repeat(EVENT_BYTES / 7)}1${"}".repeat(EVENT_BYTES / 7)}}`),
    ),
    event("empty objects", (start) => filled(`${start},"x":[`, "{},", "1]}", EVENT_BYTES)),
    event("members", (start) => utf8(`${start},${many(80_000, (index) => `"a${index}":1`)}}`)),
    event("ideographs", (start) => filled(`${start},"x":"`, "汉", '"}', EVENT_BYTES)),
    event("quotes", (start) => filled(`${start},"x":"`, String.raw`\"`, '"}', EVENT_BYTES)),
    event("a text of 16 MB", (start) => filled(`${start},"x":"`, "a", '"}', ECHO_BYTES)),
    event("one file of 16 MB", (start) => filled(`${start},"Base64":"`, "a", '"}', ECHO_BYTES)),
    event("one file of escapes", (start) => filled(`${start},"Base64":"`, "\\\\", '"}', ECHO_BYTES)),
    event("files just long enough to be left out", (start) =>
      filled(start, `,"Base64":"${"a".repeat(4_097)}"`, "}", ECHO_BYTES),
    ),
    event("files just short enough to be kept", (start) =>
      filled(start, `,"Base64":"${"a".repeat(4_096)}"`, "}", ECHO_BYTES),
    ),
    event("empty files, 1 MB", (start) => filled(start, ',"Base64":""', "}", EVENT_BYTES)),
    event("empty files, 16 MB", (start) => filled(start, ',"Base64":""', "}", ECHO_BYTES)),
    event("names that begin like a file's", (start) => filled(start, ',"Base6":1', "}", ECHO_BYTES)),
    event("spaces", (start) => filled(start, " ", "}", ECHO_BYTES)),
    {
      name: "notification under a wrong secret, 16 MB",
      request: () => post("/callbacks/vod/guess", filled('{"x":"', "a", '"}', ECHO_BYTES)),
    },
  ],
};
