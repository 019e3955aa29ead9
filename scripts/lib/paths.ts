import { join, resolve } from "node:path";

/** The repository's root; the scripts work from any directory. */
export const ROOT = resolve(import.meta.dirname, "../..");

export const GATEWAY_CONFIG = join(ROOT, "wrangler.toml");
export const EMULATOR_CONFIG = join(ROOT, "emulator/wrangler.toml");

/** Where Wrangler's `--persist-to DIR` keeps resources; Miniflare wants this folder itself. */
export function persistencePath(stateDir: string): string {
  return join(stateDir, "v3");
}
