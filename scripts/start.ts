import { DEFAULT_EMULATOR_PORT, DEFAULT_GATEWAY_PORT, DEFAULT_STATE_DIR } from "./lib/local-env.ts";
import { PortInUseError } from "./lib/ports.ts";
import { STOP_SIGNALS } from "./lib/runtime.ts";
import { startStack } from "./lib/stack.ts";
import { UsageError } from "./lib/usage-error.ts";

const HELP = `Starts the gateway and an emulator of Tencent Cloud VOD on this machine.

  npm start

Environment:
  PORT                      the gateway's port (${DEFAULT_GATEWAY_PORT})
  EMULATOR_PORT             the emulator's port (${DEFAULT_EMULATOR_PORT})
  STATE_DIR                 where the database and all other state are kept (${DEFAULT_STATE_DIR})
  VOD_ENDPOINT              use this vendor address and start no emulator
  DEV_KEY                   sk-dev: make that key valid with VOD_ENDPOINT, too, where else a new key is made and shown
  VOD_SUB_APP_ID, VOD_SECRET_ID, VOD_SECRET_KEY, VOD_SIGN_KEY, VOD_CONCURRENCY, VOD_REQUESTS_PER_SECOND,
  VOD_MODEL_CONCURRENCY, VOD_REREAD_SECONDS, VOD_CONNECTIONS, VOD_RESEND_SECONDS, VOD_EVENT_MODE, VOD_TOKEN,
  MAX_WAITING, MAX_WAITING_MEGABYTES, MAX_DAILY_MEGABYTES, MAX_STREAMS, RETENTION_DAYS, INPUT_RETENTION_DAYS,
  MEDIA_ORIGINS, MEDIA_MAX_MEGABYTES, MEDIA_IDLE_SECONDS, FOREIGN_IDS, MODEL_POLICY, VOD_DEFAULTS,
  DISPATCHER_LOCATION, GATEWAY_SECRET, CALLBACK_SECRET, PUBLIC_URL, ADMIN_TOKEN, and the …_PREVIOUS of secrets
                            passed on to the gateway; the secrets have local values
`;

const MAX_PORT = 65_535;

function portFrom(variable: string, fallback: number): number {
  const text = process.env[variable] || String(fallback);
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > MAX_PORT) throw new UsageError(`${variable}=${text} is not a port number`);
  return port;
}

async function start(): Promise<void> {
  const gatewayPort = portFrom("PORT", DEFAULT_GATEWAY_PORT);
  const emulatorPort = portFrom("EMULATOR_PORT", DEFAULT_EMULATOR_PORT);
  const interrupted = new AbortController();
  for (const name of STOP_SIGNALS) process.once(name, () => interrupted.abort());
  const { signal } = interrupted;
  try {
    const stack = await startStack({
      stateDir: process.env["STATE_DIR"] || DEFAULT_STATE_DIR,
      gatewayPort,
      emulatorPort,
      environment: process.env,
      signal,
      onProgress: (step) => process.stdout.write(`${step}…\n`),
      onLog: (worker, { level, message }) => {
        if (worker === "gateway") process.stdout.write(`${message}\n`);
        else if (level === "error") process.stderr.write(`emulator: ${message}\n`);
      },
    });
    const page = await fetch(`${stack.gatewayUrl}/console`, { redirect: "manual" });
    process.stdout.write(
      [
        `Ready: gateway ${stack.gatewayUrl}`,
        stack.emulatorUrl ? `emulator ${stack.emulatorUrl}` : `vendor ${process.env["VOD_ENDPOINT"]}`,
        `API key ${stack.apiKey}`,
        ...(page.status === 200 ? [`console ${stack.gatewayUrl}/console`] : []),
      ].join(" · ") + "\n",
    );
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
    await stack.stop();
  } catch (error) {
    if (signal.aborted) return;
    if (error instanceof PortInUseError) {
      const variable = error.port === gatewayPort ? "PORT" : "EMULATOR_PORT";
      throw new UsageError(`Port ${error.port} is in use: set ${variable} to another one`, { cause: error });
    }
    throw error;
  }
}

if (process.argv.slice(2).some((argument) => argument === "--help" || argument === "-h")) {
  process.stdout.write(HELP);
} else {
  try {
    await start();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
