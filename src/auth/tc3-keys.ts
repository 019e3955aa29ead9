import { ConfigError } from "../config.ts";
import { sha256Hex } from "../signing/encoding.ts";
import type { Roots } from "../signing/derive.ts";
import { openSecret } from "../signing/secret-box.ts";
import { deriveSigningKey } from "../signing/tc3.ts";
import { readTc3Claim, SECRET_ID_NOT_FOUND, type Tc3Refusal, verifyTc3 } from "../signing/tc3-verify.ts";
import type { Store } from "../store/index.ts";
import { createKnownKeys, type KeySources } from "./known-keys.ts";
import { API_KEY_CACHE_MS, type Caller, storedScopes } from "./key-ring.ts";

const KEY_PAIR_CACHE_ENTRIES = 1_000;
/** Longer ones are not ours. */
const SECRET_ID_MAX_CHARACTERS = 64;
const UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD";

/** Whose request it is and what of it is beyond doubt; else why not, in the vendor's code. */
export type Tc3Identity =
  | { ok: true; caller: Caller; signature: string; signedHeaders: ReadonlySet<string> }
  | Tc3Refusal;

/** A POST to "/". */
export type Tc3Incoming = {
  headers: Headers;
  url: string;
  /** A further name, with its port, under which clients call this gateway. */
  publicHost?: string | undefined;
  body: ArrayBuffer;
};

type KeyPair = { caller: Caller; secretKey: string };

export type Tc3KeyRing = ReturnType<typeof createTc3KeyRing>;

/**
 * Tells callers by their TC3 signature, made with a key pair of ours. Opened secrets stay in memory as long as API keys.
 * @param roots what the key that opens the stored secrets is derived from
 */
export function createTc3KeyRing({ store, ...sources }: KeySources & { store: Pick<Store, "tc3Keys"> }, roots: Roots) {
  const { deps } = sources;
  const keys = createKnownKeys("tc3_key", sources, (secretId) => store.tc3Keys.find(secretId));
  const cache = new Map<string, { pair: KeyPair; until: number }>();

  const nowSeconds = () => Math.floor(deps.now() / 1000);

  async function find(secretId: string, beforeLookUp?: () => void): Promise<KeyPair | undefined> {
    if (secretId.length > SECRET_ID_MAX_CHARACTERS) return undefined;
    const now = deps.now();
    const known = cache.get(secretId);
    if (known && known.until > now) return known.pair;
    cache.delete(secretId);
    beforeLookUp?.();
    const row = await keys.find(secretId);
    if (!row) return undefined;
    const secretKey = await openSecret({ sealed: row.secret, name: secretId, roots });
    if (secretKey === undefined)
      throw new ConfigError(["GATEWAY_SECRET is not the one that the secret of this key pair was encrypted with"]);
    const caller = { keyId: row.secret_id, owner: row.owner, scopes: storedScopes.parse(JSON.parse(row.scopes)) };
    const pair = { caller, secretKey };
    if (cache.size >= KEY_PAIR_CACHE_ENTRIES) cache.clear();
    cache.set(secretId, { pair, until: now + API_KEY_CACHE_MS });
    return pair;
  }

  return {
    /**
     * Looks at the headers alone, so that nothing of a stranger's body is read.
     * @param beforeLookUp called before a SecretId that is not in memory is looked up
     * @returns whose key pair signed it, if it did; or why the request is refused whatever its body
     * @throws {ConfigError} when no root's key opens the secret
     */
    async claim(headers: Headers, beforeLookUp: () => void): Promise<{ ok: true; secretId: string } | Tc3Refusal> {
      // A body that nobody signed must not cost money.
      if (headers.get("x-tc-content-sha256") === UNSIGNED_PAYLOAD) {
        const message = "An unsigned payload is not accepted: sign the body.";
        return { ok: false, code: "AuthFailure.InvalidAuthorization", message };
      }
      const read = readTc3Claim(headers, nowSeconds());
      if (!read.ok) return read;
      const { secretId } = read.claim;
      return (await find(secretId, beforeLookUp)) ? { ok: true, secretId } : SECRET_ID_NOT_FOUND;
    },

    /** @throws {ConfigError} when no root's key opens the secret */
    async identify({ headers, url, publicHost, body }: Tc3Incoming): Promise<Tc3Identity> {
      const { host, search } = new URL(url);
      const request = {
        headers,
        hosts: [headers.get("host") ?? host, ...(publicHost === undefined ? [] : [publicHost])],
        query: search.slice(1),
        payloadHash: () => sha256Hex(new Uint8Array(body)),
      };
      let caller: Caller | undefined;
      const verdict = await verifyTc3(
        request,
        async ({ secretId, date, service }) => {
          const pair = await find(secretId);
          caller = pair?.caller;
          return pair && deriveSigningKey({ secretKey: pair.secretKey, date, service });
        },
        nowSeconds(),
      );
      if (!verdict.ok) return verdict;
      if (!caller) throw new Error("A signature was verified without a key pair.");
      const { signature, signedHeaders } = verdict.claim;
      return { ok: true, caller, signature, signedHeaders: new Set(signedHeaders) };
    },
  };
}
