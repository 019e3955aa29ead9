import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { call } from "../../scripts/lib/http.ts";
import { DEV_OWNER } from "../../scripts/lib/local-env.ts";
import { atMost, type Check, exactly, type Measure, median, type Outcome } from "../lib/checks.ts";
import { readStatus, type Target } from "../lib/client.ts";
import { type CoreLoad, loadCoreAlone } from "../lib/core-load.ts";
import { bootGateway } from "../lib/gateway.ts";
import { medianPositionMicroseconds } from "../lib/position-cost.ts";
import { type SeededIds, seedQueue } from "../lib/queue-seed.ts";

const OWNERS = [DEV_OWNER, ...Array.from({ length: 9 }, (_, index) => `owner-${index + 2}`)] as const;
/** Nothing listens on the discard port: the vendor is not called while this runs. */
const NO_VENDOR = "http://127.0.0.1:9";
const REREAD_SECONDS = 24 * 3_600;
const BYTES_PER_MB = 1_000_000;
/** The issue's: 400,000 rows. */
const REBUILD_LIMIT_MS = 10_000;
/** Of an object and its Worker, on the platform. */
const MEMORY_LIMIT_MB = 128;

const readyz = z.looseObject({ queue: z.looseObject({ waiting: z.number() }) });

type Place = "over" | "front" | "middle" | "end";
type Look = { id: string; index: number | undefined };
type Observed = {
  waiting: number;
  rebuildMs: number;
  core: CoreLoad;
  residentBytes: number;
  wrongPositions: number;
  medianMs: Partial<Record<Place, number>>;
};

export type LongQueueSize = {
  tasks: number;
  /** A queue to compare with. */
  fewTasks: number;
  lookUpsPerPlace: number;
  onProgress: (step: string) => void;
};

/** A restart with a long queue, beside the same with a short one and with none. */
export async function longQueue(buildDir: string, size: LongQueueSize): Promise<Outcome> {
  const observe = (waiting: number) => {
    size.onProgress(`a queue of ${waiting} tasks`);
    return restartWith(buildDir, waiting, size.lookUpsPerPlace);
  };
  const none = await observe(0);
  const few = await observe(size.fewTasks);
  const many = await observe(size.tasks);

  const growth = size.tasks / size.fewTasks;
  const fewUs = medianPositionMicroseconds(size.fewTasks, OWNERS);
  const manyUs = medianPositionMicroseconds(size.tasks, OWNERS);
  const checks: Check[] = [
    exactly("tasks in the queue after the restart", many.waiting, size.tasks),
    exactly("wrong positions", few.wrongPositions + many.wrongPositions, 0),
    atMost("milliseconds until the first answer after the restart", Math.round(many.rebuildMs), REBUILD_LIMIT_MS),
    atMost("MB of memory of the core alone", Math.round(many.core.heapBytes / BYTES_PER_MB), MEMORY_LIMIT_MB),
    atMost(
      `growth of a look-up's cost from ${size.fewTasks} to ${size.tasks} tasks (a scan's: ${growth})`,
      rounded(manyUs / fewUs),
      // Far from a scan on any machine, and room for caches that a long queue does not fit into.
      Math.round(Math.sqrt(growth)),
    ),
  ];
  const measures: Measure[] = [
    { name: "first answer after a restart, the queue rebuilt for it", value: many.rebuildMs, unit: "ms" },
    { name: `the same with ${size.fewTasks} tasks`, value: few.rebuildMs, unit: "ms" },
    { name: "the same without a queue", value: none.rebuildMs, unit: "ms" },
    { name: "the core alone, in Node: loading", value: many.core.loadMs, unit: "ms" },
    { name: "the core alone, in Node: memory", value: many.core.heapBytes / BYTES_PER_MB, unit: "MB" },
    { name: "the core alone, in Node: memory per task", value: many.core.heapBytes / size.tasks, unit: "bytes" },
    { name: "gateway's memory (RSS)", value: many.residentBytes / BYTES_PER_MB, unit: "MB" },
    { name: "the same without a queue", value: none.residentBytes / BYTES_PER_MB, unit: "MB" },
    { name: "memory per task", value: (many.residentBytes - none.residentBytes) / size.tasks, unit: "bytes" },
    { name: "position of one task, in the process alone", value: manyUs, unit: "µs" },
    ...Object.entries(many.medianMs).flatMap(([place, ms]): Measure[] => [
      { name: `status over HTTP, ${place}, median`, value: ms, unit: "ms" },
      {
        name: `status over HTTP, ${place}, beside a task that is over`,
        value: ratio(ms, many.medianMs.over),
        unit: "x",
      },
      { name: `status over HTTP, ${place}, beside an empty queue`, value: ratio(ms, none.medianMs.over), unit: "x" },
      {
        name: `status over HTTP, ${place}, beside ${size.fewTasks} tasks`,
        value: ratio(ms, few.medianMs[place as Place]),
        unit: "x",
      },
    ]),
  ];
  return { checks, measures };
}

