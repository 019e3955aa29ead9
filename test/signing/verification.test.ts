/* What comes back to us: encodings, comparison, event signature, session token. */
import * as fc from "fast-check";
import { describe, it } from "vitest";
import { constantTimeEqual } from "../../src/signing/constant-time.ts";
import { base64url, base64urlDecode, hex, md5Hex, sha256Hex, utf8 } from "../../src/signing/encoding.ts";
import {
  EVENT_CLOCK_SKEW_SECONDS,
  EVENT_SIGNATURE_MAX_LIFETIME_SECONDS,
  signEvent,
  verifyEventSignature,
} from "../../src/signing/event-signature.ts";
import type { Roots } from "../../src/signing/derive.ts";
import { hmacSha256, importHmacKey } from "../../src/signing/hmac.ts";
import {
  createSessionToken,
  SESSION_TOKEN_MAX_CHARACTERS,
  TOKEN_OWNER_MAX_CHARACTERS,
  verifySessionToken,
} from "../../src/signing/session-token.ts";

describe("encoding", () => {
  it("writes hex with leading zeros", ({ expect }) => {
    expect(hex(new Uint8Array([0, 1, 15, 16, 255]))).toBe("00010f10ff");
    expect(hex(new Uint8Array([1, 2, 3]).subarray(1))).toBe("0203");
    expect(hex(new Uint8Array([171]).buffer)).toBe("ab");
  });

  it("hashes text as UTF-8", async ({ expect }) => {
    expect(await md5Hex("")).toBe("d41d8cd98f00b204e9800998ecf8427e");
    expect(await md5Hex("abc")).toBe("900150983cd24fb0d6963f7d28e17f72");
    expect(await sha256Hex("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    expect(await sha256Hex("🎬")).toBe(await sha256Hex(new Uint8Array([0xf0, 0x9f, 0x8e, 0xac])));
  });

  it("uses the URL alphabet without padding", ({ expect }) => {
    expect(base64url(new Uint8Array([0xfb, 0xff, 0xfe, 0]))).toBe("-__-AA");
    expect(base64url(utf8(""))).toBe("");
  });

  it("decodes what it encodes", ({ expect }) => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(base64urlDecode(base64url(bytes))).toEqual(bytes);
      }),
    );
  });

  it.for(["A", "AAAAA", "AA==", "AA+A", "AA/A", "AA A", "AAA\n", "AB", "é"])(
    "refuses %j, which it does not produce",
    (text, { expect }) => {
      expect(base64urlDecode(text)).toBeUndefined();
    },
  );
});

describe("constantTimeEqual", () => {
  it.for([
    ["", "", true],
    ["secret", "secret", true],
    ["秘密🎬", "秘密🎬", true],
    ["secret", "Secret", false],
    ["secret", "secret2", false],
    ["secret", "", false],
    ["", "secret", false],
  ] as const)("%j and %j: %j", async ([a, b, equal], { expect }) => {
    expect(await constantTimeEqual(a, b)).toBe(equal);
  });
});

