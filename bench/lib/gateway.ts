import type { Miniflare } from "miniflare";
import { applyMigrations, builtModule } from "../../scripts/lib/build.ts";
import { DEV_API_KEY, gatewayVars } from "../../scripts/lib/local-env.ts";
import { seedDevKey } from "../../scripts/lib/local-keys.ts";
import { GATEWAY_CONFIG, persistencePath } from "../../scripts/lib/paths.ts";
import { claimPorts } from "../../scripts/lib/ports.ts";
import type { Target } from "./client.ts";
import { cpuMilliseconds } from "./cpu-time.ts";
import { bootDirect } from "./direct-worker.ts";
import { countTasks } from "./object-database.ts";
import { residentBytes } from "./processes.ts";

const SCHEDULE = "* * * * *";

export type GatewayOptions = {
  stateDir: string;
  buildDir: string;
  vodEndpoint: string;
  /** Further variables of the Worker, those that a local start does not pass through among them. */
  vars?: Record<string, string>;
  /** Whether `stateDir` has its tables already, as it has at a restart. */
  restart?: boolean;
  /** Default: a free one. */
  port?: number;
  /** Whether its isolate can be profiled. */
  inspect?: boolean | undefined;
};

/**
 * A gateway by itself: unlike a stack it shows its process and its databases, takes any variable, and is called without
 * Miniflare's entry Worker in between.
 */
export type Gateway = Target & {
  port: number;
  /** Of the runtime's process. */
  pid: number;
  callbackUrl: string;
  stateDir: string;
  /** Where the isolate of Worker and object is profiled; undefined unless it was booted so. */
  inspectorUrl: string | undefined;
  /** The record: what is finished. */
  database: Awaited<ReturnType<Miniflare["getD1Database"]>>;
  /** How many tasks the record does not have yet, by a look into the object's file that the gateway knows nothing of. */
  openTasks: () => Promise<number>;
  /** All that the object has in its table, likewise: what the record has stays there while its names do. */
  objectRows: () => Promise<number>;
  /** Fires the cron trigger, which no timer does here. */
  fireCron: () => Promise<void>;
  /** Memory of the runtime's process that is in RAM now. */
  residentBytes: () => Promise<number>;
  /** CPU time of the runtime's process since it began. */
  cpuMilliseconds: () => Promise<number>;
  /** SIGKILL to the runtime's process. */
  kill: () => Promise<void>;
};

/** Boots a gateway. No request has reached it yet, so no dispatcher is there either. */
export async function bootGateway(options: GatewayOptions): Promise<Gateway> {
  const { stateDir, buildDir } = options;
  const [port = 0] = await claimPorts([options.port ?? 0]);
  if (!options.restart) await applyMigrations(stateDir);
  const vars = { ...gatewayVars({ VOD_ENDPOINT: options.vodEndpoint }), ...options.vars };
  const { miniflare, url, pid, inspectorUrl } = await bootDirect({
    configPath: GATEWAY_CONFIG,
    modulePath: builtModule(buildDir, "gateway"),
    port,
    persistTo: persistencePath(stateDir),
    vars,
    inspect: options.inspect,
  });
  try {
    await seedDevKey(miniflare);
    const database = await miniflare.getD1Database("DB");
    return {
      port,
      gatewayUrl: url,
      pid,
      apiKey: DEV_API_KEY,
      callbackUrl: `${url}/callbacks/vod/${encodeURIComponent(vars.CALLBACK_SECRET)}`,
      stateDir,
      inspectorUrl,
      database,
      openTasks: () => countTasks(stateDir, "WHERE told = 0"),
      objectRows: () => countTasks(stateDir),
      fireCron: async () => {
        await (await miniflare.getWorker()).scheduled({ cron: SCHEDULE });
      },
      residentBytes: () => residentBytes(pid),
      cpuMilliseconds: () => cpuMilliseconds(pid),
      kill: () => miniflare.dispose(),
    };
  } catch (error) {
    await miniflare.dispose();
    throw error;
  }
}
