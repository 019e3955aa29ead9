import { atMost, exactly, type Outcome } from "../lib/checks.ts";
import { submitAtOnce, succeededOf } from "../lib/client.ts";
import { holdAllSlots, type Lab, release } from "../lib/lab.ts";
import { UNLIMITED } from "../lib/no-limits.ts";
import { dispatchesAt } from "../lib/vendor-log.ts";

/** With owners in turn the second's ten are among the first twenty; the rest is for calls that overtake each other. */
const FAIR_DISPATCHES = 25;
const SECOND_OWNER_TASKS = 10;

export type TwoOwnersSize = { firstOwnerTasks: number; concurrency: number; taskSeconds: number; timeoutMs: number };

/** One owner has filled the queue when another comes with ten tasks. */
export async function twoOwners(lab: Lab, size: TwoOwnersSize): Promise<Outcome> {
  const { vendor } = lab;
  await vendor.reset();
  await vendor.configure({ concurrency: size.concurrency, requests_per_second: UNLIMITED });
  const held = await holdAllSlots(lab, size.concurrency);
  const second = { ...lab, apiKey: await lab.addApiKey({ owner: "second", name: "", scopes: ["submit", "read"] }) };
  const firstTasks = await submitAtOnce(lab, size.firstOwnerTasks);
  const secondTasks = await submitAtOnce(second, SECOND_OWNER_TASKS);
  await release(lab, size.taskSeconds);
  const secondSucceeded = await succeededOf(second, idsOf(secondTasks), size.timeoutMs);
  const firstSucceeded = await succeededOf(lab, idsOf([...held, ...firstTasks]), size.timeoutMs);

  const seconds = new Set(idsOf(secondTasks));
  const order = (await dispatchesAt(vendor)).slice(held.length).map(({ id }) => id);
  const lastOfSecond = order.findLastIndex((id) => seconds.has(id)) + 1;
  return {
    checks: [
      exactly("the first owner's tasks that succeeded", firstSucceeded, held.length + firstTasks.length),
      exactly("the second owner's tasks that succeeded", secondSucceeded, SECOND_OWNER_TASKS),
      atMost("dispatches until the second owner's ten were under way", lastOfSecond, FAIR_DISPATCHES),
    ],
    measures: [],
  };
}

function idsOf(tasks: readonly { id: string }[]): string[] {
  return tasks.map(({ id }) => id);
}