describe("event signature", () => {
  const signKey = "abcDEF123456";
  const t = 1_767_226_200;
  const sign = "4f43b7872baf9a8196071f2d24604cfa";
  /** When the vendor signed, if it gives the event its whole lifetime. */
  const now = t - EVENT_SIGNATURE_MAX_LIFETIME_SECONDS;
  const valid = { sign, t, signKeys: [signKey], now } as const;
  const verify = (change: Partial<Parameters<typeof verifyEventSignature>[0]>) =>
    verifyEventSignature({ ...valid, signKeys: [signKey], ...change });

  it("gives the derived check value", async ({ expect }) => {
    expect(await signEvent({ signKey, t })).toBe(sign);
  });

  it("accepts it, with T as number or text and Sign in either case", async ({ expect }) => {
    expect(await verify({})).toEqual({ ok: true });
    expect(await verify({ t: String(t) })).toEqual({ ok: true });
    expect(await verify({ sign: sign.toUpperCase() })).toEqual({ ok: true });
  });

  it("accepts T from now minus the skew to now plus lifetime and skew, not a second more", async ({ expect }) => {
    const last = t + EVENT_CLOCK_SKEW_SECONDS;
    expect(await verify({ now: last })).toEqual({ ok: true });
    expect(await verify({ now: last + 1 })).toEqual({ ok: false, reason: "expired" });
    const first = t - EVENT_SIGNATURE_MAX_LIFETIME_SECONDS - EVENT_CLOCK_SKEW_SECONDS;
    expect(await verify({ now: first })).toEqual({ ok: true });
    expect(await verify({ now: first - 1 })).toEqual({ ok: false, reason: "too_far_ahead" });
  });

  it("refuses another key and another T", async ({ expect }) => {
    expect(await verify({ signKeys: ["abcDEF123457"] })).toEqual({ ok: false, reason: "mismatch" });
    expect(await verify({ t: t + 1 })).toEqual({ ok: false, reason: "mismatch" });
  });

  it("accepts the current and the previous key during a rotation", async ({ expect }) => {
    expect(await verify({ signKeys: ["next", signKey] })).toEqual({ ok: true });
    expect(await verify({ signKeys: [signKey, "last"] })).toEqual({ ok: true });
    expect(await verify({ signKeys: ["next", "last"] })).toEqual({ ok: false, reason: "mismatch" });
  });

  it.for([
    { sign: undefined },
    { sign: null },
    { sign: "" },
    { t: undefined },
    { t: null },
    { t: "" },
    { sign: undefined, t: undefined },
  ])("says that %o is missing", async (change, { expect }) => {
    expect(await verify(change)).toEqual({ ok: false, reason: "missing" });
  });

  it.for([
    { sign: 1 },
    { sign: [sign] },
    { sign: sign.slice(1) },
    { sign: `${sign}0` },
    { sign: sign.replace("f", "g") },
    { t: true },
    { t: [t] },
    { t: "soon" },
    { t: ` ${t}` },
    { t: `0${t}` },
    { t: `+${t}` },
    { t: `${t}.0` },
    { t: "1e9" },
    { t: "0x6955b758" },
    { t: t + 0.5 },
    { t: -t },
    { t: 0 },
    { t: Number.NaN },
    { t: Infinity },
    { t: t * 1000 },
  ])("says that %o is malformed", async (change, { expect }) => {
    expect(await verify(change)).toEqual({ ok: false, reason: "malformed" });
  });

  it("refuses an empty key by name, whatever came in", async ({ expect }) => {
    const message = "signing key is empty: set the event sign key (VOD_SIGN_KEY)";
    await expect(signEvent({ signKey: "", t })).rejects.toThrow(message);
    await expect(verify({ signKeys: [signKey, ""] })).rejects.toThrow(message);
    await expect(verify({ signKeys: [], sign: undefined })).rejects.toThrow(message);
  });
});

