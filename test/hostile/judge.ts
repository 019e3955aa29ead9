/*
 * What every answer of the gateway has in common, whatever was asked. Knows neither Workers nor Node: the tests in workerd
 * and the benchmark judge by it alike.
 */

type Json = Record<string, unknown>;

/** In every text of the other owner's task. */
export const VICTIM_MARK = "only-the-victim-may-see-this";
export const VICTIM_SESSION = "victims-session";
export const VICTIM_KEY = "victims-idempotency-key";

const INTERNALS =
  /\n\s+at |node_modules|file:\/\/|\/src\/|\.ts:\d|D1_ERROR|SQLITE|ZodError|TypeError|RangeError|SyntaxError|local-secret-key|localSignKey|AKIDlocal/;

export type Answer = { status: number; type: string; text: string };
export type Calm = { status: number; code: string | undefined; text: string };

/**
 * No fault of ours, JSON of the path's dialect, nothing of the inside, nothing of anybody else's.
 * @throws for any other answer
 */
export function judge({ status, type, text }: Answer, { method, path }: { method: string; path: string }): Calm {
  const complain = (what: string) => new Error(`${what}: ${method} ${path}: ${status} ${text.slice(0, 500)}`);
  if (status >= 500) throw complain("A fault of the gateway");
  if (INTERNALS.test(text)) throw complain("Shows the inside");
  if (text.includes(VICTIM_MARK)) throw complain("Shows another owner's data");
  if (status === 204 || status === 304 || method === "HEAD") {
    if (text !== "") throw complain("A body where there is none");
    return { status, code: undefined, text };
  }
  if (status === 200 && type.startsWith("text/event-stream") && path.includes("/status/stream"))
    return { status, code: undefined, text };
  if (status < 300 && type === "video/mp4" && path.endsWith("/content")) return { status, code: undefined, text };
  if (!/^application\/json\b/.test(type)) throw complain(`Answers with ${type}`);
  const body = JSON.parse(text) as Json;
  if (status < 400) return { status, code: codeOfVendor(body, complain), text };
  if (status === 400 && body["detail"] === "Request is still in progress") return { status, code: undefined, text };
  const { code, message } = errorOf(body);
  if (typeof code !== "string" || typeof message !== "string") throw complain("An error without code and message");
  if (path.startsWith("/v1/videos")) {
    const { type: kind, param } = errorOf(body);
    if (typeof kind !== "string" || param === undefined || "code" in body) throw complain("Not OpenAI's dialect");
  } else if (path.startsWith("/v1/")) {
    if (body["code"] !== code || body["message"] !== message) throw complain("Not the dialect of /v1/");
  } else if (body["detail"] === undefined) {
    throw complain("Not the dialect of fal");
  }
  return { status, code, text };
}

/** The vendor's dialect answers everything with 200. */
function codeOfVendor(body: Json, complain: (what: string) => Error): string | undefined {
  const error = (body["Response"] as { Error?: { Code: string } } | undefined)?.Error;
  if (error?.Code === "InternalError") throw complain("A fault of the gateway");
  return error?.Code;
}

/** Code and message of an error, wherever its dialect has them. */
export function errorOf(body: Json): Json {
  return (body["error"] as Json | undefined) ?? body;
}
