/* What clients do. */
import * as fc from "fast-check";
import { REQUESTS } from "../../support/client.ts";
import { emulator } from "../../support/gateway.ts";
import { post, read as readAsClient } from "./clients.ts";
import { any, pick, step } from "./step.ts";
import { must } from "./world.ts";

const submission = fc.record({
  owner: fc.nat({ max: 1 }),
  session: fc.constantFrom(undefined, "s1", "s1", "s1", "s2"),
  key: fc.constantFrom(undefined, undefined, "k1", "k2"),
  /** The vendor refuses it whenever it is sent. */
  flawed: fc.constantFrom(false, false, false, false, true),
  hurried: fc.constantFrom(false, false, false, false, true),
  priority: fc.constantFrom(0, 0, 5),
  copies: fc.constantFrom(1, 1, 1, 2),
});

export const submit = step(
  submission,
  "submit",
  (world, { owner, session, key, flawed, hurried, priority, copies }) => {
    for (let copy = 0; copy < copies; copy++) {
      post(
        world,
        { owner: world.owners[owner] ?? "", sessionId: session, key, alone: copies === 1 },
        {
          ...(flawed && { made_up_member: 1 }),
          ...(hurried && { start_timeout: 40 }),
          ...(priority && { tasks_priority: priority }),
        },
      );
    }
  },
);

export const cancel = step(
  fc.record({
    which: any,
    waiting: fc.boolean(),
    foreign: fc.constantFrom(false, false, false, true),
    withEvent: fc.boolean(),
  }),
  "cancel",
  async (world, { which, waiting, foreign, withEvent }) => {
    const tasks = await world.tasks();
    const task = pick(waiting ? tasks.filter(({ status }) => status === "queued") : tasks, which);
    if (!task) return;
    const owner = foreign ? world.owners.find((name) => name !== task.owner) : task.owner;
    const finished = (await emulator.tasks()).find(({ Status }) => Status === "FINISH");
    const [response] = await Promise.all([
      world.call("PUT", `${REQUESTS}/${task.id}/cancel`, owner ?? ""),
      withEvent && finished && world.completion(finished).then((genuine) => world.notify(genuine)),
    ]);
    if (world.excused(response)) return;
    const row = await world.row(task.id);
    must(!foreign || response.status === 404, () => `another owner's cancel got ${response.status}`);
    must(response.status !== 202 || row?.status === "canceled", () => `${task.id} was canceled, and is ${row?.status}`);
  },
);

export const erase = step(any, "DELETE", async (world, which) => {
  const task = pick(
    (await world.tasks()).filter(({ finished_at: at }) => at !== null),
    which,
  );
  if (!task) return;
  const response = await world.call("DELETE", `${REQUESTS}/${task.id}`, task.owner);
  if (world.excused(response)) return;
  must(response.status === 200, () => `a DELETE of ${task.status} got ${response.status}`);
  world.erased.add(task.id);
});

export const read = step(
  fc.record({ which: any, foreign: fc.constantFrom(false, false, false, true) }),
  "read",
  async (world, { which, foreign }) => {
    const task = pick(await world.tasks(), which);
    if (!task) return;
    if (!foreign) return readAsClient(world, task.id, task.owner);
    const owner = world.owners.find((name) => name !== task.owner) ?? "";
    for (const path of [`${REQUESTS}/${task.id}`, `${REQUESTS}/${task.id}/status`]) {
      const response = await world.call("GET", path, owner);
      must(
        response.status === 404 || world.excused(response),
        () => `another owner reads ${response.status} at ${path}`,
      );
    }
  },
);
