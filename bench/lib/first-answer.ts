import { type ChildProcess, spawn } from "node:child_process";
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { get } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import * as z from "zod";
import { unstable_readConfig } from "wrangler";
import { gatewayVars } from "../../scripts/lib/local-env.ts";
import { HOST } from "../../scripts/lib/ports.ts";

const TIMEOUT_MS = 30_000;
/** The runtime tells of its sockets on the first descriptor that is none of the standard ones. */
const CONTROL_FD = 3;

const listening = z.object({ event: z.literal("listen"), socket: z.string(), port: z.number() });

/** Milliseconds since the runtime's process was started. */
export type FirstAnswer = { listeningMs: number; answeredMs: number };

/**
 * A runtime that holds one Worker and nothing else: no Miniflare, no simulators, for they would take longer to start than
 * either Worker. Bindings that the first answer does not use are empty objects.
 * @param modulePath the built Worker
 */
export async function prepareWorker(modulePath: string, configPath: string) {
  const dir = await mkdtemp(join(tmpdir(), "reelgate-first-answer-"));
  const { compatibility_date: date = "", compatibility_flags: flags } = unstable_readConfig({ config: configPath });
  await copyFile(modulePath, join(dir, "index.js"));
  await writeFile(join(dir, "config.capnp"), runtimeConfig(date, flags));
  return {
    firstAnswer: (path: string) => startAndAsk(join(dir, "config.capnp"), path),
    remove: () => rm(dir, { recursive: true, force: true }),
  };
}

function runtimeConfig(date: string, flags: readonly string[]): string {
  const texts = Object.entries(gatewayVars({})).map(
    ([name, text]) => `(name = ${quoted(name)}, text = ${quoted(text)})`,
  );
  const objects = ["DB", "DEDUPE", "BLOBS", "DISPATCHER"].map((name) => `(name = ${quoted(name)}, json = "{}")`);
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .main)],
  sockets = [(name = "http", address = "${HOST}:0", http = (), service = "main")],
);
const main :Workerd.Worker = (
  modules = [(name = "index.js", esModule = embed "index.js")],
  compatibilityDate = ${quoted(date)},
  compatibilityFlags = [${flags.map(quoted).join(", ")}],
  bindings = [${[...texts, ...objects].join(", ")}],
);
`;
}

const quoted = (text: string) => JSON.stringify(text);

async function startAndAsk(config: string, path: string): Promise<FirstAnswer> {
  const began = performance.now();
  const child = spawn(runtimeExecutable(), ["serve", config, `--control-fd=${CONTROL_FD}`], {
    stdio: ["ignore", "ignore", "pipe", "pipe"],
  });
  let said = "";
  child.stderr?.on("data", (text: Buffer) => (said += text.toString()));
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const timer = setTimeout(() => child.kill("SIGKILL"), TIMEOUT_MS);
  try {
    const port = await portOf(child);
    const listeningMs = performance.now() - began;
    await answered(`http://${HOST}:${port}${path}`);
    return { listeningMs, answeredMs: performance.now() - began };
  } catch (cause) {
    throw new Error(`No first answer. The runtime said: ${said}`, { cause });
  } finally {
    clearTimeout(timer);
    child.kill("SIGKILL");
    await ended;
  }
}

async function portOf(child: ChildProcess): Promise<number> {
  for await (const line of createInterface({ input: child.stdio[CONTROL_FD] as Readable })) {
    const event = listening.safeParse(JSON.parse(line));
    if (event.success) return event.data.port;
  }
  throw new Error("The runtime ended before it listened");
}

/** Without the connections that `fetch` keeps. */
function answered(url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`HTTP ${response.statusCode}`));
      response.resume().once("end", resolve);
    }).once("error", reject);
  });
}

function runtimeExecutable(): string {
  const ofMiniflare = createRequire(createRequire(import.meta.url).resolve("miniflare"));
  return (ofMiniflare("workerd") as { default: string }).default;
}
