/*
 * `npm start` as a program: its ready line, its end, and what survives it.
 */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { get, type IncomingMessage } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createEmulatorClient } from "../../scripts/lib/emulator-client.ts";
import { call } from "../../scripts/lib/http.ts";
import { ROOT } from "../../scripts/lib/paths.ts";
import { claimPorts } from "../../scripts/lib/ports.ts";
import { until } from "../../scripts/lib/until.ts";
import { acceptedId, VIDEO_PATH, videoRequest } from "./support/aigc.ts";
import { COMPLETION_TIMEOUT_MS } from "./support/stack.ts";

const READY_TIMEOUT_MS = 60_000;
const EXIT_TIMEOUT_MS = 5_000;
const PORTS_FREE_TIMEOUT_MS = 2_000;
const TASK_SECONDS = 1.5;
/** Two or three starts, each of which builds the Workers. */
const RESTART_TIMEOUT_MS = 200_000;

type Program = { child: ChildProcessByStdio<null, Readable, Readable>; output: () => string };

let stateDir: string;
let gatewayPort: number;
let emulatorPort: number;
let programs: Program[];

beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), "reelgate-start-"));
  [gatewayPort = 0, emulatorPort = 0] = await claimPorts([0, 0]);
  programs = [];
});

afterEach(async () => {
  for (const { child } of programs) child.kill("SIGKILL");
  await portsFree();
  await rm(stateDir, { recursive: true, force: true });
});

function runStart(environment: Record<string, string> = {}): Program {
  const child = spawn(process.execPath, [join(ROOT, "scripts/start.ts")], {
    env: {
      ...process.env,
      PORT: String(gatewayPort),
      EMULATOR_PORT: String(emulatorPort),
      STATE_DIR: stateDir,
      ...environment,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const collect = (text: string) => void (output += text);
  child.stdout.setEncoding("utf8").on("data", collect);
  child.stderr.setEncoding("utf8").on("data", collect);
  const program = { child, output: () => output };
  programs.push(program);
  return program;
}

async function readyLine({ child, output }: Program): Promise<string> {
  return until("the ready line", READY_TIMEOUT_MS, () => {
    if (child.exitCode !== null) return output();
    return output()
      .split("\n")
      .find((line) => line.startsWith("Ready:"));
  });
}

async function portsFree(): Promise<void> {
  await until("the ports to be free", PORTS_FREE_TIMEOUT_MS, async () => {
    await claimPorts([gatewayPort, emulatorPort]);
    return true;
  });
}

it("says where both are, takes the dev key, and ends on SIGTERM with nothing left running", async () => {
  const program = runStart();
  const line = await readyLine(program);
  expect(line).toBe(
    `Ready: gateway http://127.0.0.1:${gatewayPort} · emulator http://127.0.0.1:${emulatorPort} · API key sk-dev`,
  );
  const answer = await call(`http://127.0.0.1:${gatewayPort}/tencent-vod/v1/requests`, { apiKey: "sk-dev" });
  expect(answer.status).toBe(200);
  const exit = once(program.child, "exit", { signal: AbortSignal.timeout(EXIT_TIMEOUT_MS) });
  program.child.kill("SIGTERM");
  expect(await exit).toEqual([0, null]);
  await portsFree();
});

it(
  "killed while a task runs: the ports are free at once, and the next start finishes the task",
  { timeout: RESTART_TIMEOUT_MS },
  async () => {
    const first = runStart();
    await readyLine(first);
    const gatewayUrl = `http://127.0.0.1:${gatewayPort}`;
    const vendor = createEmulatorClient(`http://127.0.0.1:${emulatorPort}`);
    await vendor.configure({ task_seconds: TASK_SECONDS });
    const json = videoRequest("submitted before the crash");
    const id = acceptedId(await call(`${gatewayUrl}${VIDEO_PATH}`, { json, apiKey: "sk-dev" }));
    first.child.kill("SIGKILL");
    await portsFree();

    await readyLine(runStart());
    const result = await until("the result", COMPLETION_TIMEOUT_MS, async () => {
      const answer = await call(`${gatewayUrl}/tencent-vod/v1/requests/${id}`, { apiKey: "sk-dev" });
      return answer.status === 200 && answer.body;
    });
    expect(result).toMatchObject({ request_id: id, video: { content_type: "video/mp4" } });
    expect(await vendor.tasks()).toHaveLength(1);
  },
);

it(
  "against another vendor it starts no emulator, and takes a new key instead of sk-dev, unless DEV_KEY says so",
  { timeout: RESTART_TIMEOUT_MS },
  async () => {
    const VOD_ENDPOINT = "http://127.0.0.1:9";
    const keyOf = (line: string) => / · API key (\S+)$/.exec(line)?.[1] ?? "";
    const taken = async (apiKey: string) =>
      (await call(`http://127.0.0.1:${gatewayPort}/tencent-vod/v1/requests`, { apiKey })).status === 200;
    const stop = async ({ child }: Program) => {
      child.kill("SIGKILL");
      await portsFree();
    };

    const asked = runStart({ VOD_ENDPOINT, DEV_KEY: "sk-dev" });
    expect(keyOf(await readyLine(asked))).toBe("sk-dev");
    expect(await taken("sk-dev")).toBe(true);
    await stop(asked);

    // On the same state, where sk-dev was good a moment ago.
    const first = runStart({ VOD_ENDPOINT });
    const line = await readyLine(first);
    const key = keyOf(line);
    expect(line).toBe(`Ready: gateway http://127.0.0.1:${gatewayPort} · vendor ${VOD_ENDPOINT} · API key ${key}`);
    expect(key).toMatch(/^sk-[\w-]{40}$/);
    await claimPorts([emulatorPort]);
    expect([await taken(key), await taken("sk-dev")]).toEqual([true, false]);
    await stop(first);

    const second = keyOf(await readyLine(runStart({ VOD_ENDPOINT })));
    expect([second === key, await taken(second), await taken(key)]).toEqual([false, true, false]);
  },
);

it("takes no other DEV_KEY, and starts nothing", async () => {
  const { child, output } = runStart({ DEV_KEY: "secret" });
  await once(child, "close");
  expect([child.exitCode, output()]).toEqual([1, "DEV_KEY can be sk-dev only, or not set\n"]);
});

it("answers under the names of this machine only, gateway and emulator", async () => {
  expect(await readyLine(runStart())).toContain("Ready:");
  const statusAt = async (port: number, path: string, host: string): Promise<number> => {
    const [answer] = (await once(get({ host: "127.0.0.1", port, path, headers: { host } }), "response")) as [
      IncomingMessage,
    ];
    answer.resume();
    return answer.statusCode ?? 0;
  };
  for (const [port, path] of [
    [gatewayPort, "/healthz"],
    [emulatorPort, "/_emulator/tasks"],
  ] as const) {
    const statuses = ["evil.test", `evil.test:${port}`, `localhost:${port}`, `127.0.0.1:${port}`, "localhost"];
    expect(await Promise.all(statuses.map((host) => statusAt(port, path, host)))).toEqual([421, 421, 200, 200, 200]);
  }
});

it.each(["PORT", "EMULATOR_PORT"])("names a taken port and %s, which changes it", async (variable) => {
  const [taken = 0] = await claimPorts([0]);
  const server = createServer().listen(taken, "127.0.0.1");
  await once(server, "listening");
  try {
    const { child, output } = runStart({ [variable]: String(taken) });
    await once(child, "close");
    expect(child.exitCode).toBe(1);
    expect(output()).toBe(`Port ${taken} is in use: set ${variable} to another one\n`);
  } finally {
    server.close();
  }
});