async function restartWith(buildDir: string, waiting: number, lookUpsPerPlace: number): Promise<Observed> {
  const stateDir = await mkdtemp(join(tmpdir(), "reelgate-queue-"));
  const vars = { VOD_CONCURRENCY: "1", VOD_REREAD_SECONDS: String(REREAD_SECONDS) };
  const boot = (restart: boolean) => bootGateway({ stateDir, buildDir, vodEndpoint: NO_VENDOR, vars, restart });
  try {
    const ids = await seedQueue(await boot(false), { waiting, owners: OWNERS, over: lookUpsPerPlace });
    const core = await loadCoreAlone(stateDir);
    const gateway = await boot(true);
    try {
      await call(`${gateway.gatewayUrl}/healthz`);
      const began = performance.now();
      // The first to ask for the dispatcher waits until it has read its queue.
      const { queue } = readyz.parse(await readiness(gateway, ids.waiting[0] ?? ids.over[0]));
      const rebuildMs = performance.now() - began;
      const { medianMs, wrongPositions } = await lookUp(gateway, placesOf(ids, lookUpsPerPlace));
      const residentBytes = await gateway.residentBytes();
      return { waiting: queue.waiting, rebuildMs, core, residentBytes, medianMs, wrongPositions };
    } finally {
      await gateway.kill();
    }
  } finally {
    await rm(stateDir, { recursive: true, force: true });
  }
}

/** The readiness report, asked for when a first look has been answered: by itself it waits for 2 s only. */
async function readiness(gateway: Target, firstId: string | undefined): Promise<unknown> {
  if (firstId === undefined) throw new RangeError("There is no task to look at");
  await readStatus(gateway, firstId);
  return (await call(`${gateway.gatewayUrl}/readyz`, { apiKey: gateway.apiKey })).body;
}

/** Tasks of the first owner at each place of the queue, each to be looked at once. */
function placesOf(ids: SeededIds, each: number): Map<Place, Look[]> {
  const own = ids.waiting.map((id, index) => ({ id, index })).filter(({ index }) => index % OWNERS.length === 0);
  const places = new Map<Place, Look[]>([["over", ids.over.map((id) => ({ id, index: undefined }))]]);
  if (own.length === 0) return places;
  const count = Math.min(each, Math.floor(own.length / 3));
  const middle = Math.floor((own.length - count) / 2);
  return places
    .set("front", own.slice(0, count))
    .set("middle", own.slice(middle, middle + count))
    .set("end", own.slice(-count));
}

/** Looks at the places in turn, so that whatever disturbs the machine disturbs all of them. */
async function lookUp(gateway: Target, places: Map<Place, Look[]>) {
  const times = new Map<Place, number[]>();
  let wrongPositions = 0;
  const rounds = Math.max(...Array.from(places.values(), (looks) => looks.length));
  for (let round = 0; round < rounds; round++) {
    for (const [place, looks] of places) {
      const look = looks[round];
      if (!look) continue;
      const began = performance.now();
      const { position } = await readStatus(gateway, look.id);
      times.set(place, [...(times.get(place) ?? []), performance.now() - began]);
      if (position !== look.index) wrongPositions += 1;
    }
  }
  const medianMs: Observed["medianMs"] = Object.fromEntries(
    Array.from(times, ([place, all]) => [place, median(all)] as const),
  );
  return { medianMs, wrongPositions };
}

function ratio(value: number, base: number | undefined): number {
  return base === undefined ? Number.NaN : value / base;
}

const rounded = (value: number) => Math.round(value * 100) / 100;
