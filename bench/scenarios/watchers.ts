import { exactly, median, type Measure, type Outcome } from "../lib/checks.ts";
import { submit, succeededOf } from "../lib/client.ts";
import type { Gateway } from "../lib/gateway.ts";
import { hold, type Lab, release } from "../lib/lab.ts";
import { watch } from "../lib/watcher.ts";

const BYTES_PER_MB = 1_000_000;

export type WatchersSize = { watchers: number; timeoutMs: number };

/**
 * Many event streams on one task.
 * @param gateway the lab's own, when its memory and its database can be looked at
 */
export async function watchers(lab: Lab, size: WatchersSize, gateway?: Gateway): Promise<Outcome> {
  await lab.vendor.reset();
  if (gateway) await lab.vendor.configure({ notification_url: gateway.callbackUrl });
  await hold(lab);
  const { id } = await submit(lab);
  const before = await gateway?.residentBytes();
  const signal = AbortSignal.timeout(size.timeoutMs);
  const openedAt = performance.now();
  const all = Array.from({ length: size.watchers }, () => watch(lab, id, signal));
  await Promise.all(all.map(({ opened }) => opened));
  const openSeconds = (performance.now() - openedAt) / 1000;
  const during = await gateway?.residentBytes();

  const releasedAt = Date.now();
  await release(lab, 0);
  const times = (await Promise.all(all.map(({ completed }) => completed))).filter((time) => time !== undefined);
  const succeeded = await succeededOf(lab, [id], size.timeoutMs);

  const since = (start: number) => ({ middle: median(times) - start, last: Math.max(...times) - start });
  const fromFinish = since(releasedAt);
  const measures: Measure[] = [
    { name: "opening all streams", value: openSeconds, unit: "s" },
    { name: "from the vendor's end of the task to the median watcher", value: fromFinish.middle, unit: "ms" },
    { name: "from the vendor's end of the task to the last watcher", value: fromFinish.last, unit: "ms" },
  ];
  if (gateway && before !== undefined && during !== undefined) {
    const { receivedAt, committedAt } = await timesOf(gateway, id);
    measures.push(
      { name: "from the notification's arrival to the last watcher", value: since(receivedAt).last, unit: "ms" },
      { name: "from the commit of the result to the last watcher", value: since(committedAt).last, unit: "ms" },
      { name: "gateway's memory before (RSS)", value: before / BYTES_PER_MB, unit: "MB" },
      { name: "gateway's memory with all streams open (RSS)", value: during / BYTES_PER_MB, unit: "MB" },
      { name: "memory per stream", value: (during - before) / size.watchers, unit: "bytes" },
    );
  }
  return {
    checks: [
      exactly("tasks that succeeded", succeeded, 1),
      exactly("watchers told COMPLETED, after which their stream ended", times.length, size.watchers),
    ],
    measures,
  };
}

async function timesOf({ database }: Gateway, id: string): Promise<{ receivedAt: number; committedAt: number }> {
  const row = await database
    .prepare(
      `SELECT events.received_at AS receivedAt, tasks.finished_at AS committedAt
       FROM tasks JOIN events ON events.task_id = tasks.id WHERE tasks.id = ?1`,
    )
    .bind(id)
    .first<{ receivedAt: number; committedAt: number }>();
  if (!row) throw new Error(`There is no notification of task ${id}`);
  return row;
}
