import { createKeyRing, type KeyRing } from "./auth/key-ring.ts";
import { createTc3KeyRing, type Tc3KeyRing } from "./auth/tc3-keys.ts";
import { type Config, parseConfig } from "./config.ts";
import type { Deps } from "./deps.ts";
import { createStore, type Store } from "./store/index.ts";
import type { Dispatcher } from "./tasks/dispatch/types.ts";
import { TaskCache } from "./tasks/task-cache.ts";
import { createVodClient, type VodClient } from "./vod/client.ts";

/** What every layer works with. Lives as long as the isolate, so nothing in it may belong to one request. */
export type Services = {
  config: Config;
  deps: Deps;
  store: Store;
  vod: VodClient;
  keyRing: KeyRing;
  tc3KeyRing: Tc3KeyRing;
  dispatcher: Dispatcher;
  cache: TaskCache;
};

export type ServiceOptions = { env: Env; deps: Deps; dispatcher: Dispatcher };

/** @throws {ConfigError} when the deployment is misconfigured */
export function createServices({ env, deps, dispatcher }: ServiceOptions): Services {
  const config = parseConfig(env);
  const store = createStore(env, { sleep: deps.sleep, jitter: () => (deps.random(1)[0] ?? 0) / 256 });
  return {
    config,
    deps,
    store,
    vod: createVodClient(config.vod, deps),
    keyRing: createKeyRing(store, deps),
    tc3KeyRing: createTc3KeyRing(store, deps, config.keyEncryptionKey),
    dispatcher,
    cache: new TaskCache(deps.now),
  };
}
