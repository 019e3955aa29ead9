import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import { unstable_getMiniflareWorkerOptions, unstable_readConfig } from "wrangler";
import { ROOT } from "../../scripts/lib/paths.ts";
import { HOST } from "../../scripts/lib/ports.ts";
import { STOP_SIGNALS } from "../../scripts/lib/runtime.ts";
import { newRuntime, ownChildren } from "./processes.ts";

export type DirectWorkerBoot = {
  configPath: string;
  /** The built module. */
  modulePath: string;
  /** 0 takes a free one. */
  port: number;
  /** Folder of D1, KV and Durable Objects, if the Worker has any. */
  persistTo?: string;
  vars: Record<string, string>;
  /** Lets the runtime be looked into; see {@link DirectWorker.inspectorUrl}. */
  inspect?: boolean | undefined;
};

export type DirectWorker = {
  miniflare: Miniflare;
  url: string;
  /** Of the runtime. */
  pid: number;
  /** Where the Worker's isolate speaks the DevTools protocol; undefined unless it was booted so. */
  inspectorUrl?: string;
};

/**
 * Boots one Worker in a runtime of its own, on a socket whose only service is that Worker. On Miniflare's usual port
 * every request first passes through its entry Worker, JavaScript in the same process that no deployment has and that
 * would be measured as if it were the Worker's own.
 */
export async function bootDirect(boot: DirectWorkerBoot): Promise<DirectWorker> {
  const before = await ownChildren();
  const { options, name } = await optionsOf(boot);
  const listeners = STOP_SIGNALS.map((signal) => [signal, new Set(process.listeners(signal))] as const);
  const miniflare = new Miniflare(options);
  // What a signal means is for the program to say, not for Miniflare.
  for (const [signal, known] of listeners) {
    for (const listener of process.listeners(signal)) if (!known.has(listener)) process.off(signal, listener);
  }
  try {
    const url = await miniflare.unsafeGetDirectURL(name);
    const worker = { miniflare, url: url.origin, pid: await newRuntime(before) };
    if (!boot.inspect) return worker;
    const inspector = await miniflare.getInspectorURL();
    return { ...worker, inspectorUrl: `${inspector.origin}/core:user:${name}` };
  } catch (error) {
    await miniflare.dispose().catch(() => undefined);
    throw error;
  }
}

async function optionsOf({ configPath, modulePath, port, persistTo, vars, inspect }: DirectWorkerBoot) {
  // The scripts' guard ends the runtime with this process, however this process ends.
  const ofMiniflare = createRequire(createRequire(import.meta.url).resolve("miniflare"));
  process.env["REELGATE_WORKERD"] = (ofMiniflare("workerd") as { default: string }).default;
  process.env["MINIFLARE_WORKERD_PATH"] = join(ROOT, "scripts/lib/workerd-guard.sh");
  process.env["CLOUDFLARE_LOAD_DEV_VARS_FROM_DOT_ENV"] = "false";

  const config = { ...unstable_readConfig({ config: configPath }), secrets: {} };
  const { workerOptions } = unstable_getMiniflareWorkerOptions(config);
  const name = config.name ?? "worker";
  const contents = await readFile(modulePath, "utf8");
  const options = convertV4MiniflareOptions({
    host: HOST,
    cf: false,
    telemetry: { enabled: false },
    ...(inspect && { inspectorPort: 0 }),
    ...(persistTo !== undefined && { resourcePersistencePath: persistTo }),
    log: new Log(LogLevel.WARN),
    handleStructuredLogs: () => undefined,
    workers: [
      {
        ...workerOptions,
        name,
        bindings: Object.assign({}, workerOptions.bindings, vars),
        modulesRoot: dirname(modulePath),
        modules: [{ type: "ESModule", path: modulePath, contents }],
        unsafeDirectSockets: [{ host: HOST, port }],
      },
    ],
  });
  return { options, name };
}
