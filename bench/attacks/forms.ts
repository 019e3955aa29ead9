import {
  type Attack,
  type AttackGroup,
  BODY_MAX_BYTES,
  DRY_RUN,
  filled,
  post,
  SPECIAL_CHARACTERS,
  utf8,
} from "./attack.ts";

const VIDEOS = `/v1/videos${DRY_RUN}`;
const URLENCODED = { "content-type": "application/x-www-form-urlencoded" };
const MULTIPART = { "content-type": "multipart/form-data; boundary=b" };
const MEBIBYTE = 1024 * 1024;

const numbered = (count: number, of: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => of(index)).join("");

const urlencoded = (name: string, body: () => Uint8Array): Attack => ({
  name: `urlencoded: ${name}`,
  request: () => post(VIDEOS, body(), URLENCODED),
});

const multipart = (name: string, body: () => Uint8Array, headers = MULTIPART): Attack => ({
  name: `multipart: ${name}`,
  request: () => post(VIDEOS, body(), headers),
});

const HEAD = '--b\r\nContent-Disposition: form-data; name="prompt"\r\n\r\n';
const END = "\r\n--b--\r\n";
const part = (name: string, value: string, more = "") =>
  `--b\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n${value}\r\n`;

function bytes(before: string, fill: Uint8Array, after: string): Uint8Array {
  const whole = new Uint8Array(BODY_MAX_BYTES);
  const room = BODY_MAX_BYTES - before.length - after.length;
  whole.set(utf8(before));
  for (let at = 0; at < room; at += fill.length) whole.set(fill.subarray(0, room - at), before.length + at);
  whole.set(utf8(after), before.length + room);
  return whole;
}

