import { rm } from "node:fs/promises";
import { join } from "node:path";
import { ROOT } from "../../scripts/lib/paths.ts";
import { startStack } from "../../scripts/lib/stack.ts";
import { runWrangler } from "../../scripts/lib/wrangler.ts";
import { bootGateway, type Gateway } from "./gateway.ts";
import { type Lab, labOf } from "./lab.ts";
import { NO_LIMITS, UNLIMITED } from "./no-limits.ts";
import { newStateDir } from "./state-dir.ts";

const CONFIG = join(ROOT, "bench/peers/counted/wrangler.toml");
const BUILD_DIR = join(ROOT, ".wrangler/bench-build/counted");

/** Bundles the counting Worker. @returns the folder to boot a gateway from */
export async function buildCounted(): Promise<string> {
  await runWrangler(["deploy", "--dry-run", "--minify", "--config", CONFIG, "--outdir", join(BUILD_DIR, "gateway")]);
  return BUILD_DIR;
}

export type GatewayLab = Lab & { gateway: Gateway };

/**
 * Has `work` done with a gateway in front of the emulator, neither of which limits anything, and ends both.
 * @param buildDir of the gateway, counting or not
 */
export async function withGateway<T>(
  options: { buildDir: string; emulatorBuildDir: string; vars?: Record<string, string>; inspect?: boolean },
  work: (lab: GatewayLab) => Promise<T>,
): Promise<T> {
  const { buildDir, emulatorBuildDir, vars, inspect } = options;
  const stateDir = await newStateDir();
  try {
    const emulator = await startStack({ gateway: false, buildDir: emulatorBuildDir });
    try {
      const gateway = await bootGateway({
        stateDir,
        buildDir,
        vodEndpoint: emulator.emulatorUrl,
        vars: { ...NO_LIMITS, ...vars },
        inspect,
      });
      try {
        const { gatewayUrl, apiKey } = gateway;
        const lab = labOf({ gatewayUrl, apiKey, emulatorUrl: emulator.emulatorUrl, addApiKey: emulator.addApiKey });
        await lab.vendor.configure({
          notification_url: gateway.callbackUrl,
          concurrency: UNLIMITED,
          requests_per_second: UNLIMITED,
        });
        return await work({ ...lab, gateway });
      } finally {
        await gateway.kill();
      }
    } finally {
      await emulator.stop();
    }
  } finally {
    await rm(stateDir, { recursive: true, force: true });
  }
}
