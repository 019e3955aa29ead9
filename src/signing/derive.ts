/*
 * The gateway's own secrets all come from one root, GATEWAY_SECRET, by HKDF-SHA-256 (RFC 5869). Each purpose has a label
 * and a version in HKDF's info, so who has the secret of one purpose has neither the root nor any other.
 */
import { utf8 } from "./encoding.ts";
import { requireKeys } from "./hmac.ts";

/** The current root and, during a rotation, the previous one. */
export type Roots = readonly [current: string, ...previous: string[]];

export type Purpose = {
  label: string;
  /** The first makes what is new; the others still verify what was made with them. */
  versions: readonly [current: number, ...previous: number[]];
};

const SETTING = "the gateway's root secret (GATEWAY_SECRET)";
const SALT = utf8("reelgate");
const DERIVED_BITS = 256;
/** A deployment has two roots at most. */
const KEPT_MAX = 8;

/** 32 bytes for one version of a purpose. @throws Error when the root is empty */
export async function deriveBits(root: string, label: string, version: number): Promise<Uint8Array<ArrayBuffer>> {
  requireKeys([root], SETTING);
  const material = await crypto.subtle.importKey("raw", utf8(root), "HKDF", false, ["deriveBits"]);
  const info = utf8(`reelgate ${label} v${version}`);
  const parameters = { name: "HKDF", hash: "SHA-256", salt: SALT, info };
  return new Uint8Array(await crypto.subtle.deriveBits(parameters, material, DERIVED_BITS));
}

/**
 * Gives a purpose's keys: of each root and each version one, the current ones first. They are kept, because deriving one
 * takes longer than using it.
 * @param make what a key is made of its bytes
 */
export function derivedKeys<Key>({ label, versions }: Purpose, make: (bytes: Uint8Array<ArrayBuffer>) => Promise<Key>) {
  const kept = new Map<string, Key>();

  async function keyOf(root: string, version: number): Promise<Key> {
    const name = `${version} ${root}`;
    const known = kept.get(name);
    if (known !== undefined) return known;
    const key = await make(await deriveBits(root, label, version));
    if (kept.size >= KEPT_MAX) kept.clear();
    kept.set(name, key);
    return key;
  }

  /** @throws Error when there is no root or one of them is empty */
  return async (roots: Roots): Promise<[current: Key, ...others: Key[]]> => {
    requireKeys(roots, SETTING);
    const keys = await Promise.all(roots.flatMap((root) => versions.map((version) => keyOf(root, version))));
    return keys as [Key, ...Key[]];
  };
}
