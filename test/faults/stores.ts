import * as z from "zod";
import type { GatewayTask, PaidTask } from "./both-sides.ts";
import type { Journal } from "./journal.ts";
import type { Queue } from "./queue.ts";
import type { Holdings } from "./trouble.ts";
import { isTerminal, realOnes, requestIdOf, type Violation } from "./verdict.ts";

const HOUR_MS = 60 * 60 * 1000;

const resultSchema = z.looseObject({
  Output: z.looseObject({ FileInfos: z.array(z.looseObject({ FileUrl: z.string() })) }),
});

export type StoresInput = {
  holdings: Holdings;
  queue: Queue | undefined;
  journal: Journal;
  gateway: readonly GatewayTask[];
  vendor: readonly PaidTask[];
};

/** When all is over, D1 has every task as it ended at the vendor, has counted each once, and nothing else is left anywhere. */
export function judgeStores({ holdings, queue, journal, gateway, vendor }: StoresInput): Violation[] {
  const rows = new Map(holdings.record.map((row) => [row.id, row]));
  const attempts = Map.groupBy(vendor, ({ sessionId }) => requestIdOf(sessionId));
  const records = gateway
    .filter(({ state }) => isTerminal(state))
    .flatMap((task): Violation[] => {
      const [paid] = realOnes(attempts.get(task.requestId) ?? []);
      const text = wrongRow(rows.get(task.requestId), task, paid, journal);
      return text === undefined ? [] : [{ kind: "wrong_record", requestId: task.requestId, text }];
    });
  const held = queue ? queue.waiting + queue.running + queue.untold : 1;
  const slots: Violation = { kind: "left_over", text: `all is over, and the dispatcher says ${JSON.stringify(queue)}` };
  return [
    ...(held === 0 ? [] : [slots]),
    ...records,
    ...wrongCounts(holdings).map((text): Violation => ({ kind: "wrong_record", text })),
    ...holdings.untold.map(({ id, status }): Violation => ({
      kind: "left_over",
      requestId: id,
      text: `the object still has it to do: ${status}`,
    })),
    ...holdings.files.map((key): Violation => ({ kind: "left_over", text: `a file that nobody needs: ${key}` })),
  ];
}

type Row = Holdings["record"][number];

function wrongRow(
  row: Row | undefined,
  task: GatewayTask,
  paid: PaidTask | undefined,
  { erased }: Journal,
): string | undefined {
  if (!row) return "is over, and not in D1";
  if (row.owner !== task.owner || row.status !== task.state || (row.error_code ?? "") !== task.errorCode)
    return `is ${row.owner}'s, ${row.status} ${row.error_code} in D1, and shown as ${task.state} ${task.errorCode}`;
  if (paid && row.vendor_task_id !== paid.vendorTaskId)
    return `is ${row.vendor_task_id} in D1, and ${paid.vendorTaskId} at the vendor`;
  if (erased.has(task.requestId) && row.deleted_at === null) return "was removed, and D1 still has it";
  if (row.deleted_at !== null) {
    const content = [row.result, row.outline, row.request].some((text) => text !== null);
    return content ? "was removed, and D1 still has its content" : undefined;
  }
  if (row.status !== "succeeded" || !paid) return undefined;
  const result = resultSchema.safeParse(JSON.parse(row.result ?? "null"));
  const urls = result.data?.Output.FileInfos.map(({ FileUrl }) => FileUrl) ?? [];
  return urls.join() === paid.urls.join()
    ? undefined
    : `has ${urls.join()} in D1, and ${paid.urls.join()} at the vendor`;
}

/** The counters of each hour against the tasks themselves. */
function wrongCounts({ record, hourly }: Holdings): string[] {
  const nameOf = ({ owner, action, model_name, status }: Pick<Row, "owner" | "action" | "model_name" | "status">) =>
    [owner, action, model_name, status].join(" ");
  const wanted = new Map<string, number>();
  for (const row of record) {
    const name = `${row.finished_at - (row.finished_at % HOUR_MS)} ${nameOf(row)}`;
    wanted.set(name, (wanted.get(name) ?? 0) + 1);
  }
  const counted = new Map(hourly.map((row) => [`${row.hour} ${nameOf(row)}`, row.tasks]));
  return Array.from(new Set([...wanted.keys(), ...counted.keys()])).flatMap((name) => {
    const [tasks, count] = [wanted.get(name) ?? 0, counted.get(name) ?? 0];
    return tasks === count ? [] : [`${name}: ${count} counted, ${tasks} there`];
  });
}
