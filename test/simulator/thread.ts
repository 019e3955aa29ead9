import { parentPort } from "node:worker_threads";
import type { CoreClass } from "./core-port.ts";
import type { Job, JobResult } from "./pool.ts";
import { simulate } from "./world.ts";

parentPort?.on("message", (job: Job) => {
  void run(job).then((result) => parentPort?.postMessage(result));
});

async function run({ seeds, core, steps, unfenced }: Job): Promise<JobResult> {
  try {
    const { Core } = (await import(core)) as { Core: CoreClass };
    const limits = steps === undefined ? {} : { steps };
    return { outcomes: seeds.map((seed) => simulate({ seed, CoreClass: Core, unfenced, ...limits })) };
  } catch (error) {
    return { broken: (error as Error).stack ?? String(error) };
  }
}
