import type { Caller } from "../auth/key-ring.ts";
import type { Services } from "../services.ts";

/** What the middleware leaves for the handlers. */
export type AppEnv = {
  Bindings: Env;
  Variables: {
    services: Services;
    caller: Caller;
    /** Of a request that is signed as for the vendor: the id of its key pair, once that is known, and its signature, once seen to be right. */
    secretId: string;
    signed: { signature: string; signedHeaders: ReadonlySet<string> };
  };
};
