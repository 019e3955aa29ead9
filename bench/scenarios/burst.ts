import { atMost, exactly, type Outcome } from "../lib/checks.ts";
import { submitAtOnce, succeededOf } from "../lib/client.ts";
import { hold, type Lab, release } from "../lib/lab.ts";
import {
  acceptedAgain,
  dispatchesAt,
  mostAtOnce,
  mostInOneSecond,
  refusalsAt,
  worstDisplacement,
} from "../lib/vendor-log.ts";

const VENDOR_CREATES_PER_SECOND = 20;
const PRIORITIES = [0, 10, -10, 5];

const priorityOf = (index: number) => PRIORITIES[index % PRIORITIES.length] ?? 0;

export type BurstSize = { tasks: number; concurrency: number; taskSeconds: number; timeoutMs: number };

/** Everything posted at once, in mixed priorities, in front of a vendor with the gateway's own limits. */
export async function burst(lab: Lab, { tasks, concurrency, taskSeconds, timeoutMs }: BurstSize): Promise<Outcome> {
  const { vendor } = lab;
  await vendor.reset();
  await vendor.configure({ concurrency, requests_per_second: VENDOR_CREATES_PER_SECOND });
  // Nothing moves until all are in the queue: their order is then known in advance.
  await hold(lab);
  const began = performance.now();
  const submitted = await submitAtOnce(lab, tasks, (index) => ({ tasks_priority: priorityOf(index) }));
  const posted = performance.now();
  await release(lab, taskSeconds);
  const ids = submitted.map(({ id }) => id);
  const succeeded = await succeededOf(lab, ids, timeoutMs);
  const ended = performance.now();

  const dispatches = await dispatchesAt(vendor);
  const held = new Set(dispatches.slice(0, concurrency).map(({ id }) => id));
  const expected = submitted
    .map(({ id }, index) => ({ id, priority: priorityOf(index) }))
    .filter(({ id }) => !held.has(id))
    // First come, first served: the order of ids is the order of creation.
    .toSorted((a, b) => b.priority - a.priority || (a.id < b.id ? -1 : 1));
  const displaced = worstDisplacement(
    dispatches.slice(concurrency).map(({ id }) => id),
    expected.map(({ id }) => id),
  );
  return {
    checks: [
      exactly("tasks that succeeded", succeeded, tasks),
      exactly("tasks at the vendor", dispatches.length, tasks),
      exactly("tasks accepted more than once", acceptedAgain(dispatches), 0),
      atMost("most running at the vendor", mostAtOnce(dispatches), concurrency),
      atMost("most creates in any second", mostInOneSecond(dispatches), VENDOR_CREATES_PER_SECOND),
      exactly("RequestLimitExceeded", await refusalsAt(vendor), 0),
      // Two calls on their way at once may overtake each other, and no more than that.
      atMost("places away from the order by priority and arrival", displaced, 2 * concurrency),
    ],
    measures: [
      { name: "all posted and answered", value: (posted - began) / 1000, unit: "s" },
      { name: "from release to the last result", value: (ended - posted) / 1000, unit: "s" },
      { name: "the vendor's own time for them", value: (tasks * taskSeconds) / concurrency, unit: "s" },
    ],
  };
}

export type PacedSize = { tasks: number; taskSeconds: number; timeoutMs: number };

/** With more slots than it needs the gateway is held back by calls a second alone. For a gateway with `tasks` slots. */
export async function paced(lab: Lab, { tasks, taskSeconds, timeoutMs }: PacedSize): Promise<Outcome> {
  const { vendor } = lab;
  await vendor.reset();
  await vendor.configure({
    concurrency: tasks,
    requests_per_second: VENDOR_CREATES_PER_SECOND,
    task_seconds: taskSeconds,
  });
  const submitted = await submitAtOnce(lab, tasks);
  const succeeded = await succeededOf(
    lab,
    submitted.map(({ id }) => id),
    timeoutMs,
  );
  const dispatches = await dispatchesAt(vendor);
  const spanMs = (dispatches.at(-1)?.createdAtMs ?? 0) - (dispatches[0]?.createdAtMs ?? 0);
  return {
    checks: [
      exactly("tasks that succeeded", succeeded, tasks),
      exactly("tasks at the vendor", dispatches.length, tasks),
      atMost("most creates in any second", mostInOneSecond(dispatches), VENDOR_CREATES_PER_SECOND),
      exactly("RequestLimitExceeded", await refusalsAt(vendor), 0),
    ],
    measures: [{ name: "creates a second", value: ((dispatches.length - 1) * 1000) / spanMs, unit: "1/s" }],
  };
}
