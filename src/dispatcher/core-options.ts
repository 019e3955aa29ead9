import type { Config } from "../config.ts";
import { CREATE_CALL_MAX_MS } from "../vod/call-limits.ts";
import type { CoreOptions } from "./ledger.ts";

/** Space for what is taken already: nothing new is, above it. The platform's limit is 10 GB an object. */
const STORAGE_MAX_BYTES = 7_000_000_000;
const UNTOLD_MAX_TASKS = 500_000;
/** Pulling events holds a connection of its own; one more is for notes that nobody waits for. */
const PULL_CONNECTIONS = 1;

/** What the core needs of the configuration. */
export function coreOptions({ vod, limits }: Config): CoreOptions {
  return {
    concurrency: vod.concurrency,
    requestsPerSecond: vod.requestsPerSecond,
    modelConcurrency: vod.modelConcurrency,
    connections: Math.max(1, vod.connections - (vod.eventMode === "pull" ? PULL_CONNECTIONS : 0)),
    createTimeoutMs: CREATE_CALL_MAX_MS,
    resendAfterMs: vod.resendAfterMs,
    rereadAfterMs: vod.rereadAfterMs,
    maxWaiting: limits.maxWaiting,
    maxWaitingBytes: limits.maxWaitingBytes,
    maxDailyBytes: limits.maxDailyBytes,
    maxUntold: UNTOLD_MAX_TASKS,
    maxBytes: STORAGE_MAX_BYTES,
  };
}
