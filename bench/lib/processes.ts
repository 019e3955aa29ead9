import { execFile } from "node:child_process";
import { promisify } from "node:util";

const KIB = 1024;

const run = promisify(execFile);

export type ProcessEntry = { pid: number; command: string };

/** Processes that this one has started. */
export async function ownChildren(): Promise<ProcessEntry[]> {
  const { stdout } = await run("ps", ["-A", "-o", "pid=,ppid=,args="]);
  return stdout
    .split("\n")
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
    .filter((match) => match?.[2] === String(process.pid))
    .map((match) => ({ pid: Number(match?.[1]), command: match?.[3] ?? "" }));
}

/**
 * The Workers runtime that was started since `before` was listed.
 * @throws when there is none, or more than one
 */
export async function newRuntime(before: readonly ProcessEntry[]): Promise<number> {
  const known = new Set(before.map(({ pid }) => pid));
  const started = (await ownChildren()).filter(({ pid, command }) => !known.has(pid) && command.includes("workerd"));
  const [runtime, ...others] = started;
  if (!runtime || others.length > 0) throw new Error(`Cannot tell the runtime's process: ${started.length} found`);
  return runtime.pid;
}

/** Memory of a process that is in RAM now. */
export async function residentBytes(pid: number): Promise<number> {
  const { stdout } = await run("ps", ["-o", "rss=", "-p", String(pid)]);
  return Number(stdout.trim()) * KIB;
}
