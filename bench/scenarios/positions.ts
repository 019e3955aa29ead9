import { setTimeout as sleep } from "node:timers/promises";
import { atLeast, exactly, type Outcome } from "../lib/checks.ts";
import { readStatus, submit, submitAtOnce, succeededOf } from "../lib/client.ts";
import { holdAllSlots, type Lab, release } from "../lib/lab.ts";
import { UNLIMITED } from "../lib/no-limits.ts";

const POLL_MS = 30;
/** Tasks that go before everybody else, posted while others are being polled. */
const OVERTAKING_TASKS = 4;
const HIGHEST_PRIORITY = 10;

export type PositionsSize = { waiting: number; concurrency: number; taskSeconds: number; timeoutMs: number };

/** Clients poll while the queue moves and others are let in ahead of them. */
export async function positions(lab: Lab, size: PositionsSize): Promise<Outcome> {
  await lab.vendor.reset();
  await lab.vendor.configure({ concurrency: size.concurrency, requests_per_second: UNLIMITED });
  const held = await holdAllSlots(lab, size.concurrency);
  const waiting = [];
  // One after the other, so that each one's place is known.
  for (let ahead = 0; ahead < size.waiting; ahead++) waiting.push({ ...(await submit(lab)), ahead });
  const wrongAnswers = waiting.filter(({ position, ahead }) => position !== ahead).length;
  const firstLooks = await Promise.all(waiting.map(({ id }) => readStatus(lab, id)));
  const wrongLooks = waiting.filter(({ ahead }, index) => firstLooks[index]?.position !== ahead).length;

  const overtaking = await submitAtOnce(lab, OVERTAKING_TASKS, () => ({ tasks_priority: HIGHEST_PRIORITY }));
  const polled = waiting.map(({ id, position }) => pollToTheEnd(lab, id, position, size.timeoutMs));
  await release(lab, size.taskSeconds);
  const series = await Promise.all(polled);
  const succeeded = await succeededOf(
    lab,
    [...held, ...waiting, ...overtaking].map(({ id }) => id),
    size.timeoutMs,
  );
  const rises = series.flatMap((seen) => seen.filter((position, index) => position > (seen[index - 1] ?? position)));
  const stepsOfLast = new Set(series.at(-1)).size;
  return {
    checks: [
      exactly("tasks that succeeded", succeeded, held.length + waiting.length + overtaking.length),
      exactly("first positions, in the answer to the submission, that were wrong", wrongAnswers, 0),
      exactly("first positions, in the first status, that were wrong", wrongLooks, 0),
      exactly("positions that rose", rises.length, 0),
      atLeast("different positions the last in the queue was told", stepsOfLast, 3),
    ],
    measures: [],
  };
}

/** The positions a task's client is told, the first one included, until it waits no more. */
async function pollToTheEnd(lab: Lab, id: string, first: number, timeoutMs: number): Promise<number[]> {
  const seen = [first];
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const { position } = await readStatus(lab, id);
    if (position === undefined) return seen;
    seen.push(position);
    if (Date.now() > deadline) throw new Error(`Task ${id} still waits after ${timeoutMs / 1000} s`);
    await sleep(POLL_MS);
  }
}
