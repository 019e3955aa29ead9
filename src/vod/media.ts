import type { Deps } from "../deps.ts";
import { type BodyLimits, type CutReason, heldBody } from "./held-body.ts";
import { mediaAddress } from "./media-address.ts";

/** Until the first byte. */
export const MEDIA_TIMEOUT_MS = 20_000;
/** Several times what the vendor's largest videos have. */
const MAX_BYTES = 512 * 1024 * 1024;
const IDLE_MS = 15_000;

export type MediaLimits = BodyLimits & {
  /** Fetched from as they are; any other origin is held to https and to public addresses. */
  origins: readonly string[];
  /** Told why a file that had begun was cut off. */
  onCut?: (reason: CutReason) => void;
};

export type MediaResult =
  | { kind: "file"; response: Response }
  /** The host says that it is not there, or no longer. */
  | { kind: "gone" }
  | { kind: "failed"; reason: "url" | "network" | "timeout" | "redirect" | "http_status" | "too_large" };

/**
 * Opens a file that the vendor has made, at the URL of the vendor's own answer. Nothing of the client's goes along but
 * the range it wants. An answer of 416 counts as the file's: it says how long it is. No redirect is followed. Never throws.
 */
export async function fetchMedia(
  deps: Deps,
  url: string,
  range: string | undefined,
  limits: MediaLimits = { origins: [], maxBytes: MAX_BYTES, idleMs: IDLE_MS },
): Promise<MediaResult> {
  const target = mediaAddress(url, limits.origins);
  if (!target) return { kind: "failed", reason: "url" };
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), MEDIA_TIMEOUT_MS);
  try {
    const headers = { "accept-encoding": "identity", ...(range !== undefined && { range }) };
    const response = await deps.fetch(new Request(target, { headers, redirect: "manual", signal: abort.signal }));
    if (response.status === 200 || response.status === 206) return await hold(deps, response, limits);
    await response.body?.cancel();
    if (response.status === 416) return { kind: "file", response: withoutBody(response) };
    if (response.status === 404 || response.status === 410) return { kind: "gone" };
    const redirected = response.status >= 300 && response.status < 400;
    return { kind: "failed", reason: redirected ? "redirect" : "http_status" };
  } catch {
    return { kind: "failed", reason: abort.signal.aborted ? "timeout" : "network" };
  } finally {
    clearTimeout(timer);
  }
}

async function hold(deps: Deps, response: Response, limits: MediaLimits): Promise<MediaResult> {
  const { status, body } = response;
  const headers = new Headers(response.headers);
  // Of another length once it is decoded, which the runtime does.
  if (headers.has("content-encoding")) headers.delete("content-length");
  const told = headers.get("content-length");
  const length = told !== null && /^\d{1,15}$/.test(told) ? Number(told) : undefined;
  if (length !== undefined && length > limits.maxBytes) {
    await body?.cancel();
    return { kind: "failed", reason: "too_large" };
  }
  const onCut = limits.onCut ?? (() => undefined);
  const held = body && heldBody(deps, body, { length, limits, onCut });
  return { kind: "file", response: new Response(held, { status, headers }) };
}

/** What a host writes there is for people, and says how it stores its files. */
function withoutBody(response: Response): Response {
  const headers = new Headers(response.headers);
  headers.delete("content-length");
  return new Response(null, { status: response.status, headers });
}
