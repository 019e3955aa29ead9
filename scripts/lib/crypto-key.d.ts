import type { webcrypto } from "node:crypto";

declare global {
  /** Node has the global value; its types lack the global type that the signing code shares with Workers. */
  interface CryptoKey extends webcrypto.CryptoKey {}
}
