import { setTimeout as sleep } from "node:timers/promises";
import { atMost, exactly, median, type Outcome } from "../lib/checks.ts";
import { readStatus, submit, submitAtOnce, type Submitted, succeededOf, type Target } from "../lib/client.ts";
import type { EmulatedField } from "../lib/emulated-field.ts";
import { hold, labOf, release } from "../lib/lab.ts";
import { watch } from "../lib/watcher.ts";

const BYTES_PER_MB = 1_000_000;
const MS_PER_SECOND = 1_000;
const PERCENT = 100;
/** In which nothing changes; longer than the streams are silent. */
const QUIET_SECONDS = 15;
const POLLS = 50;
/** Half of what one core can do: the object is not to be busy with those who wait. */
const QUIET_CPU_LIMIT_PERCENT = 50;
const TASK_SECONDS = 0.05;

export type StreamsSize = { owners: number; tasksOfEach: number; streamsOfEach: number; timeoutMs: number };

/**
 * Many owners watch many waiting tasks, each as much as one may.
 * @param field whose gateway has one slot
 */
export async function streams(field: EmulatedField<never>, size: StreamsSize): Promise<Outcome> {
  const { gateway, emulatorUrl } = field;
  const { gatewayUrl, apiKey } = gateway;
  const lab = labOf({ gatewayUrl, apiKey, emulatorUrl, addApiKey: ({ owner }) => field.addOwner(owner) });
  await field.resetVendor({ concurrency: 1 });
  await hold(lab);
  const held = await submit(lab);
  const watched: { target: Target; tasks: Submitted[] }[] = [];
  for (let number = 0; number < size.owners; number++) {
    const target = { gatewayUrl, apiKey: await field.addOwner(`streams-${number}`) };
    watched.push({ target, tasks: await submitAtOnce(target, size.tasksOfEach) });
  }
  const before = await gateway.residentBytes();
  const signal = AbortSignal.timeout(size.timeoutMs);
  const perTask = size.streamsOfEach / size.tasksOfEach;
  const openedAt = performance.now();
  const all = watched.flatMap(({ target, tasks }) =>
    tasks.flatMap(({ id }) => Array.from({ length: perTask }, () => watch(target, id, signal))),
  );
  await Promise.all(all.map(({ opened }) => opened));
  const openSeconds = (performance.now() - openedAt) / MS_PER_SECOND;
  const during = await gateway.residentBytes();

  const cpuBefore = await gateway.cpuMilliseconds();
  await sleep(QUIET_SECONDS * MS_PER_SECOND);
  const quietPercent = (((await gateway.cpuMilliseconds()) - cpuBefore) * PERCENT) / (QUIET_SECONDS * MS_PER_SECOND);
  await release(lab, TASK_SECONDS);
  const last = watched.at(-1);
  const movingMs = last ? await pollMedian(last.target, last.tasks.at(-1)?.id ?? held.id) : Number.NaN;
  const completed = (await Promise.all(all.map(({ completed: end }) => end))).filter((time) => time !== undefined);
  let succeeded = await succeededOf(lab, [held.id], size.timeoutMs);
  for (const { target, tasks } of watched) {
    const ids = tasks.map(({ id }) => id);
    succeeded += await succeededOf(target, ids, size.timeoutMs);
  }
  return {
    checks: [
      exactly("tasks that succeeded", succeeded, size.owners * size.tasksOfEach + 1),
      exactly("streams told COMPLETED, after which they ended", completed.length, all.length),
      atMost("CPU (% of a core) while nothing changes", Math.round(quietPercent), QUIET_CPU_LIMIT_PERCENT),
    ],
    measures: [
      { name: "opening all streams", value: openSeconds, unit: "s" },
      { name: "gateway's memory before (RSS)", value: before / BYTES_PER_MB, unit: "MB" },
      { name: "gateway's memory with all streams open (RSS)", value: during / BYTES_PER_MB, unit: "MB" },
      { name: "memory per stream", value: (during - before) / all.length, unit: "bytes" },
      { name: "poll of a waiting task while the queue moves, median", value: movingMs, unit: "ms" },
    ],
  };
}

async function pollMedian(target: Target, id: string): Promise<number> {
  const times: number[] = [];
  for (let poll = 0; poll < POLLS; poll++) {
    const began = performance.now();
    await readStatus(target, id);
    times.push(performance.now() - began);
  }
  return median(times);
}
