import type { Context } from "hono";
import type { AppEnv } from "../../http/app-env.ts";

const POLL_MIN_MS = 2_000;
const POLL_MAX_MS = 10_000;
/** A client that obeys learns of the end at most this part of the whole wait late. */
const PART_OF_AGE = 1 / 10;

/** Tells the client when to ask again, in the header that OpenAI's polling helpers obey. */
export function hintPoll(c: Context<AppEnv>, createdAt: number): void {
  const age = c.get("services").deps.now() - createdAt;
  const pause = Math.min(Math.max(age * PART_OF_AGE, POLL_MIN_MS), POLL_MAX_MS);
  c.header("openai-poll-after-ms", String(Math.round(pause)));
}
