/** A time limit that begins when its signal is first asked for: with the call, not with the work before it. */
export type TimeLimit = {
  /** Aborts when the time is over. The same for every call that shares the limit. */
  signal: () => AbortSignal;
  /** The answer has begun. */
  begun: () => void;
  /** The answer has been read, or will not be. */
  ended: () => void;
};

/** For everything from the call to the end of the answer. */
export function timeLimit(milliseconds: number): TimeLimit {
  let signal: AbortSignal | undefined;
  return { signal: () => (signal ??= AbortSignal.timeout(milliseconds)), begun: () => {}, ended: () => {} };
}

/** For answers that can be long: a limit until they begin, then another until they end. */
export function twoTimeLimits({ beginMs, readMs }: { beginMs: number; readMs: number }): TimeLimit {
  const first = timeLimit(beginMs);
  const abort = new AbortController();
  let waiting = true;
  let timer: ReturnType<typeof setTimeout> | null = null;
  return {
    signal() {
      const begin = first.signal();
      begin.addEventListener("abort", () => waiting && abort.abort(begin.reason));
      return abort.signal;
    },
    begun() {
      waiting = false;
      timer ??= setTimeout(() => abort.abort(new DOMException("The answer does not end.", "TimeoutError")), readMs);
    },
    ended: () => clearTimeout(timer),
  };
}
