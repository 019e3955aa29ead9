import { rm } from "node:fs/promises";
import { join } from "node:path";
import { generateApiKey, newApiKeyRow } from "../../scripts/lib/api-key.ts";
import { createEmulatorClient, type EmulatorClient } from "../../scripts/lib/emulator-client.ts";
import { DEV_API_KEY } from "../../scripts/lib/local-env.ts";
import { startStack } from "../../scripts/lib/stack.ts";
import { SEED_API_KEY } from "../../src/store/api-key-sql.ts";
import { bootGateway, type Gateway } from "./gateway.ts";
import { UNLIMITED } from "./no-limits.ts";
import { type Peer, startPeer } from "./peers.ts";
import { newStateDir } from "./state-dir.ts";

/** Something that passes calls on to the emulator. */
export type VendorLine = { url: string; stop: () => Promise<void> };

/** The emulator, in front of it a gateway and whatever peers were asked for. */
export type EmulatedField<Name extends string, Line extends VendorLine | undefined = undefined> = {
  /** What stands between them and the emulator, if anything. */
  vendorLine: Line;
  vendor: EmulatorClient;
  emulatorUrl: string;
  gateway: Gateway;
  peers: Record<Name, Peer>;
  /** Has the emulator forget everything, take calls without a limit of their rate, and notify the gateway again. */
  resetVendor: (config: Record<string, unknown>) => Promise<void>;
  /** Makes a key of an owner that may submit and read. */
  addOwner: (owner: string) => Promise<string>;
  stop: () => Promise<void>;
};

export type EmulatedFieldOptions<Name extends string, Line extends VendorLine | undefined> = {
  buildDir: string;
  /** Variables of the gateway. */
  vars: Record<string, string>;
  /** Modules of `bench/peers` by the names they get. */
  peers: Record<Name, string>;
  /** Starts what all of them call instead of the emulator. */
  startLine: (emulatorUrl: string) => Promise<Line>;
};

/** @throws when something does not start; what did has ended by then. */
export async function startEmulatedField<Name extends string, Line extends VendorLine | undefined>(
  options: EmulatedFieldOptions<Name, Line>,
): Promise<EmulatedField<Name, Line>> {
  const started = new AsyncDisposableStack();
  try {
    const stateDir = await newStateDir();
    started.defer(() => rm(stateDir, { recursive: true, force: true }));
    const { emulatorUrl, stop: stopEmulator } = await startStack({
      gateway: false,
      buildDir: options.buildDir,
      stateDir: join(stateDir, "vendor"),
    });
    started.defer(stopEmulator);
    const vendorLine = await options.startLine(emulatorUrl);
    if (vendorLine) started.defer(vendorLine.stop);
    const vodEndpoint = vendorLine?.url ?? emulatorUrl;
    const gateway = await bootGateway({ stateDir, buildDir: options.buildDir, vodEndpoint, vars: options.vars });
    started.defer(gateway.kill);
    const peers = {} as Record<Name, Peer>;
    for (const [name, module] of Object.entries(options.peers) as [Name, string][]) {
      peers[name] = await startPeer(module, { vodEndpoint, apiKey: DEV_API_KEY, stateDir });
      started.defer(peers[name].stop);
    }
    const vendor = createEmulatorClient(emulatorUrl);
    return {
      vendorLine,
      vendor,
      emulatorUrl,
      gateway,
      peers,
      resetVendor: async (config) => {
        await vendor.reset();
        await vendor.configure({
          requests_per_second: UNLIMITED,
          notification_url: gateway.callbackUrl,
          ...config,
        });
      },
      addOwner: async (owner) => {
        const key = generateApiKey();
        const row = newApiKeyRow(key, { owner, name: "bench", scopes: ["submit", "read"] });
        await gateway.database
          .prepare(SEED_API_KEY)
          .bind(...row)
          .run();
        return key;
      },
      stop: () => started.disposeAsync(),
    };
  } catch (error) {
    await started.disposeAsync();
    throw error;
  }
}
