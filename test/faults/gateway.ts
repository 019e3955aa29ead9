import { type Stack, startStack } from "../../scripts/lib/stack.ts";
import type { Journal } from "./journal.ts";

export type KillableGateway = {
  url: string;
  /** With every scope. */
  adminKey: string;
  addApiKey: (owner: string) => Promise<string>;
  /** Kills the gateway and starts it again on the same data and port. */
  kill: () => Promise<void>;
  /** Fires the cron trigger. */
  fireCron: () => Promise<void>;
  stop: () => Promise<void>;
};

export type GatewayOptions = {
  stateDir: string;
  buildDir: string;
  environment: Record<string, string>;
  journal: Journal;
  onLog?: (line: string) => void;
};

/** A gateway that survives what a crash of its machine would do to it. */
export async function startGateway(options: GatewayOptions): Promise<KillableGateway> {
  const { journal, stateDir, buildDir, environment, onLog } = options;
  const boot = (gatewayPort: number): Promise<Stack> =>
    startStack({
      emulator: false,
      stateDir,
      buildDir,
      environment,
      gatewayPort,
      seedKey: gatewayPort === 0,
      migrate: gatewayPort === 0,
      onLog: (_, { message }) => onLog?.(message),
    });
  let stack = await boot(0);
  const { gatewayUrl, apiKey } = stack;
  const port = Number(new URL(gatewayUrl).port);
  return {
    url: gatewayUrl,
    adminKey: apiKey,
    // Admins are told the vendor's own codes, by which the books judge.
    addApiKey: (owner) => stack.addApiKey({ owner, name: "soak", scopes: ["submit", "read", "admin"] }),
    kill: async () => {
      const from = Date.now();
      const outage = { from, to: Number.POSITIVE_INFINITY };
      journal.down.push(outage);
      await stack.stop();
      stack = await boot(port);
      outage.to = Date.now();
    },
    fireCron: () => stack.fireCron(),
    stop: () => stack.stop(),
  };
}
