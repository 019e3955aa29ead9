import { join } from "node:path";
import { runWrangler } from "../../scripts/lib/wrangler.ts";

const CONFIG = join(import.meta.dirname, "worker/wrangler.toml");

/** Bundles the gateway between faulty bindings, as the gateway of `buildDir`. */
export async function buildFaulty(buildDir: string): Promise<void> {
  await runWrangler(["deploy", "--dry-run", "--config", CONFIG, "--outdir", join(buildDir, "gateway")]);
}
