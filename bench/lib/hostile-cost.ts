import type { Attack, Field, HttpRequest } from "../attacks/attack.ts";
import type { Profiler } from "./cpu-profile.ts";
import { type HttpAnswer, send } from "./hostile-send.ts";
import { idle } from "./idle.ts";

/** What one request costs at most, whatever is in it. */
export const CPU_LIMIT_MS = 250;

/** What seems to cost more is tried again: the machine may have been at something else. */
const DOUBTFUL_MS = 100;
const FURTHER_TRIES = 2;

export type Cost = {
  name: string;
  bytes: number;
  status: number;
  answerBytes: number;
  /** Of the whole runtime, by the operating system: HTTP and the simulators of D1, KV and R2 are in it. */
  processMs: number;
  /** Of Worker and object, by V8's profiler, which counts by the clock: what interrupts them is in it. */
  isolateMs: number;
  /** Each of the two is at least what Worker and object took, so the smaller one is nearer to it. */
  countedMs: number;
};

/** Sends an attack until its cost is known, the least of some tries: what disturbs a measurement only adds to it. */
export async function costOf(attack: Attack, field: Field, profiler: Profiler): Promise<Cost> {
  const { gateway } = field;
  let request: HttpRequest = { method: "", target: "", headers: {} };
  let answer: HttpAnswer = { status: 0, type: "", text: "" };
  const attempt = async (measure: (work: () => Promise<void>) => Promise<number>) => {
    request = await prepared(attack, field);
    return measure(async () => {
      answer = await send(field.gatewayUrl, request);
      if (attack.lasts) await idle(gateway);
    });
  };
  const ofProcess = async (work: () => Promise<void>) => {
    const before = await gateway.cpuMilliseconds();
    await work();
    return (await gateway.cpuMilliseconds()) - before;
  };
  let processMs = await attempt(ofProcess);
  let isolateMs = await attempt(profiler.during);
  for (let left = FURTHER_TRIES; left > 0 && Math.min(processMs, isolateMs) > DOUBTFUL_MS; left--) {
    processMs = Math.min(processMs, await attempt(ofProcess));
    isolateMs = Math.min(isolateMs, await attempt(profiler.during));
  }
  return {
    name: attack.name,
    bytes: request.body?.byteLength ?? 0,
    status: answer.status,
    answerBytes: Buffer.byteLength(answer.text),
    processMs,
    isolateMs,
    countedMs: Math.min(processMs, isolateMs),
  };
}

/** With the key of the local start, unless it brings something of its own. */
async function prepared(attack: Attack, field: Field): Promise<HttpRequest> {
  const request = await attack.request(field);
  return { ...request, headers: { authorization: `Bearer ${field.apiKey}`, ...request.headers } };
}
