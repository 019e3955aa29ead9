/* Key pairs: at rest, in memory, and what becomes of them. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, it } from "vitest";
import { API_KEY_CACHE_MS } from "../src/auth/key-ring.ts";
import { openSecret, resealSecret, SECRET_BOX_IV_BYTES, sealSecret } from "../src/signing/secret-box.ts";
import { RESEAL_TC3_KEY, REVOKE_TC3_KEY, SEALED_TC3_KEYS } from "../src/store/tc3-key-sql.ts";
import { emulator, type Gateway, startGateway } from "./support/gateway.ts";
import { addPair, call, codeOf, PAIR, startTencentGateway, VIDEO } from "./routes/support/tencent-api.ts";

const OTHER_ROOT = "another root secret of 32 characters";
const DESCRIBE = { TaskId: "01a1fc4c-0000-7000-8000-000000000000" };

let gateway: Gateway;

beforeEach(async () => {
  await emulator.reset();
  gateway = await startTencentGateway();
});

const describeCode = async (pair = PAIR) => codeOf(await call(gateway, "DescribeTaskDetail", DESCRIBE, { pair }));
const KNOWN = "InvalidParameterValue.TaskId";
const UNKNOWN = "AuthFailure.SecretIdNotFound";

describe("a secret at rest", () => {
  const iv = new Uint8Array(SECRET_BOX_IV_BYTES).fill(7);
  const root = "a root";
  const seal = () => sealSecret({ secret: "s3cret", name: "AKIDa", root, iv });

  it("is opened with its root and its name, also while the root is the previous one", async ({ expect }) => {
    expect(await openSecret({ sealed: await seal(), name: "AKIDa", roots: [root] })).toBe("s3cret");
    expect(await openSecret({ sealed: await seal(), name: "AKIDa", roots: ["next", root] })).toBe("s3cret");
  });

  it("stays shut to another root, under another name, and damaged", async ({ expect }) => {
    const sealed = await seal();
    expect(await openSecret({ sealed, name: "AKIDa", roots: ["another"] })).toBeUndefined();
    expect(await openSecret({ sealed, name: "AKIDb", roots: [root] })).toBeUndefined();
    const bytes = Uint8Array.from(atob(sealed), (character) => character.charCodeAt(0));
    for (let at = 0; at < bytes.length; at++) {
      const damaged = bytes.with(at, (bytes[at] ?? 0) ^ 1);
      const text = btoa(String.fromCodePoint(...damaged));
      expect(await openSecret({ sealed: text, name: "AKIDa", roots: [root] })).toBeUndefined();
    }
    for (const text of ["", "AAAA", "no base64!", sealed.slice(4)])
      expect(await openSecret({ sealed: text, name: "AKIDa", roots: [root] })).toBeUndefined();
  });

  it("needs a root", async ({ expect }) => {
    await expect(sealSecret({ secret: "s", name: "n", root: "", iv })).rejects.toThrow("GATEWAY_SECRET");
    await expect(openSecret({ sealed: await seal(), name: "n", roots: [""] })).rejects.toThrow("GATEWAY_SECRET");
  });

  it("needs an IV of its length", async ({ expect }) => {
    const input = { secret: "s", name: "n", root, iv: new Uint8Array(SECRET_BOX_IV_BYTES - 1) };
    await expect(sealSecret(input)).rejects.toThrow(RangeError);
  });

  it("is in no column of its row", async ({ expect }) => {
    const row = await env.DB.prepare("SELECT * FROM tc3_keys WHERE secret_id = ?1").bind(PAIR.secretId).first();
    expect(row).toMatchObject({ secret_id: PAIR.secretId, owner: "acme", revoked_at: null });
    const text = JSON.stringify(row);
    expect(text).not.toContain(PAIR.secretKey);
    expect(text).not.toContain(btoa(PAIR.secretKey));
    expect(atob(String(row?.["secret"]))).not.toContain(PAIR.secretKey);
  });
});

describe("another GATEWAY_SECRET", () => {
  it("opens no key pair: says so, calls nobody", async ({ expect }) => {
    gateway = await startGateway({ env: { GATEWAY_SECRET: OTHER_ROOT } });
    const answer = await call(gateway, "CreateAigcVideoTask", VIDEO);
    expect(answer.Error).toEqual({
      Code: "InternalError",
      Message:
        "The gateway is not configured: " +
        "GATEWAY_SECRET is not the one that the secret of this key pair was encrypted with.",
    });
    expect(await emulator.calls()).toEqual({});
  });

  it("does while the previous one is set, and after that once the pair is encrypted anew", async ({ expect }) => {
    const rotating = { GATEWAY_SECRET: OTHER_ROOT, GATEWAY_SECRET_PREVIOUS: env.GATEWAY_SECRET };
    gateway = await startGateway({ env: rotating });
    expect(await describeCode()).toBe(KNOWN);
    const { secret = "" } = (await env.DB.prepare(SEALED_TC3_KEYS).first<{ secret: string }>()) ?? {};
    const iv = new Uint8Array(SECRET_BOX_IV_BYTES).fill(9);
    const names = { name: PAIR.secretId, iv };
    const roots = { root: OTHER_ROOT, previous: env.GATEWAY_SECRET };
    const anew = await resealSecret({ sealed: secret, ...names, ...roots });
    if (typeof anew !== "object") throw new Error(`Not encrypted anew: ${anew}`);
    const change = (from: string) => env.DB.prepare(RESEAL_TC3_KEY).bind(PAIR.secretId, from, anew.sealed).all();
    expect((await change("something that it was not")).results).toEqual([]);
    expect((await change(secret)).results).toEqual([{ id: PAIR.secretId }]);
    gateway = await startGateway({ env: { GATEWAY_SECRET: OTHER_ROOT } });
    expect(await describeCode()).toBe(KNOWN);
    expect(await resealSecret({ ...anew, ...names, ...roots })).toBe("current");
    expect(await resealSecret({ ...anew, ...names, root: "a third", previous: "a fourth" })).toBeUndefined();
  });
});

describe("a key pair", () => {
  it("is known at once, and unknown before", async ({ expect }) => {
    const late = { secretId: "AKIDlate", secretKey: "late" };
    expect(await describeCode(late)).toBe(UNKNOWN);
    await addPair(late, "acme", ["read"]);
    expect(await describeCode(late)).toBe(KNOWN);
  });

  it("with another secret is refused", async ({ expect }) => {
    expect(await describeCode({ ...PAIR, secretKey: "guess" })).toBe("AuthFailure.SignatureFailure");
  });

  it("moved to another SecretId does not open", async ({ expect }) => {
    await env.DB.prepare("UPDATE tc3_keys SET secret_id = 'AKIDmoved' WHERE secret_id = ?1").bind(PAIR.secretId).run();
    expect(await describeCode({ ...PAIR, secretId: "AKIDmoved" })).toBe("InternalError");
  });

  const revoke = (secretId: string) => env.DB.prepare(REVOKE_TC3_KEY).bind(secretId, 1).first();

  it("that is revoked is refused, at the latest when its time in memory is over", async ({ expect }) => {
    expect(await describeCode()).toBe(KNOWN);
    expect(await revoke(PAIR.secretId)).toMatchObject({ id: PAIR.secretId, revoked_at: 1 });
    expect(await describeCode()).toBe(KNOWN);
    gateway.clock.offsetMs = API_KEY_CACHE_MS + 1;
    expect(await describeCode()).toBe(UNKNOWN);
  });

  it("that is revoked before it was ever seen is refused at once", async ({ expect }) => {
    await revoke(PAIR.secretId);
    expect(await describeCode()).toBe(UNKNOWN);
    expect(await revoke("AKIDnone")).toBeNull();
  });

  it("is looked up once within its time in memory", async ({ expect }) => {
    let lookups = 0;
    const { tc3Keys } = gateway.services.store;
    const find = tc3Keys.find.bind(tc3Keys);
    tc3Keys.find = (secretId) => {
      lookups++;
      return find(secretId);
    };
    await describeCode();
    await describeCode();
    expect(lookups).toBe(1);
  });
});
