import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { type HostileRequest, hostileRequest, templatesOf } from "../../test/hostile/fuzz/requests.ts";
import { tc3Headers, withSign } from "../../test/hostile/fuzz/signatures.ts";
import { judge } from "../../test/hostile/judge.ts";
import type { HttpRequest } from "../attacks/attack.ts";
import { addKey, type EmptyField, makeVictim } from "./hostile-field.ts";
import { type HttpAnswer, send } from "./hostile-send.ts";

const EVENT_LIFETIME_SECONDS = 600;
/** What looks dear once is tried again: the runtime may have had something else to do. */
const DOUBTFUL_MS = 60;

export type Fuzzed = {
  seed: number;
  requests: number;
  statuses: Record<string, number>;
  /** What answers said that they must not. */
  complaints: string[];
  /** The dearest request, by the operating system's books. */
  dearest: { name: string; processMs: number };
};

/** Sends requests of any kind to all routes, one after the other. */
export async function fuzz(field: EmptyField, seed: number, requests: number): Promise<Fuzzed> {
  const known = await makeVictim(field);
  const keys = {
    all: field.apiKey,
    reader: await addKey(field, "dev", ["read"]),
    unknown: "sk-unknown",
    none: undefined,
  };
  const arbitrary = hostileRequest(templatesOf(field.description), known);
  const done: Fuzzed = { seed, requests, statuses: {}, complaints: [], dearest: { name: "", processMs: 0 } };
  for (const request of fc.sample(arbitrary, { seed, numRuns: requests })) {
    const ask = async () => send(field.gatewayUrl, await overHttp(request, field, keys[request.key]));
    const first = await costly(field, ask);
    const { answer } = first;
    done.statuses[answer.status] = (done.statuses[answer.status] ?? 0) + 1;
    const complaint = complaintOf(request, answer);
    if (complaint !== undefined) done.complaints.push(complaint);
    const processMs =
      first.processMs < DOUBTFUL_MS ? first.processMs : Math.min(first.processMs, (await costly(field, ask)).processMs);
    if (processMs > done.dearest.processMs) {
      done.dearest = {
        name: `${request.method} ${request.target.slice(0, 60)}, ${request.body?.byteLength ?? 0} bytes`,
        processMs,
      };
    }
  }
  return done;
}

async function costly({ gateway }: EmptyField, ask: () => Promise<HttpAnswer>) {
  const before = await gateway.cpuMilliseconds();
  const answer = await ask();
  return { answer, processMs: (await gateway.cpuMilliseconds()) - before };
}

/** With whatever gets it past the door. */
async function overHttp(request: HostileRequest, field: EmptyField, key: string | undefined): Promise<HttpRequest> {
  const { method, target, action, notification } = request;
  const timestamp = Math.floor(Date.now() / 1000);
  const host = new URL(field.gatewayUrl).host;
  const bearer = key === undefined ? {} : { authorization: `Bearer ${key}` };
  const signed = action === undefined ? bearer : await tc3Headers(request, field.pair, { host, timestamp });
  const t = timestamp + EVENT_LIFETIME_SECONDS;
  const sign = createHash("md5").update(`${field.signKey}${t}`).digest("hex");
  const body = notification && request.body ? withSign(request.body, sign, t) : request.body;
  return { method, target: sendable(target), headers: { ...request.headers, ...signed }, ...(body && { body }) };
}

/** As a client would have to write it. */
const sendable = (target: string) =>
  target.replaceAll(/[^!-~]/g, (character) => encodeURIComponent(character.toWellFormed()));

function complaintOf(request: HostileRequest, answer: HttpAnswer): string | undefined {
  const { pathname } = new URL(request.target, "http://gateway.test");
  const inner = request.headers["x-fal-target-url"];
  const proxied =
    pathname === "/fal/proxy" && inner !== undefined && !/x-fal-target-url|cannot be a proxy/.test(answer.text);
  const path = proxied ? (URL.parse(inner)?.pathname ?? pathname) : pathname;
  try {
    judge(answer, { method: request.method, path });
    return undefined;
  } catch (error) {
    return String(error);
  }
}
