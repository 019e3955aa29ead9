import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Miniflare } from "miniflare";
import { applyMigrations, buildWorkers, builtModule, type WorkerName } from "./build.ts";
import { startCron } from "./cron.ts";
import { generateApiKey, type NewApiKey } from "./api-key.ts";
import { localKey, seedApiKey, seedLocalKey } from "./local-keys.ts";
import { createEmulatorClient } from "./emulator-client.ts";
import { emulatorVars, type Environment, gatewayVars } from "./local-env.ts";
import { EMULATOR_CONFIG, GATEWAY_CONFIG, persistencePath } from "./paths.ts";
import { claimPorts, HOST } from "./ports.ts";
import { bootWorker, type LogLine } from "./runtime.ts";
import { until } from "./until.ts";

const READY_TIMEOUT_MS = 20_000;
const PROBE_TIMEOUT_MS = 5_000;

export type StackOptions = {
  /** Folder of everything that must outlive the processes. Default: a new one, gone with the stack. */
  stateDir?: string;
  gateway?: boolean;
  /** With `VOD_ENDPOINT` in `environment` there is none in any case. */
  emulator?: boolean;
  /** 0, the default, takes a free one. */
  gatewayPort?: number;
  emulatorPort?: number;
  /** Source of the gateway's variables; what it lacks has a local value. Default: empty. */
  environment?: Environment;
  /** Folder with Workers that are built already; without it they are built now. */
  buildDir?: string;
  /** Whether to bring the database to the newest schema. Default: yes. */
  migrate?: boolean;
  /** Whether to make `apiKey` valid. Default: yes. */
  seedKey?: boolean;
  onProgress?: (step: string) => void;
  onLog?: (worker: WorkerName, line: LogLine) => void;
  /** Ends a start that is under way. */
  signal?: AbortSignal;
};

export type Stack = {
  /** Empty when that Worker was not started. */
  gatewayUrl: string;
  emulatorUrl: string;
  /** `sk-dev` with an emulator, or with `DEV_KEY=sk-dev` in the environment; else a new one. */
  apiKey: string;
  /** Makes a further key. @throws without a gateway. */
  addApiKey: (input: NewApiKey) => Promise<string>;
  callbackSecret: string;
  /** Fires the gateway's cron trigger now, besides its turn each minute. */
  fireCron: () => Promise<void>;
  /**
   * Ends the runtimes at once, as a crash would: no Worker is told, only what is stored survives. A stack started
   * again on the same folder goes on from there.
   */
  stop: () => Promise<void>;
};

/**
 * Starts the gateway and the vendor's emulator, and returns when both answer.
 * @throws {PortInUseError | WranglerError | Error} after what was started has been stopped again.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  if (options.stateDir !== undefined) return startIn(resolve(options.stateDir), options);
  const stateDir = await mkdtemp(join(tmpdir(), "reelgate-"));
  const discard = () => rm(stateDir, { recursive: true, force: true });
  try {
    const stack = await startIn(stateDir, options);
    return { ...stack, stop: () => stack.stop().then(discard) };
  } catch (error) {
    await discard();
    throw error;
  }
}

async function startIn(stateDir: string, options: StackOptions): Promise<Stack> {
  const environment = options.environment ?? {};
  const onProgress = options.onProgress ?? (() => undefined);
  const onLog = options.onLog ?? (() => undefined);
  const withGateway = options.gateway ?? true;
  const withEmulator = (options.emulator ?? true) && !environment["VOD_ENDPOINT"];
  const apiKey = localKey(environment, withEmulator);

  const [gatewayPort = 0, emulatorPort = 0] = await claimPorts([
    withGateway ? (options.gatewayPort ?? 0) : 0,
    withEmulator ? (options.emulatorPort ?? 0) : 0,
  ]);
  const gatewayUrl = withGateway ? `http://${HOST}:${gatewayPort}` : "";
  const emulatorUrl = withEmulator ? `http://${HOST}:${emulatorPort}` : "";
  const vars = gatewayVars({ ...environment, ...(withEmulator && { VOD_ENDPOINT: emulatorUrl }) });

  const buildDir = options.buildDir ?? join(stateDir, "build");
  onProgress("Building the Workers and preparing the database");
  const workers: WorkerName[] = [
    ...(withGateway ? ["gateway" as const] : []),
    ...(withEmulator ? ["emulator" as const] : []),
  ];
  await Promise.all([
    options.buildDir === undefined && buildWorkers(buildDir, workers, options.signal),
    withGateway && (options.migrate ?? true) && applyMigrations(stateDir, options.signal),
  ]);

  onProgress("Starting the runtime");
  const running: Miniflare[] = [];
  const boot = async (worker: WorkerName, port: number, workerVars: Record<string, string>): Promise<Miniflare> => {
    const miniflare = await bootWorker({
      configPath: worker === "gateway" ? GATEWAY_CONFIG : EMULATOR_CONFIG,
      modulePath: builtModule(buildDir, worker),
      port,
      persistTo: persistencePath(worker === "gateway" ? stateDir : join(stateDir, "emulator")),
      vars: workerVars,
      onLog: (line) => onLog(worker, line),
    });
    running.push(miniflare);
    return miniflare;
  };
  const stopRuntimes = async () => {
    await Promise.all(running.map((miniflare) => miniflare.dispose()));
  };

  try {
    if (withEmulator) {
      const callback = `${gatewayUrl}/callbacks/vod/${encodeURIComponent(vars.CALLBACK_SECRET)}`;
      await boot("emulator", emulatorPort, emulatorVars(vars, withGateway ? callback : undefined));
      // What the emulator was told in an earlier run is stored there: both sides start in the same mode.
      const mode = vars["VOD_EVENT_MODE"] === "pull" ? "PULL" : "PUSH";
      await createEmulatorClient(emulatorUrl).configure({ mode });
    }
    const gateway = withGateway ? await boot("gateway", gatewayPort, vars) : undefined;
    // At once: keys of an earlier start, with another vendor, must not be used now.
    if (gateway && (options.seedKey ?? true)) await seedLocalKey(gateway, apiKey);
    await Promise.all([
      withEmulator && answers(`${emulatorUrl}/_emulator/health`, options.signal),
      withGateway && answers(`${gatewayUrl}/healthz`, options.signal),
    ]);
    const cron = gateway && startCron(gateway);
    await cron?.fire();
    return {
      gatewayUrl,
      emulatorUrl,
      apiKey,
      addApiKey: async (input) => {
        if (!gateway) throw new Error("There is no gateway to make a key for");
        const key = generateApiKey();
        await seedApiKey(gateway, key, input);
        return key;
      },
      callbackSecret: vars.CALLBACK_SECRET,
      fireCron: async () => cron?.fire(),
      stop: async () => {
        cron?.stop();
        await stopRuntimes();
      },
    };
  } catch (error) {
    await stopRuntimes();
    throw error;
  }
}

async function answers(url: string, signal: AbortSignal | undefined): Promise<void> {
  await until(`${url} to answer`, READY_TIMEOUT_MS, async () => {
    const response = await fetch(url, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
    const body = await response.text();
    if (signal?.aborted) return true;
    if (!response.ok) throw new Error(`HTTP ${response.status}: ${body.slice(0, 1_000)}`);
    return true;
  });
  signal?.throwIfAborted();
}
