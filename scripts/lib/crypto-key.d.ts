import type { webcrypto } from "node:crypto";

declare global {
  /** Node has the global value; its types lack the global type that the signing code shares with Workers. */
  interface CryptoKey extends webcrypto.CryptoKey {}
}

declare module "node:crypto" {
  namespace webcrypto {
    /** Of the Workers' runtime; nothing that runs under Node calls it. */
    interface SubtleCrypto {
      timingSafeEqual(a: ArrayBuffer | ArrayBufferView, b: ArrayBuffer | ArrayBufferView): boolean;
    }
  }
}
