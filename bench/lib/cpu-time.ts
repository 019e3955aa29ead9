import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

/** The kernel's USER_HZ, 100 on every Linux that Node runs on. */
const LINUX_TICKS_PER_SECOND = 100;
/** Fields of /proc/PID/stat behind the command's name, counted from 0: utime and stime (proc(5) numbers them 14 and 15). */
const UTIME_FIELD = 11;
const STIME_FIELD = 12;

const MS_PER_SECOND = 1_000;
const SECONDS_PER_MINUTE = 60;
const MINUTES_PER_HOUR = 60;
const HOURS_PER_DAY = 24;

/**
 * CPU milliseconds a process and all its threads have used since it began, in user and kernel mode, by the operating
 * system's books. They go in steps of 10 ms: compare only spans that are much longer.
 * @throws when there is no such process
 */
export async function cpuMilliseconds(pid: number): Promise<number> {
  return process.platform === "linux" ? linuxCpuMilliseconds(pid) : psCpuMilliseconds(pid);
}

async function linuxCpuMilliseconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  // The name stands in parentheses and may itself hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[UTIME_FIELD]) + Number(fields[STIME_FIELD]);
  return (ticks * MS_PER_SECOND) / LINUX_TICKS_PER_SECOND;
}

async function psCpuMilliseconds(pid: number): Promise<number> {
  const { stdout } = await promisify(execFile)("ps", ["-o", "time=", "-p", String(pid)]);
  return clockMilliseconds(stdout.trim());
}

/** `[[days-]hours:]minutes:seconds[.fraction]`, as ps writes it. */
export function clockMilliseconds(clock: string): number {
  const match = /^(?:(?:(\d+)-)?(\d+):)?(\d+):(\d+(?:\.\d+)?)$/.exec(clock);
  if (!match) throw new Error(`Not a CPU time: ${JSON.stringify(clock)}`);
  const [days, hours, minutes, seconds] = match.slice(1).map((part) => Number(part ?? 0));
  const wholeHours = (days ?? 0) * HOURS_PER_DAY + (hours ?? 0);
  return ((wholeHours * MINUTES_PER_HOUR + (minutes ?? 0)) * SECONDS_PER_MINUTE + (seconds ?? 0)) * MS_PER_SECOND;
}
