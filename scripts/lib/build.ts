import { join } from "node:path";
import { DATABASE_BINDING } from "./database.ts";
import { EMULATOR_CONFIG, GATEWAY_CONFIG } from "./paths.ts";
import { runWrangler } from "./wrangler.ts";

export type WorkerName = "gateway" | "emulator";

const CONFIGS: Record<WorkerName, string> = { gateway: GATEWAY_CONFIG, emulator: EMULATOR_CONFIG };

export function builtModule(buildDir: string, worker: WorkerName): string {
  return join(buildDir, worker, "index.js");
}

/** Bundles Workers as a deploy would, below `buildDir`. */
export async function buildWorkers(
  buildDir: string,
  workers: readonly WorkerName[],
  signal?: AbortSignal,
): Promise<void> {
  await Promise.all(
    workers.map((worker) =>
      runWrangler(["deploy", "--dry-run", "--config", CONFIGS[worker], "--outdir", join(buildDir, worker)], signal),
    ),
  );
}

/** Brings the local database below `stateDir` to the newest schema. */
export async function applyMigrations(stateDir: string, signal?: AbortSignal): Promise<void> {
  await runWrangler(["d1", "migrations", "apply", DATABASE_BINDING, "--local", "--persist-to", stateDir], signal);
}
