import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare, type MiniflareOptions } from "miniflare";
import { unstable_getMiniflareWorkerOptions, unstable_readConfig } from "wrangler";
import { HOST } from "./ports.ts";

/** Signals that ask a program to end. */
export const STOP_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** A line the Worker has written to its console. */
export type LogLine = { level: string; message: string };

export type WorkerBoot = {
  configPath: string;
  /** The built module. */
  modulePath: string;
  port: number;
  /** Folder of D1, KV and Durable Objects. */
  persistTo: string;
  vars: Record<string, string>;
  onLog: (line: LogLine) => void;
};

/** Boots one Worker in a runtime process of its own. */
export async function bootWorker(boot: WorkerBoot): Promise<Miniflare> {
  guardRuntime();
  const forgetNewListeners = watchSignalListeners();
  const miniflare = new Miniflare(await miniflareOptions(boot));
  forgetNewListeners();
  try {
    await miniflare.ready;
  } catch (error) {
    await miniflare.dispose().catch(() => undefined);
    throw error;
  }
  return miniflare;
}

async function miniflareOptions(boot: WorkerBoot): Promise<MiniflareOptions> {
  // `vars` holds every secret: Wrangler need neither look for them nor warn of them.
  process.env["CLOUDFLARE_LOAD_DEV_VARS_FROM_DOT_ENV"] = "false";
  const config = { ...unstable_readConfig({ config: boot.configPath }), secrets: {} };
  const { workerOptions } = unstable_getMiniflareWorkerOptions(config);
  const contents = await readFile(boot.modulePath, "utf8");
  return convertV4MiniflareOptions({
    host: HOST,
    port: boot.port,
    cf: false,
    telemetry: { enabled: false },
    resourcePersistencePath: boot.persistTo,
    log: new Log(LogLevel.WARN),
    handleStructuredLogs: boot.onLog,
    workers: [
      {
        ...workerOptions,
        name: config.name ?? "worker",
        bindings: Object.assign({}, workerOptions.bindings, boot.vars),
        modulesRoot: dirname(boot.modulePath),
        modules: [{ type: "ESModule", path: boot.modulePath, contents }],
      },
    ],
  });
}

/** Has Miniflare start the runtime through a script that ends it with this process, however this process ends. */
function guardRuntime(): void {
  const ofMiniflare = createRequire(createRequire(import.meta.url).resolve("miniflare"));
  const workerd = ofMiniflare("workerd") as { default: string };
  process.env["REELGATE_WORKERD"] = workerd.default;
  process.env["MINIFLARE_WORKERD_PATH"] = join(import.meta.dirname, "workerd-guard.sh");
}

/**
 * What a signal means is for the program to say. Miniflare and Wrangler listen for themselves and leave at
 * once, with runtimes and temporary folders still there: the function returned takes back the listeners added since.
 */
function watchSignalListeners(): () => void {
  const before = STOP_SIGNALS.map((name) => [name, process.listeners(name)] as const);
  return () => {
    for (const [name, known] of before) {
      for (const listener of process.listeners(name)) if (!known.includes(listener)) process.off(name, listener);
    }
  };
}
