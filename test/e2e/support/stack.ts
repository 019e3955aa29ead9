import { createEmulatorClient, type EmulatorClient } from "../../../scripts/lib/emulator-client.ts";
import { type Answer, call, type CallOptions } from "../../../scripts/lib/http.ts";
import { type Stack, type StackOptions, startStack } from "../../../scripts/lib/stack.ts";
import { leakIn } from "../../support/log-scan.ts";
import { TEST_BUILD_DIR } from "./paths.ts";

/** Long enough for a loaded machine; a test that works waits a fraction of it. */
export const COMPLETION_TIMEOUT_MS = 20_000;

export type TestStack = Stack & {
  /** The vendor's control calls. */
  vendor: EmulatorClient;
  /** What the gateway has written to its console so far. */
  logs: string[];
  /** With the development key, unless the options name another one or `headers` an `authorization`. */
  get: (path: string, options?: CallOptions) => Promise<Answer>;
  post: (path: string, json: unknown, options?: CallOptions) => Promise<Answer>;
};

/** A gateway and an emulator of one's own, on free ports and with an empty database. Stop it in `afterAll`. */
export async function bootStack(options: StackOptions = {}): Promise<TestStack> {
  const logs: string[] = [];
  const stack = await startStack({
    buildDir: TEST_BUILD_DIR,
    onLog: (worker, { message }) => {
      if (worker === "gateway") logs.push(message);
    },
    ...options,
  });
  const atGateway = (path: string, callOptions: CallOptions) =>
    call(new URL(path, stack.gatewayUrl).href, { apiKey: stack.apiKey, ...callOptions });
  return {
    ...stack,
    stop: async () => {
      await stack.stop();
      const leak = logs.map(leakIn).find((found) => found !== undefined);
      if (leak !== undefined) throw new Error(`The gateway's log holds ${leak}.`);
    },
    logs,
    vendor: createEmulatorClient(stack.emulatorUrl),
    get: (path, callOptions = {}) => atGateway(path, callOptions),
    post: (path, json, callOptions = {}) => atGateway(path, { method: "POST", json, ...callOptions }),
  };
}
