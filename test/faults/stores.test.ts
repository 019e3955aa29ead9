/*
 * What the stores hold at the end, with one thing changed each time.
 */
import { expect, it } from "vitest";
import { type Changed, holdingsOf, ID, idle, kinds, paid, rowOf, task } from "./balanced.ts";

const row = rowOf(task, paid.vendorTaskId);
const [hour] = holdingsOf([task], [paid]).hourly;
const counted = (change: Partial<typeof hour>) => (hour ? [{ ...hour, ...change }] : []);

it.each<[string, string, Changed]>([
  ["wrong_record", "over and not in D1", { holdings: { record: [], hourly: [] } }],
  [
    "wrong_record",
    "another state in D1",
    { holdings: { record: [{ ...row, status: "failed" }], hourly: counted({ status: "failed" }) } },
  ],
  ["wrong_record", "another vendor task in D1", { holdings: { record: [{ ...row, vendor_task_id: "v7" }] } }],
  ["wrong_record", "another file in D1", { holdings: { record: [{ ...row, result: "{}" }] } }],
  ["wrong_record", "counted twice", { holdings: { hourly: counted({ tasks: 2 }) } }],
  ["wrong_record", "not counted", { holdings: { hourly: [] } }],
  ["wrong_record", "its removal has not reached D1", { journal: { erased: new Set([ID]) } }],
  [
    "wrong_record",
    "its content is back in D1",
    {
      gateway: [{ ...task, erased: true, urls: [] }],
      holdings: { record: [{ ...row, deleted_at: 10_000 }] },
    },
  ],
  ["left_over", "the object still has it", { holdings: { untold: [{ id: ID, status: "succeeded" }] } }],
  ["left_over", "a file", { holdings: { files: [`requests/${ID}`] } }],
  ["left_over", "a slot that never came back", { queue: { ...idle, running: 1 } }],
])("%s: %s", (kind, _, world) => {
  expect(kinds(world)).toEqual([kind]);
});

it("leaves nothing to find in a world in balance", () => {
  expect(kinds({})).toEqual([]);
});
