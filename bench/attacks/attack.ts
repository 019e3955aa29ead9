import type { ApiDescription } from "../../test/hostile/place.ts";
import type { KeyPair } from "../../test/hostile/fuzz/signatures.ts";
import type { GatewayLab } from "../lib/counted-gateway.ts";

export type HttpRequest = {
  method: string;
  /** Path and query. */
  target: string;
  headers: Record<string, string>;
  body?: Uint8Array;
  /** Sends the body without its length, in chunks of this size. */
  chunkBytes?: number;
};

/** Whatever the attacks aim at. */
export type Field = GatewayLab & {
  description: ApiDescription;
  callbackPath: string;
  signKey: string;
  /** Of a key pair for `POST /`. */
  pair: KeyPair;
  /** Tasks of the caller's own that hold as much as a task can; some are over, some are not. */
  large: { running: string; finished: string };
};

export type Attack = {
  /** What is sent, in a few words. */
  name: string;
  request: (field: Field) => HttpRequest | Promise<HttpRequest>;
  /** Goes on after its answer: what it sets going is waited for. */
  lasts?: boolean;
};

export type AttackGroup = { title: string; attacks: (field: Field) => Attack[] };

/** What the gateway takes of a body. */
export const BODY_MAX_BYTES = 10 * 1024 * 1024;
/** A little below the limit on characters that are escaped or beyond ASCII. */
export const SPECIAL_CHARACTERS = 490_000;
/** A little below the limit on values. */
export const VALUES = 9_900;

export const JSON_HEADERS = { "content-type": "application/json" };
/** As much work as a submission, and no task. */
export const DRY_RUN = "?dry_run=1";

const encoder = new TextEncoder();

export const utf8 = (text: string): Uint8Array => encoder.encode(text);

/** `before`, as many of `unit` as make the largest body there may be, `after`. */
export function filled(before: string, unit: string, after: string, maxBytes = BODY_MAX_BYTES): Uint8Array {
  const bytes = (text: string) => utf8(text).byteLength;
  return utf8(before + unit.repeat(Math.floor((maxBytes - bytes(before) - bytes(after)) / bytes(unit))) + after);
}

const HOLE = "@@@";

/** The body with a text in place of {@link HOLE}, whose JSON is `inner`, again and again until it is full. */
export function filledJson(body: unknown, inner: string, times?: number): Uint8Array {
  const [before = "", after = ""] = JSON.stringify(body).split(HOLE);
  return times === undefined ? filled(before, inner, after) : utf8(before + inner.repeat(times) + after);
}

export { HOLE };

/** `count` members, or items, of the same form. */
export const many = (count: number, of: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => of(index)).join(",");

export function post(target: string, body: Uint8Array, headers: Record<string, string> = JSON_HEADERS): HttpRequest {
  return { method: "POST", target, headers, body };
}

export const get = (target: string, headers: Record<string, string> = {}): HttpRequest => ({
  method: "GET",
  target,
  headers,
});
