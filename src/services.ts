import { createKeyRing, type KeyRing } from "./auth/key-ring.ts";
import { createTc3KeyRing, type Tc3KeyRing } from "./auth/tc3-keys.ts";
import { type Config, parseConfig } from "./config.ts";
import type { Deps } from "./deps.ts";
import { createStrangers, type Strangers } from "./http/strangers.ts";
import { createStore, type Store } from "./store/index.ts";
import type { Dispatcher } from "./tasks/contract.ts";
import { createOwnerCount, type OwnerCount } from "./tasks/owner-count.ts";
import { TaskCache } from "./tasks/task-cache.ts";
import { createVodClient, type VodClient } from "./vod/client.ts";

/** What every layer of a Worker works with. Lives as long as the isolate, so nothing in it may belong to one request. */
export type Services = {
  config: Config;
  deps: Deps;
  store: Store;
  keyRing: KeyRing;
  tc3KeyRing: Tc3KeyRing;
  dispatcher: Dispatcher;
  cache: TaskCache;
  owners: OwnerCount;
  strangers: Strangers;
};

/** What the dispatcher's object works with. */
export type ObjectServices = { config: Config; deps: Deps; store: Store; vod: VodClient };

export type ServiceOptions = { env: Env; deps: Deps };

/** @throws {ConfigError} when the deployment is misconfigured */
export function createServices({ dispatcher, ...options }: ServiceOptions & { dispatcher: Dispatcher }): Services {
  const { deps } = options;
  const { config, store } = createBase(options);
  return {
    config,
    deps,
    store,
    keyRing: createKeyRing({ store, deps, dispatcher }),
    tc3KeyRing: createTc3KeyRing({ store, deps, dispatcher }, config.roots),
    dispatcher,
    cache: new TaskCache(deps.now),
    owners: createOwnerCount({ store, deps }),
    strangers: createStrangers(deps),
  };
}

/** @throws {ConfigError} when the deployment is misconfigured */
export function createObjectServices(options: ServiceOptions): ObjectServices {
  const { config, store } = createBase(options);
  const { deps } = options;
  return { config, deps, store, vod: createVodClient(config.vod, deps) };
}

function createBase({ env, deps }: ServiceOptions): { config: Config; store: Store } {
  const jitter = () => (deps.random(1)[0] ?? 0) / 256;
  return { config: parseConfig(env), store: createStore(env, { sleep: deps.sleep, jitter }) };
}
