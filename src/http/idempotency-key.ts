import type { Context } from "hono";
import type { AppEnv } from "./app-env.ts";
import { rejectInvalid } from "./problems.ts";

const MAX_CHARACTERS = 255;

/**
 * The `Idempotency-Key` header, if there is one. The IETF draft makes it a quoted string and most clients send it bare;
 * both name the same key.
 */
export function idempotencyKey(c: Context<AppEnv>): string | undefined {
  const header = c.req.header("idempotency-key")?.trim();
  if (header === undefined) return undefined;
  const key = /^"(.*)"$/.exec(header)?.[1] ?? header;
  if (key.length === 0 || key.length > MAX_CHARACTERS) {
    const msg = `An Idempotency-Key has 1 to ${MAX_CHARACTERS} characters; this one has ${key.length}.`;
    rejectInvalid([{ loc: ["header", "Idempotency-Key"], msg, type: "value_error" }]);
  }
  // What the platform makes of bytes that are not UTF-8: two different keys would be one.
  if (key.includes("\uFFFD")) {
    rejectInvalid([{ loc: ["header", "Idempotency-Key"], msg: "Use well-formed UTF-8.", type: "value_error" }]);
  }
  return key;
}
