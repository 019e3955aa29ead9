import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Miniflare } from "miniflare";
import { applyMigrations, builtModule } from "../../scripts/lib/build.ts";
import { DEV_API_KEY, gatewayVars } from "../../scripts/lib/local-env.ts";
import { seedDevKey } from "../../scripts/lib/local-keys.ts";
import { GATEWAY_CONFIG, persistencePath } from "../../scripts/lib/paths.ts";
import { claimPorts, HOST } from "../../scripts/lib/ports.ts";
import { bootWorker } from "../../scripts/lib/runtime.ts";
import type { Target } from "./client.ts";

const KIB = 1024;
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

/** A gateway by itself: unlike a stack it shows its process and its database, and takes any variable. */
export type Gateway = Target & {
  port: number;
  callbackUrl: string;
  database: Awaited<ReturnType<Miniflare["getD1Database"]>>;
  /** Fires the cron trigger, which no timer does here. */
  fireCron: () => Promise<void>;
  /** Memory of the runtime's process that is in RAM now. */
  residentBytes: () => Promise<number>;
  /** SIGKILL to the runtime's process. */
  kill: () => Promise<void>;
};

/** Boots a gateway. No request has reached it yet, so no dispatcher is there either. */
export async function bootGateway(options: GatewayOptions): Promise<Gateway> {
  const { stateDir, buildDir } = options;
  const [port = 0] = await claimPorts([options.port ?? 0]);
  if (!options.restart) await applyMigrations(stateDir);
  const vars = { ...gatewayVars({ VOD_ENDPOINT: options.vodEndpoint }), ...options.vars };
  const before = new Set((await children()).map(({ pid }) => pid));
  const miniflare = await bootWorker({
    configPath: GATEWAY_CONFIG,
    modulePath: builtModule(buildDir, "gateway"),
    port,
    persistTo: persistencePath(stateDir),
    vars,
    onLog: () => undefined,
  });
  try {
    const started = (await children()).filter(({ pid, command }) => !before.has(pid) && command.includes("workerd"));
    await seedDevKey(miniflare);
    const gatewayUrl = `http://${HOST}:${port}`;
    return {
      port,
      gatewayUrl,
      apiKey: DEV_API_KEY,
      callbackUrl: `${gatewayUrl}/callbacks/vod/${encodeURIComponent(vars.CALLBACK_SECRET)}`,
      database: await miniflare.getD1Database("DB"),
      fireCron: async () => {
        await (await miniflare.getWorker()).scheduled({ cron: SCHEDULE });
      },
      residentBytes: async () => {
        const [runtime, ...others] = started;
        if (!runtime || others.length > 0)
          throw new Error(`Cannot tell the runtime's process: ${started.length} found`);
        const { stdout } = await run("ps", ["-o", "rss=", "-p", String(runtime.pid)]);
        return Number(stdout.trim()) * KIB;
      },
      kill: () => miniflare.dispose(),
    };
  } catch (error) {
    await miniflare.dispose();
    throw error;
  }
}

const run = promisify(execFile);

async function children(): Promise<{ pid: number; command: string }[]> {
  const { stdout } = await run("ps", ["-A", "-o", "pid=,ppid=,args="]);
  return stdout
    .split("\n")
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
    .filter((match) => match?.[2] === String(process.pid))
    .map((match) => ({ pid: Number(match?.[1]), command: match?.[3] ?? "" }));
}
