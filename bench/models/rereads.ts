import { CallWindow } from "../../src/dispatcher/queue/call-window.ts";
import { REREADS_PER_SECOND, UsualTimes } from "../../src/dispatcher/queue/usual-times.ts";

/*
 * The gateway's re-reads of tasks whose every event is lost, in virtual time: its own classes decide when, the loop here
 * does what the core's ticks do.
 */

/** As in src/dispatcher/object.ts: what is farther away than the timer in memory is left to the alarm, set later by this. */
const TIMER_MAX_MS = 2_000;
const ALARM_SLACK_MS = 1_000;
/** How long the vendor takes to answer. */
const REREAD_MS = 60;
const MODEL = "Kling/1.6";

type Running = { end: number; index: number; checkAt: number; gapMs: number };

export type RereadOptions = {
  /** `VOD_REREAD_SECONDS`, in milliseconds. */
  firstMaxMs: number;
  /** How long tasks took whose events arrived earlier; none when nothing was learnt. */
  learntMs?: number;
};

/**
 * How long after its end the gateway knows of each task: milliseconds, in the order of `ends`.
 * @param ends when each task ends, of tasks that were all submitted at 0
 */
export function rereadLags(ends: readonly number[], { firstMaxMs, learntMs }: RereadOptions): number[] {
  const usual = new UsualTimes(firstMaxMs);
  if (learntMs !== undefined) usual.learn(MODEL, learntMs);
  const window = new CallWindow(REREADS_PER_SECOND);
  const lags: number[] = [];
  let running: Running[] = ends.map((end, index) => ({ end, index, checkAt: usual.firstWait(MODEL), gapMs: 0 }));
  let now = 0;
  while (running.length > 0) {
    const next = running.reduce((least, { checkAt }) => Math.min(least, checkAt), Number.POSITIVE_INFINITY);
    const tickAt = Math.max(next, window.nextAt(now), now);
    now = tickAt - now > TIMER_MAX_MS ? tickAt + ALARM_SLACK_MS : tickAt;
    const due = running
      .filter(({ checkAt }) => checkAt <= now)
      .toSorted((a, b) => a.checkAt - b.checkAt)
      .slice(0, window.room(now));
    for (const _ of due) window.called();
    const asked = now;
    if (due.length > 0) now += REREAD_MS;
    for (const task of due) {
      window.landed(now);
      if (task.end <= asked) {
        lags[task.index] = now - task.end;
        continue;
      }
      const { waitMs, gapMs } = usual.nextWait(MODEL, now, task.gapMs);
      task.checkAt = now + waitMs;
      task.gapMs = gapMs;
    }
    const over = new Set(due.filter(({ end }) => end <= asked));
    running = running.filter((task) => !over.has(task));
  }
  return lags;
}
