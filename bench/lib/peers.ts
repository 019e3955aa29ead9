import { spawn } from "node:child_process";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import * as z from "zod";
import { call } from "../../scripts/lib/http.ts";
import { DEV_API_KEY } from "../../scripts/lib/local-env.ts";
import { ROOT } from "../../scripts/lib/paths.ts";
import { SUBMIT_PATH } from "../peers/options.ts";
import { cpuMilliseconds } from "./cpu-time.ts";
import { residentBytes } from "./processes.ts";
import { newStateDir } from "./state-dir.ts";

const START_TIMEOUT_MS = 60_000;

const announcement = z.object({ url: z.url(), pid: z.number().int(), inspectorUrl: z.url().optional() });
const vendorCounts = z.object({ tasks: z.number(), intents: z.number(), intents_paid_again: z.number() });

/** A server in a process of its own. */
export type Peer = {
  url: string;
  /** Of the process that serves. */
  pid: number;
  /** CPU time of that process since it began; see {@link cpuMilliseconds}. */
  cpuMilliseconds: () => Promise<number>;
  residentBytes: () => Promise<number>;
  /** Of a Worker that was started so: where its isolate is profiled. */
  inspectorUrl: string | undefined;
  stop: () => Promise<void>;
};

/** Those that stand in front of the vendor. */
export type PeerName = "reelgate" | "express" | "fastify" | "floor" | "keeper";

export const PEER_TITLES: Record<PeerName, string> = {
  reelgate: "Reelgate",
  express: "Express + SDK",
  fastify: "Fastify + SDK + SQLite",
  floor: "Worker that only signs",
  keeper: "Worker that signs and keeps",
};

/**
 * Starts a module of `bench/peers` as a process and waits until it says that it is ready.
 * @throws when it does not say so within {@link START_TIMEOUT_MS}
 */
export async function startPeer(module: string, options: object): Promise<Peer> {
  const child = spawn(process.execPath, [join(ROOT, "bench/peers", module), JSON.stringify(options)], {
    cwd: ROOT,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const stop = async () => {
    child.stdin.end();
    await ended;
  };
  const timer = setTimeout(() => child.kill("SIGKILL"), START_TIMEOUT_MS);
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      const { url, pid, inspectorUrl } = announcement.parse(JSON.parse(line));
      // Nobody reads on: what the child still writes must not fill the pipe.
      child.stdout.resume();
      return {
        url,
        pid,
        inspectorUrl,
        cpuMilliseconds: () => cpuMilliseconds(pid),
        residentBytes: () => residentBytes(pid),
        stop,
      };
    }
    throw new Error(`The peer ${module} ended before it was ready`);
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** The plain vendor that all peers call. */
export type PlainVendor = Peer & {
  /** Sets the delay of its answers to calls and forgets every task. */
  reset: (delayMs: number) => Promise<void>;
  /** Tasks made since the reset, different intents among them, and intents with more than one task. */
  counts: () => Promise<z.infer<typeof vendorCounts>>;
};

export async function startVendor(): Promise<PlainVendor> {
  const peer = await startPeer("vendor.ts", {});
  const control = async (json?: object) => {
    const { body } = await call(`${peer.url}/_vendor`, json ? { method: "PUT", json } : {});
    return vendorCounts.parse(body);
  };
  return {
    ...peer,
    reset: async (delayMs) => {
      await control({ delay_ms: delayMs });
    },
    counts: () => control(),
  };
}

/**
 * The vendor and all its peers, started one after the other. Gateway and floor must have been built.
 * @param options.inspect whether the isolates of Workers can be profiled
 */
export async function startField<Name extends PeerName>(names: readonly Name[], { inspect }: { inspect: boolean }) {
  const stateDir = await newStateDir();
  const started: Peer[] = [];
  const stop = async () => {
    for (const peer of started.toReversed()) await peer.stop();
    await rm(stateDir, { recursive: true, force: true });
  };
  try {
    const vendor = await startVendor();
    started.push(vendor);
    const peers = {} as Record<Name, Peer>;
    for (const name of names) {
      const options = { vodEndpoint: vendor.url, apiKey: DEV_API_KEY, stateDir, inspect };
      peers[name] = await startPeer(...moduleOf(name, options));
      started.push(peers[name]);
    }
    return { vendor, peers, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function moduleOf(name: PeerName, options: object): [module: string, options: object] {
  if (name === "reelgate") return ["worker.ts", { ...options, worker: "gateway" }];
  if (name === "floor" || name === "keeper") return ["worker.ts", { ...options, worker: name }];
  return [`${name}.ts`, options];
}

/** As the peer wants it: the floors forward it, so they get the vendor's form. @param sessionId none: without one */
export function submission(
  name: PeerName,
  sessionId?: string,
): { path: string; headers: Record<string, string>; body: string } {
  const headers = { "content-type": "application/json", authorization: `Bearer ${DEV_API_KEY}` };
  const body = name === "floor" || name === "keeper" ? vendorBody(sessionId) : clientBody(sessionId);
  return { path: SUBMIT_PATH, headers, body: JSON.stringify(body) };
}

const PROMPT =
  "A paper boat drifts down a rain-soaked street at dusk, neon reflections, slow dolly shot, shallow focus.";

function clientBody(sessionId: string | undefined): object {
  return {
    model_name: "Kling",
    model_version: "1.6",
    prompt: PROMPT,
    file_infos: [{ type: "Url", url: "https://images.example.com/boat.png" }],
    output_config: { storage_mode: "Temporary", duration: 5, resolution: "720P", aspect_ratio: "16:9" },
    session_id: sessionId,
    session_context: "bench",
  };
}

function vendorBody(sessionId: string | undefined): object {
  return {
    SubAppId: 251007502,
    ModelName: "Kling",
    ModelVersion: "1.6",
    Prompt: PROMPT,
    FileInfos: [{ Type: "Url", Url: "https://images.example.com/boat.png" }],
    OutputConfig: { StorageMode: "Temporary", Duration: 5, Resolution: "720P", AspectRatio: "16:9" },
    SessionId: sessionId,
    SessionContext: "bench",
  };
}
