/* One root, many secrets: each its own, none of them a way to another. */
import { describe, it } from "vitest";
import { callbackPathSecrets } from "../../src/signing/callback-path.ts";
import { deriveBits, derivedKeys, type Roots } from "../../src/signing/derive.ts";
import { hex } from "../../src/signing/encoding.ts";

const bytesOf = (versions: [number, ...number[]]) =>
  derivedKeys({ label: "session token", versions }, async (bytes) => hex(bytes));

describe("secrets from a root", () => {
  // Computed with another implementation: Node's `hkdfSync`. They must not change: tokens, paths and stored secrets would.
  it.for([
    ["session token", "6b0b70c45b2fd6916077af1caef66e3646ececb9e068a79f35ebdd7ffe894e87"],
    ["callback path", "24b7af7182d3932535544993bde8ed3ceab0d9ba632b82e7647c09680c46dad8"],
    ["key pair encryption", "487d042282904a9c067f9b75bdbad1b9ac68797f737c8c131441f594fd6bba38"],
  ] as const)("of a %s are HKDF-SHA-256 of it", async ([label, expected], { expect }) => {
    expect(hex(await deriveBits("a root", label, 1))).toBe(expected);
  });

  it("differ by label, by version and by root", async ({ expect }) => {
    const all = await Promise.all([
      deriveBits("a root", "session token", 1),
      deriveBits("a root", "callback path", 1),
      deriveBits("a root", "session token", 2),
      deriveBits("another root", "session token", 1),
    ]);
    expect(new Set(all.map((bits) => hex(bits))).size).toBe(all.length);
  });

  it("come the current root's and version's first", async ({ expect }) => {
    const bits = (root: string, version: number) =>
      deriveBits(root, "session token", version).then((each) => hex(each));
    expect(await bytesOf([2, 1])(["new", "old"])).toEqual([
      await bits("new", 2),
      await bits("new", 1),
      await bits("old", 2),
      await bits("old", 1),
    ]);
  });

  it("are the same ones each time, however many roots are asked for", async ({ expect }) => {
    const keys = bytesOf([1]);
    const roots: Roots[] = Array.from({ length: 20 }, (_, n) => [`root ${n}`]);
    const first = await Promise.all(roots.map((each) => keys(each)));
    expect(await Promise.all(roots.map((each) => keys(each)))).toEqual(first);
  });

  it("are made of no empty root", async ({ expect }) => {
    await expect(deriveBits("", "session token", 1)).rejects.toThrow("GATEWAY_SECRET");
    await expect(callbackPathSecrets(["a root", ""])).rejects.toThrow("GATEWAY_SECRET");
  });

  it("of the callback's path are letters and digits", async ({ expect }) => {
    expect(await callbackPathSecrets(["a root", "old"])).toEqual([
      expect.stringMatching(/^[0-9a-f]{64}$/),
      expect.stringMatching(/^[0-9a-f]{64}$/),
    ]);
  });
});
