import type { Deps } from "../deps.ts";

/** Until the first byte; how long the rest takes depends on the file and on its reader. */
export const MEDIA_TIMEOUT_MS = 20_000;

export type MediaResult =
  | { kind: "file"; response: Response }
  /** The host says that it is not there, or no longer. */
  | { kind: "gone" }
  | { kind: "failed"; reason: "url" | "network" | "timeout" | "redirect" | "http_status" };

/**
 * Opens a file that the vendor has made, at the URL of the vendor's own answer. Nothing of the client's goes along but
 * the range it wants. An answer of 416 counts as the file's: it says how long it is. Never throws.
 */
export async function fetchMedia(deps: Deps, url: string, range: string | undefined): Promise<MediaResult> {
  const target = URL.parse(url);
  if (!target || (target.protocol !== "https:" && target.protocol !== "http:"))
    return { kind: "failed", reason: "url" };
  // A URL with a user in it is refused by `Request`.
  if (target.username || target.password) return { kind: "failed", reason: "url" };
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), MEDIA_TIMEOUT_MS);
  try {
    const headers = { "accept-encoding": "identity", ...(range !== undefined && { range }) };
    const response = await deps.fetch(new Request(target, { headers, redirect: "manual", signal: abort.signal }));
    if (response.status === 200 || response.status === 206 || response.status === 416)
      return { kind: "file", response };
    await response.body?.cancel();
    if (response.status === 404 || response.status === 410) return { kind: "gone" };
    const redirected = response.status >= 300 && response.status < 400;
    return { kind: "failed", reason: redirected ? "redirect" : "http_status" };
  } catch {
    return { kind: "failed", reason: abort.signal.aborted ? "timeout" : "network" };
  } finally {
    clearTimeout(timer);
  }
}
