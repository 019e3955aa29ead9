import type { Miniflare } from "miniflare";
import { applyMigrations, builtModule } from "../../scripts/lib/build.ts";
import { DEV_API_KEY, gatewayVars } from "../../scripts/lib/local-env.ts";
import { seedDevKey } from "../../scripts/lib/local-keys.ts";
import { GATEWAY_CONFIG, persistencePath } from "../../scripts/lib/paths.ts";
import { claimPorts } from "../../scripts/lib/ports.ts";
import type { Target } from "./client.ts";
import { cpuMilliseconds } from "./cpu-time.ts";
import { bootDirect } from "./direct-worker.ts";
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
};

/**
 * A gateway by itself: unlike a stack it shows its process and its database, takes any variable, and is called without
 * Miniflare's entry Worker in between.
 */
export type Gateway = Target & {
  port: number;
  /** Of the runtime's process. */
  pid: number;
  callbackUrl: string;
  database: Awaited<ReturnType<Miniflare["getD1Database"]>>;
  /** How many tasks have no end yet, by a look into the database that the gateway knows nothing of. */
  openTasks: () => Promise<number>;
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
  const { miniflare, url, pid } = await bootDirect({
    configPath: GATEWAY_CONFIG,
    modulePath: builtModule(buildDir, "gateway"),
    port,
    persistTo: persistencePath(stateDir),
    vars,
  });
  try {
    await seedDevKey(miniflare);
    const database = await miniflare.getD1Database("DB");
    // Prepared and called once while all is quiet: for `prepare`, and for the first call of a method, Miniflare halts this
    // process, which then does not read the runtime's log; a runtime with much to log waits for that, and both for ever.
    const open = database.prepare("SELECT count(*) AS open FROM tasks WHERE finished_at IS NULL");
    await open.first("open");
    return {
      port,
      gatewayUrl: url,
      pid,
      apiKey: DEV_API_KEY,
      callbackUrl: `${url}/callbacks/vod/${encodeURIComponent(vars.CALLBACK_SECRET)}`,
      database,
      openTasks: async () => (await open.first<number>("open")) ?? 0,
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
