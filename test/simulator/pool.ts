import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { Outcome } from "./world.ts";

const SEEDS_AT_ONCE = 10;

export type Job = { seeds: number[]; core: string; steps: number | undefined; unfenced: boolean };
export type JobResult = { outcomes: Outcome[] } | { broken: string };

export type PoolOptions = {
  from: number;
  seeds: number;
  /** The module of the core under test. */
  core: string;
  steps?: number | undefined;
  /** The storage does not fence off a life that was replaced. */
  unfenced?: boolean;
  /** No further seeds are begun once this says so. */
  isEnough: (outcomes: readonly Outcome[]) => boolean;
  onOutcomes?: (outcomes: readonly Outcome[]) => void;
};

/** Runs seeds on all processors, in their order as far as that goes. */
export async function runSeeds(options: PoolOptions): Promise<Outcome[]> {
  const all: Outcome[] = [];
  let next = options.from;
  const end = options.from + options.seeds;
  const takeJob = (): Job | undefined => {
    if (next >= end || options.isEnough(all)) return undefined;
    const seeds = Array.from({ length: Math.min(SEEDS_AT_ONCE, end - next) }, (_, index) => next + index);
    next += seeds.length;
    return { seeds, core: options.core, steps: options.steps, unfenced: options.unfenced ?? false };
  };
  const run = async () => {
    const worker = new Worker(new URL("thread.ts", import.meta.url));
    try {
      for (let job = takeJob(); job; job = takeJob()) {
        const result = await answerOf(worker, job);
        if ("broken" in result) throw new Error(result.broken);
        all.push(...result.outcomes);
        options.onOutcomes?.(result.outcomes);
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, run));
  return all.toSorted((a, b) => a.seed - b.seed);
}

function answerOf(worker: Worker, job: Job): Promise<JobResult> {
  return new Promise((resolve, reject) => {
    worker.once("message", (result: JobResult) => {
      worker.removeListener("error", reject);
      resolve(result);
    });
    worker.once("error", reject);
    worker.postMessage(job);
  });
}
