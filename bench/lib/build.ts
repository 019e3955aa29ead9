import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { EMULATOR_CONFIG, GATEWAY_CONFIG, ROOT } from "../../scripts/lib/paths.ts";
import { runWrangler } from "../../scripts/lib/wrangler.ts";

/** Everything here that runs in workerd. */
export type BenchWorker = "gateway" | "emulator" | "floor" | "keeper" | "signing";

/** Where the minified Workers are put, each in a folder of its name, as {@link builtModule} of the scripts expects. */
export const BENCH_BUILD_DIR = join(ROOT, ".wrangler/bench-build");

const CONFIGS: Record<BenchWorker, string> = {
  gateway: GATEWAY_CONFIG,
  emulator: EMULATOR_CONFIG,
  floor: join(ROOT, "bench/peers/floor/wrangler.toml"),
  keeper: join(ROOT, "bench/peers/keeper/wrangler.toml"),
  signing: join(ROOT, "bench/peers/signing/wrangler.toml"),
};

export function configOf(worker: BenchWorker): string {
  return CONFIGS[worker];
}

export function benchModule(worker: BenchWorker): string {
  return join(BENCH_BUILD_DIR, worker, "index.js");
}

/** Bundles Workers as a deploy would, minified. */
export async function buildForBench(workers: readonly BenchWorker[]): Promise<void> {
  await mkdir(BENCH_BUILD_DIR, { recursive: true });
  await Promise.all(
    workers.map((worker) =>
      runWrangler([
        "deploy",
        "--dry-run",
        "--minify",
        "--config",
        CONFIGS[worker],
        "--outdir",
        join(BENCH_BUILD_DIR, worker),
      ]),
    ),
  );
}
