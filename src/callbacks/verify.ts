import type { Config } from "../config.ts";
import { callbackPathSecrets } from "../signing/callback-path.ts";
import { constantTimeEqual } from "../signing/constant-time.ts";
import { verifyEventSignature } from "../signing/event-signature.ts";
import { type EventOrigin, originOf } from "../tasks/receive-event.ts";
import type { Notification } from "./events.ts";

/** Checks every secret, also after a match: the time taken says nothing. */
export async function isCallbackSecret(config: Config, candidate: string): Promise<boolean> {
  const { pathSecrets } = config.callbacks;
  const secrets = pathSecrets.derived ? await callbackPathSecrets(config.roots) : [];
  const all = [...secrets, ...pathSecrets.set];
  const matches = await Promise.all(all.map((secret) => constantTimeEqual(candidate, secret)));
  return matches.includes(true);
}

/**
 * Checks the vendor's signature, when one is configured, and our session token, when the event completes a task.
 * `Sign` and `T` are looked for in the body, then in the query: the vendor says "in the notification message" and no
 * more. The signature does not cover the body, so all this makes the event a hint worth a re-read, nothing more.
 * @param now seconds
 */
export async function verifyNotification(
  config: Config,
  event: Notification,
  query: URLSearchParams,
  now: number,
): Promise<EventOrigin> {
  const { signKeys } = config.callbacks;
  if (signKeys.length > 0) {
    const sign = event.sign ?? query.get("Sign") ?? undefined;
    const t = event.t ?? query.get("T") ?? undefined;
    const signature = await verifyEventSignature({ sign, t, signKeys, now });
    if (!signature.ok) return { ok: false, reason: `signature_${signature.reason}` };
  }
  return originOf(config, event);
}
