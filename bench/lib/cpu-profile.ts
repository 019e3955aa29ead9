import * as z from "zod";
import { connectDevTools } from "./devtools.ts";

const MICROSECONDS_PER_MS = 1_000;
const SAMPLE_EVERY_US = 500;
/** Between two samples lies more when the isolate was not at work in between. */
const NEIGHBOURS_MAX_US = 2 * SAMPLE_EVERY_US;
/** What the profiler calls an isolate that is entered and has nothing to do. */
const IDLE = "(idle)";

const stopped = z.object({
  profile: z.object({
    nodes: z.array(z.object({ id: z.number(), callFrame: z.object({ functionName: z.string() }) })),
    samples: z.array(z.number()),
    timeDeltas: z.array(z.number()),
  }),
});

type Profile = z.infer<typeof stopped>["profile"];

/**
 * Profiles one isolate, again and again. A sample is taken only while the isolate is entered, and isolates of one runtime
 * take turns on one thread: what the simulators of D1, KV and R2 do, each an isolate of its own, is not in it. Nor is what
 * the runtime does outside of any isolate, such as HTTP.
 */
export type Profiler = {
  /**
   * @returns the milliseconds in which the isolate was at work while `work` was done: JavaScript or native, its garbage
   * collection included
   */
  during: (work: () => Promise<void>) => Promise<number>;
  close: () => void;
};

/** @param inspectorUrl of an isolate that nobody else is connected to */
export async function openProfiler(inspectorUrl: string): Promise<Profiler> {
  const devTools = await connectDevTools(inspectorUrl);
  await devTools.send("Profiler.enable");
  await devTools.send("Profiler.setSamplingInterval", { interval: SAMPLE_EVERY_US });
  return {
    during: async (work) => {
      await devTools.send("Profiler.start");
      await work();
      return cpuMilliseconds(stopped.parse(await devTools.send("Profiler.stop")).profile);
    },
    close: devTools.close,
  };
}

/** Samples at work, times the distance of neighbours, which is a little longer than was asked for. */
function cpuMilliseconds({ nodes, samples, timeDeltas }: Profile): number {
  const idle = new Set(nodes.filter(({ callFrame }) => callFrame.functionName === IDLE).map(({ id }) => id));
  const atWork = samples.filter((id) => !idle.has(id)).length;
  const near = timeDeltas.filter((delta) => delta > 0 && delta <= NEIGHBOURS_MAX_US);
  const meanUs = near.reduce((sum, delta) => sum + delta, 0) / Math.max(1, near.length);
  return (atWork * (meanUs || SAMPLE_EVERY_US)) / MICROSECONDS_PER_MS;
}
