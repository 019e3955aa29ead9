import { availableParallelism, cpus, totalmem } from "node:os";
import * as z from "zod";

const BYTES_PER_GB = 1_000_000_000;

export const machineSchema = z.object({
  platform: z.string(),
  cpu: z.string(),
  cores: z.number(),
  memory_gb: z.number(),
  node: z.string(),
});

export type Machine = z.infer<typeof machineSchema>;

export function thisMachine(): Machine {
  return {
    platform: `${process.platform} ${process.arch}`,
    cpu: cpus()[0]?.model ?? "unknown",
    cores: availableParallelism(),
    memory_gb: Math.round(totalmem() / BYTES_PER_GB),
    node: process.version,
  };
}

export function machineLine({ platform, cores, cpu, memory_gb: memory, node }: Machine): string {
  return `${platform}, ${cores} cores (${cpu}), ${memory} GB, Node ${node}`;
}
