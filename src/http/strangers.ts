import type { Context } from "hono";
import type { Deps } from "../deps.ts";
import { ApiError } from "./api-error.ts";
import type { AppEnv } from "./app-env.ts";
import { isPlatformRequest, RETRY_AFTER_SECONDS, withinLimit } from "./request-limit.ts";

/** So long an address that has sent too many unknown keys is refused without looking its keys up. */
const REFUSED_MS = RETRY_AFTER_SECONDS * 1000;
const REFUSED_ENTRIES = 10_000;

/** Who has one address of a network of IPv6 has all of them: 64 bits. */
const NETWORK_GROUPS = 4;
const IPV6_GROUPS = 8;

/** Addresses that this isolate refuses for now. */
export type Strangers = ReturnType<typeof createStrangers>;

export function createStrangers({ now }: Pick<Deps, "now">) {
  const refusedUntil = new Map<string, number>();
  return {
    isRefused: (name: string): boolean => (refusedUntil.get(name) ?? 0) > now(),
    refuse(name: string): void {
      // Full: start over. The platform's counter goes on.
      if (refusedUntil.size >= REFUSED_ENTRIES) refusedUntil.clear();
      refusedUntil.set(name, now() + REFUSED_MS);
    },
  };
}

/**
 * Refuses an address that has sent too many keys that nobody knows. To be called before a key is looked up, and thus not
 * for one that this isolate knows.
 * @param what beside the address: what was guessed at
 * @throws {ApiError} `too_many_requests`
 */
export function refuseFlood(c: Context<AppEnv>, what = ""): void {
  const name = nameOf(c, what);
  if (name !== undefined && c.get("services").strangers.isRefused(name)) throw tooMany();
}

/**
 * Counts a request that turned out to be a stranger's. A local run is not counted.
 * @throws {ApiError} `too_many_requests` when it was one too many
 */
export async function countStranger(c: Context<AppEnv>, what = ""): Promise<void> {
  const name = nameOf(c, what);
  if (name === undefined) return;
  if (await withinLimit((c.env as Partial<Env>).STRANGER_LIMITER, name)) return;
  c.get("services").strangers.refuse(name);
  throw tooMany();
}

function nameOf(c: Context<AppEnv>, what: string): string | undefined {
  // The platform's word for where a connection came from; a client cannot set it there.
  const address = c.req.header("cf-connecting-ip");
  return isPlatformRequest(c) && address ? `${networkOf(address)} ${what}`.trim() : undefined;
}

const groupsOf = (text: string) => (text === "" ? [] : text.split(":"));

/** An IPv4 address as it is; of an IPv6 one, the network. */
export function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  const [before = "", after] = address.toLowerCase().split("::");
  const head = groupsOf(before);
  const tail = groupsOf(after ?? "");
  const zeros = Array.from({ length: Math.max(0, IPV6_GROUPS - head.length - tail.length) }, () => "0");
  const groups = after === undefined ? head : [...head, ...zeros, ...tail];
  return groups
    .slice(0, NETWORK_GROUPS)
    .map((group) => group.replace(/^0+(?=.)/, ""))
    .join(":");
}

function tooMany(): ApiError {
  const message = "Too many requests that nobody here knows come from this address. Wait, then go on more slowly.";
  return new ApiError("too_many_requests", message, { headers: { "retry-after": String(RETRY_AFTER_SECONDS) } });
}
