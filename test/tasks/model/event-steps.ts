/* The vendor's notifications, genuine and forged. */
import * as fc from "fast-check";
import { emulator, type Json } from "../../support/gateway.ts";
import { any, pick, step } from "./step.ts";
import { must } from "./world.ts";

/** Genuine events of finished tasks, in any order, as often and as late as chance has it. */
export const event = step(
  fc.record({ which: any, copies: fc.constantFrom(1, 1, 2) }),
  "event",
  async (world, { which, copies }) => {
    const task = pick(
      (await emulator.tasks()).filter(({ Status }) => Status === "FINISH"),
      which,
    );
    if (!task) return;
    const genuine = await world.completion(task);
    const answers = await Promise.all(Array.from({ length: copies }, () => world.notify(genuine)));
    must(
      answers.every(({ status }) => status === 200),
      () => "a genuine event was refused",
    );
  },
);

/** Signature and token are genuine, what is said is not. */
export const forgery = step(
  fc.record({ which: any, other: any, kind: fc.constantFrom("body", "token", "task", "sign") }),
  "forged event",
  async (world, { which, other, kind }) => {
    const tasks = await emulator.tasks();
    const target = pick(tasks, which);
    if (!target) return;
    const before = await world.tasks();
    const lie = {
      ErrCode: 70_000,
      ErrCodeExt: "Forged",
      Output: { FileInfos: [{ FileUrl: "https://forged.test/x" }] },
    };
    const forged = await world.completion(target, {
      ...lie,
      ...(kind === "token" && { SessionContext: pick(tasks, other)?.SessionContext }),
      ...(kind === "task" && { TaskId: `${target.TaskId}0` }),
    });
    const response = await world.notify(kind === "sign" ? { ...forged, Sign: "0".repeat(32) } : forged);
    must(response.status === (kind === "sign" ? 401 : 200), () => `a forged event (${kind}) got ${response.status}`);
    if (kind !== "task" && kind !== "sign") return;
    // An earlier event may have named a task whose create call has no answer yet: that is learnt whenever it is read.
    const unnamed = new Set(before.filter((row) => row.vendor_task_id === null).map(({ id }) => id));
    const after = await world.tasks();
    const real = new Set(tasks.map(({ TaskId }) => TaskId));
    const learnt = after.filter((row) => unnamed.has(row.id) && real.has(row.vendor_task_id ?? ""));
    const excused = new Set(learnt.map(({ id }) => id));
    const [was, is] = [before, after].map((rows) => comparable(rows.filter(({ id }) => !excused.has(id))));
    must(JSON.stringify(is) === JSON.stringify(was), () => `a forged event (${kind}) changed a task`);
  },
);

/** What may change without anybody's doing: where a row is, and what is still to be asked about. */
function comparable(rows: object[]) {
  return rows.map((row) => {
    const { id, status, attempt, vendor_task_id, result, finished_at } = row as Json;
    return [id, status, attempt, vendor_task_id, result, finished_at];
  });
}