export const forms: AttackGroup = {
  title: "Forms",
  attacks: () => [
    // The first two are the attack as it was carried out.
    urlencoded("6,500 members of one field (124 KB)", () =>
      utf8(`prompt=x${numbered(6_500, (index) => `&metadata[k${index}]=`)}`),
    ),
    urlencoded("26,000 members of one field (499 KB)", () =>
      utf8(`prompt=x${numbered(26_000, (index) => `&metadata[k${index}]=`)}`),
    ),
    urlencoded("members of one field, 10 MB", () => filled("prompt=x", "&metadata[k]=", "")),
    urlencoded("one field again and again, 10 MB", () => filled("prompt=x", "&a", "")),
    urlencoded("nothing but separators", () => filled("prompt=x", "&", "")),
    urlencoded("99 members with 100 KB each", () =>
      utf8(`prompt=x${numbered(99, (index) => `&metadata[k${index}]=${"a".repeat(100_000)}`)}`),
    ),
    urlencoded("one long name", () => filled("prompt=x&", "a", "=1")),
    urlencoded("brackets in a name", () => filled("prompt=x&", "[]", "=1")),
    ...["a", "+", "%41", "%", "%ff", "%00", "%22", "%E4%B8%80", "汉", "=", "%%%"].map((unit) =>
      urlencoded(`a prompt of ${unit}, 10 MB`, () => filled("prompt=", unit, "")),
    ),
    urlencoded("as many ideographs as it takes", () => utf8(`prompt=${"%E4%B8%80".repeat(SPECIAL_CHARACTERS)}`)),
    urlencoded("bytes that are not UTF-8", () => new Uint8Array(BODY_MAX_BYTES).fill(0xff)),
    multipart("9,000 members of one field (584 KB)", () =>
      utf8(`${numbered(9_000, (index) => part(`metadata[k${index}]`, ""))}--b--\r\n`),
    ),
    multipart("as many parts as 10 MB hold", () => filled("", part("a", ""), "--b--\r\n")),
    multipart("99 files of 100 KB", () =>
      utf8(
        `${part("prompt", "x")}${numbered(99, (index) => part(`metadata[k${index}]`, "a".repeat(100_000), '; filename="a"'))}--b--\r\n`,
      ),
    ),
    multipart("an image of 5 MB", () => {
      const image = bytes(
        `${part("prompt", "x")}--b\r\nContent-Disposition: form-data; name="input_reference"; filename="a"\r\n\r\n\u0001`,
        new Uint8Array(1),
        END,
      );
      const start = image.indexOf(1);
      image.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a], start);
      return new Uint8Array([...image.subarray(0, 5 * MEBIBYTE), ...utf8(END)]);
    }),
    ...Object.entries({
      "a long header": () => filled("--b\r\nX-A: ", "a", `\r\n${HEAD.slice("--b\r\n".length)}x${END}`),
      "many headers": () => filled("--b\r\n", "X: a\r\n", `${HEAD.slice("--b\r\n".length)}x${END}`),
      "many parameters": () => filled(HEAD.trimEnd(), "; a=b", `\r\n\r\nx${END}`),
      "a long name": () => filled('--b\r\nContent-Disposition: form-data; name="', "a", `"\r\n\r\nx${END}`),
      "quotes in a name": () => filled('--b\r\nContent-Disposition: form-data; name="', '\\"', `"\r\n\r\nx${END}`),
      "spaces in a header": () => filled("--b\r\nContent-Disposition:", " ", `form-data; name="prompt"\r\n\r\nx${END}`),
      "no end of the head": () => filled("--b\r\n", "\r", ""),
      "no end": () => filled(HEAD, "a", ""),
      "nothing but ends of lines": () => filled(HEAD, "\n", END),
      "nothing but half boundaries": () => filled(HEAD, "\r\n--", END),
      "nothing but dashes": () => filled(HEAD, "-", END),
      "a prompt of ideographs": () => filled(HEAD, "汉", END),
      "a prompt of quotes": () => filled(HEAD, '"', END),
      "a prompt of NUL": () => filled(HEAD, "\0", END),
      "no first boundary": () => filled("", "a", ""),
    }).map(([name, body]) => multipart(name, body)),
    multipart("a prompt that is not UTF-8", () => bytes(HEAD, new Uint8Array([0xff]), END)),
    multipart("a prompt of halves of characters", () => bytes(HEAD, new Uint8Array([0xe4, 0xb8, 0x41]), END)),
    multipart(
      "a boundary of 70 dashes, and a body of them",
      () => filled(`--${"-".repeat(70)}${HEAD.slice("--b".length)}`, "-", `\r\n--${"-".repeat(70)}--\r\n`),
      { "content-type": `multipart/form-data; boundary=${"-".repeat(70)}` },
    ),
    multipart(
      "a boundary of 70 dashes, and a body that all but holds it",
      () =>
        filled(
          `--${"-".repeat(70)}${HEAD.slice("--b".length)}`,
          `\n--${"-".repeat(69)}x`,
          `\r\n--${"-".repeat(70)}--\r\n`,
        ),
      { "content-type": `multipart/form-data; boundary=${"-".repeat(70)}` },
    ),
    {
      name: "JSON named application/json-x, nothing but brackets",
      request: () => post(VIDEOS, filled("", "[", ""), { "content-type": "application/json-x" }),
    },
    {
      name: "JSON named application/json,x, nothing but values",
      request: () =>
        post(VIDEOS, filled('{"prompt":"x","metadata":[', "{},", "1]}"), { "content-type": "application/json,x" }),
    },
    {
      name: "no length, chunks of a byte (1 MB)",
      request: () => ({
        ...post(VIDEOS, new Uint8Array(MEBIBYTE).fill(0x20), { "content-type": "application/json" }),
        chunkBytes: 1,
      }),
    },
    {
      name: "no length, chunks of 1 KB",
      request: () => ({
        ...post(VIDEOS, new Uint8Array(BODY_MAX_BYTES).fill(0x20), { "content-type": "application/json" }),
        chunkBytes: 1_024,
      }),
    },
    {
      name: "no length, 20 MB",
      request: () => ({ ...post(VIDEOS, new Uint8Array(2 * BODY_MAX_BYTES), URLENCODED), chunkBytes: 64 * 1_024 }),
    },
    { name: "a length of 60 MB", request: () => post(VIDEOS, new Uint8Array(6 * BODY_MAX_BYTES), MULTIPART) },
  ],
};
