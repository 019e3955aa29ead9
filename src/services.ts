import { createKeyRing, type KeyRing } from "./auth/key-ring.ts";
import { type Config, parseConfig } from "./config.ts";
import type { Deps } from "./deps.ts";
import { createStore, type Store } from "./store/index.ts";
import { createVodClient, type VodClient } from "./vod/client.ts";

/** What every layer works with. Lives as long as the isolate, so nothing in it may belong to one request. */
export type Services = {
  config: Config;
  deps: Deps;
  store: Store;
  vod: VodClient;
  keyRing: KeyRing;
  /** Asks the dispatcher to sweep at `at` (milliseconds) or earlier. Never throws: the cron trigger is behind it. */
  wake: (at: number) => Promise<void>;
};

export type ServiceOptions = { env: Env; deps: Deps; wake: Services["wake"] };

/** @throws {ConfigError} when the deployment is misconfigured */
export function createServices({ env, deps, wake }: ServiceOptions): Services {
  const config = parseConfig(env);
  const store = createStore(env);
  return { config, deps, store, vod: createVodClient(config.vod, deps), keyRing: createKeyRing(store, deps), wake };
}
