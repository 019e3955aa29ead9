/** The vendor keeps tasks and SessionIds for three days (tencent-vod facts §2, §5.3); an hour less, for clocks that differ. */
export const VENDOR_MEMORY_MS = (3 * 24 - 1) * 60 * 60 * 1000;

/** What we send as SessionId: ours, so that a resend is refused by a vendor that has the first call's task. */
export function vendorSessionId(id: string, attempt: number): string {
  return `${id}-${attempt}`;
}

/** The reverse: whose attempt a SessionId of ours names. */
export function attemptOf(sessionId: string): { id: string; attempt: number } {
  const dash = sessionId.lastIndexOf("-");
  return { id: sessionId.slice(0, dash), attempt: Number(sessionId.slice(dash + 1)) };
}
