/*
 * What no line of the gateway's log may hold, whatever a test does: secrets of the test set-up, keys, tokens, signatures,
 * signed URLs, and the texts that tests use as clients' content. Runs over the logs of the whole suite.
 */
const FORBIDDEN: readonly [what: string, pattern: RegExp][] = [
  ["the callback secret", /(local|test)-callback/],
  ["the root secret", /(local|test)-gateway-secret/],
  ["the vendor's secret key", /local-secret-key/],
  ["the vendor's secret id", /AKIDlocal/],
  ["the sign key", /localSignKey/],
  ["an API key", /\bsk-[\w-]+/],
  ["a key pair", /\bAKID\w+/],
  ["a session token", /\brg2\./],
  ["a signature", /TC3-HMAC|Signature=|q-signature/],
  ["an authorization header", /\bBearer \S|\bKey [\w-]{8,}/],
  ["the URL of a file", /https?:\/\/\S+\.(mp4|png|jpe?g|webp|mov)/i],
  ["a client's prompt", /汽车|paper boat|海滨城市|人物/i],
  ["content in Base64", /[A-Za-z0-9+/]{200,}/],
];

/** What a line of the log gives away; undefined for a line that is fine. */
export function leakIn(line: string): string | undefined {
  return FORBIDDEN.find(([, pattern]) => pattern.test(line))?.[0];
}

/** Members of `LogFields` in src/log.ts, and the event's name. */
const MEMBERS = new Set([
  "event",
  "request_id",
  "vendor_task_id",
  "vendor_request_id",
  "owner",
  "action",
  "attempt",
  "status",
  "code",
  "reason",
  "event_type",
  "count",
  "duration_ms",
  "method",
  "route",
  "error",
]);

/** What is wrong with the arguments of a console call: it is to be JSON of one object of the known members, none a leak. */
export function offenceIn(args: unknown[]): string | undefined {
  const [line, ...rest] = args;
  const members = typeof line === "string" && rest.length === 0 ? membersOf(line) : undefined;
  if (!members) return `not JSON of one object: ${String(line)}`;
  const unknown = members.find((name) => !MEMBERS.has(name));
  if (unknown !== undefined) return `the unknown member ${unknown}`;
  return leakIn(String(line));
}

function membersOf(line: string): string[] | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? Object.keys(value) : undefined;
  } catch {
    return undefined;
  }
}
