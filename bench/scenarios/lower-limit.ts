import { atLeast, exactly, type Outcome } from "../lib/checks.ts";
import { submitAtOnce, succeededOf } from "../lib/client.ts";
import type { Lab } from "../lib/lab.ts";
import { dispatchesAt } from "../lib/vendor-log.ts";

export type LowerLimitSize = { tasks: number; taskSeconds: number; timeoutMs: number };

/** The vendor takes one task at a time, and nobody has told the gateway, which has several slots. */
export async function lowerLimit(lab: Lab, { tasks, taskSeconds, timeoutMs }: LowerLimitSize): Promise<Outcome> {
  const { vendor } = lab;
  await vendor.reset();
  await vendor.configure({ concurrency: 1, task_seconds: taskSeconds });
  const began = performance.now();
  const submitted = await submitAtOnce(lab, tasks);
  const ids = submitted.map(({ id }) => id);
  const succeeded = await succeededOf(lab, ids, timeoutMs);
  const seconds = (performance.now() - began) / 1000;
  const dispatches = await dispatchesAt(vendor);
  const attempts = new Set(dispatches.map(({ id, attempt }) => `${id} ${attempt}`));
  return {
    checks: [
      exactly("tasks that succeeded", succeeded, tasks),
      atLeast("attempts that found the vendor full", dispatches.length - tasks, 1),
      exactly("attempts accepted more than once", dispatches.length - attempts.size, 0),
    ],
    measures: [
      { name: "all done", value: seconds, unit: "s" },
      { name: "attempts per task", value: dispatches.length / tasks, unit: "x" },
    ],
  };
}
