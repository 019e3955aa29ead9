import { exactly, median, type Measure, type Outcome } from "../lib/checks.ts";
import { submit, succeededOf } from "../lib/client.ts";
import { allOver } from "../lib/all-over.ts";
import type { Gateway } from "../lib/gateway.ts";
import { hold, type Lab, release } from "../lib/lab.ts";
import { watch } from "../lib/watcher.ts";

const BYTES_PER_MB = 1_000_000;
const RECORD_TIMEOUT_MS = 10_000;

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
    const endedAt = await endOf(gateway, id);
    measures.push(
      { name: "from the gateway's own end of the task to the last watcher", value: since(endedAt).last, unit: "ms" },
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

/** When the gateway noted the task's end: milliseconds since the epoch. */
async function endOf(gateway: Gateway, id: string): Promise<number> {
  await allOver(gateway, RECORD_TIMEOUT_MS);
  const row = gateway.database.prepare("SELECT finished_at FROM tasks WHERE id = ?1").bind(id);
  return (await row.first<number>("finished_at")) ?? Number.NaN;
}