describe("session token", () => {
  const taskId = "0197a1b2-c3d4-7e5f-8a6b-0123456789ab";
  const root = "a root";
  const owner = "acme";
  const tokenFor = (attempt: number) => createSessionToken({ taskId, attempt, owner, roots: [root] });
  const verify = (token: unknown, roots: Roots = [root]) => verifySessionToken({ token, roots });
  const mismatch = { ok: false, reason: "mismatch" };
  const malformed = { ok: false, reason: "malformed" };

  it("comes back as the task, the attempt and the owner it was made for", async ({ expect }) => {
    const owners = fc.oneof(
      fc.stringMatching(/^[A-Za-z0-9._-]{1,64}$/),
      fc.string({ unit: "grapheme", minLength: 1 }).filter((name) => name.length <= TOKEN_OWNER_MAX_CHARACTERS),
      fc.constantFrom("汽".repeat(64), "🎬".repeat(32), "a.b", "\uFEFFa", " ", "\u0000"),
    );
    const attempts = fc.oneof(fc.integer({ min: 0, max: 999_999_999 }), fc.constant(999_999_999));
    await fc.assert(
      fc.asyncProperty(fc.uuid(), attempts, owners, async (id, attempt, name) => {
        const token = await createSessionToken({ taskId: id, attempt, owner: name, roots: [root] });
        expect(token.length).toBeLessThanOrEqual(SESSION_TOKEN_MAX_CHARACTERS);
        expect(await verify(token)).toEqual({ ok: true, taskId: id, attempt, owner: name });
      }),
    );
    expect(SESSION_TOKEN_MAX_CHARACTERS).toBeLessThan(1000);
  });

  it("has a stable form, because tokens outlive a release at the vendor", async ({ expect }) => {
    expect(await tokenFor(1)).toBe(
      "rg2.0197a1b2-c3d4-7e5f-8a6b-0123456789ab.1.YWNtZQ.pKVR8u2kOtQ6V2mcVcLSTIPSAq-dIBcxnosgTaXWBwI",
    );
  });

  it("refuses a tampered task id, attempt, owner or code", async ({ expect }) => {
    const token = await tokenFor(1);
    expect(await verify(token.replace("0197a1b2", "0197a1b3"))).toEqual(mismatch);
    expect(await verify(token.replace(`${taskId}.1.`, `${taskId}.2.`))).toEqual(mismatch);
    expect(await verify(token.replace(".YWNtZQ.", ".YWNtZg."))).toEqual(mismatch);
    expect(await verify(token.replace(/\.[\w-]{43}$/, `.${"A".repeat(43)}`))).toEqual(mismatch);
  });

  it("refuses the other spellings of the same bytes", async ({ expect }) => {
    const token = await tokenFor(1);
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const last = alphabet.indexOf(token.slice(-1));
    const others = [1, 2, 3].map((low) => token.slice(0, -1) + alphabet.charAt(last + low));
    for (const other of others) expect(await verify(other)).toEqual(mismatch);
  });

  it("refuses a code that joins another attempt of another task", async ({ expect }) => {
    const other = await createSessionToken({
      taskId: taskId.replace("0197", "0198"),
      attempt: 1,
      owner,
      roots: [root],
    });
    const [, , , , code] = other.split(".");
    expect(await verify(`rg2.${taskId}.1.YWNtZQ.${code}`)).toEqual(mismatch);
  });

  it("of one owner is none of another's", async ({ expect }) => {
    const other = await createSessionToken({ taskId, attempt: 1, owner: "acme2", roots: [root] });
    const [, , , name, code] = other.split(".");
    expect(await verify(`rg2.${taskId}.1.${name}.${code}`)).toMatchObject({ ok: true, owner: "acme2" });
    expect(await verify(`rg2.${taskId}.1.YWNtZQ.${code}`)).toEqual(mismatch);
  });

  it("accepts what was made of any of the roots and no other", async ({ expect }) => {
    const token = await tokenFor(1);
    expect(await verify(token, ["next", root])).toMatchObject({ ok: true });
    expect(await verify(token, [root, "last"])).toMatchObject({ ok: true });
    expect(await verify(token, ["next", "last"])).toEqual(mismatch);
  });

  it("is not made with the root itself", async ({ expect }) => {
    const bare = base64url(await hmacSha256(await importHmacKey(utf8(root)), `${taskId}.1.YWNtZQ`));
    expect(await verify(`rg2.${taskId}.1.YWNtZQ.${bare}`)).toEqual(mismatch);
  });

  it("refuses what is not a token", async ({ expect }) => {
    const token = await tokenFor(1);
    const [prefix, id = "", attempt, name, code] = token.split(".");
    const inputs: unknown[] = [
      undefined,
      null,
      1,
      { token },
      [token],
      "",
      "a client's own session context",
      token.replace("rg2", "rg1"),
      ["rg1", id, attempt, code].join("."),
      [prefix, id.toUpperCase(), attempt, name, code].join("."),
      [prefix, id.replaceAll("-", ""), attempt, name, code].join("."),
      // No owner, a spelling that nobody writes, and other characters.
      ...["", "YWNtZR", "YWNtZQ==", "YWNtZ", "a+b/"].map((text) => [prefix, id, attempt, text, code].join(".")),
      [prefix, id, attempt, code].join("."),
      ...["", "01", "-1", "+1", "1.0", "1e3", "1000000000"].map((text) => [prefix, id, text, name, code].join(".")),
      token.slice(0, -1),
      `${token}A`,
      `${token}=`,
      `${token}\n`,
      ` ${token}`,
      `${token}.${"A".repeat(SESSION_TOKEN_MAX_CHARACTERS)}`,
    ];
    for (const input of inputs) expect(await verify(input), String(input)).toEqual(malformed);
  });

  it("is not made for what it could not verify", async ({ expect }) => {
    for (const attempt of [-1, 1.5, 1_000_000_000, Number.NaN])
      await expect(tokenFor(attempt)).rejects.toThrow(RangeError);
    for (const id of ["", "251007502-AigcVideoTask-0", taskId.toUpperCase(), `${taskId}.1`])
      await expect(createSessionToken({ taskId: id, attempt: 1, owner, roots: [root] })).rejects.toThrow(RangeError);
    for (const name of ["", "a".repeat(TOKEN_OWNER_MAX_CHARACTERS + 1), "\uD83C"])
      await expect(createSessionToken({ taskId, attempt: 1, owner: name, roots: [root] })).rejects.toThrow(RangeError);
  });

  it("refuses an empty key by name, whatever came in", async ({ expect }) => {
    const message = "signing key is empty: set the gateway's root secret (GATEWAY_SECRET)";
    await expect(createSessionToken({ taskId, attempt: 1, owner, roots: [""] })).rejects.toThrow(message);
    await expect(verify(await tokenFor(1), [root, ""])).rejects.toThrow(message);
    await expect(verify(undefined, [""])).rejects.toThrow(message);
  });
});
