import type { Caller } from "../auth/key-ring.ts";
import type { Services } from "../services.ts";

/** What the middleware leaves for the handlers. */
export type AppEnv = {
  Bindings: Env;
  Variables: { services: Services; caller: Caller };
};
