import { rm } from "node:fs/promises";
import { until } from "../../scripts/lib/until.ts";
import { atLeast, exactly, type Outcome } from "../lib/checks.ts";
import { submitAtOnce } from "../lib/client.ts";
import { bootGateway } from "../lib/gateway.ts";
import { UNLIMITED } from "../lib/no-limits.ts";
import { countTasks } from "../lib/object-database.ts";
import { startVendor } from "../lib/peers.ts";
import { newStateDir } from "../lib/state-dir.ts";

const MS_PER_SECOND = 1_000;
const PERCENT = 100;
/** The last round of calls may be short of some. */
const RATE_LIMIT_PERCENT = 80;

export type SlowVendorSize = { tasks: number; connections: number; callSeconds: number; timeoutMs: number };

/** More creates at once than connections, to a vendor that takes its time for each: they wait, and none is given up. */
export async function slowVendor(buildDir: string, size: SlowVendorSize): Promise<Outcome> {
  const { tasks, connections, callSeconds, timeoutMs } = size;
  const stateDir = await newStateDir();
  const vendor = await startVendor();
  try {
    const vars = {
      VOD_CONNECTIONS: String(connections),
      VOD_CONCURRENCY: String(UNLIMITED),
      VOD_REQUESTS_PER_SECOND: String(UNLIMITED),
    };
    const gateway = await bootGateway({ stateDir, buildDir, vodEndpoint: vendor.url, vars });
    try {
      await vendor.reset(callSeconds * MS_PER_SECOND);
      const began = performance.now();
      const submissions = submitAtOnce(gateway, tasks);
      await until("all to be with the vendor", timeoutMs, async () => {
        return (await countTasks(stateDir, "WHERE status = 'running'")) === tasks;
      });
      const seconds = (performance.now() - began) / MS_PER_SECOND;
      const rate = tasks / seconds;
      const { tasks: made } = await vendor.counts();
      return {
        checks: [
          exactly("submissions accepted", (await submissions).length, tasks),
          exactly("tasks at the vendor", made, tasks),
          exactly(
            "calls given up",
            await countTasks(stateDir, "WHERE calls > 1 OR history LIKE '%did not answer%'"),
            0,
          ),
          atLeast(
            "creates a second, % of connections by seconds a call",
            Math.round((rate * PERCENT * callSeconds) / connections),
            RATE_LIMIT_PERCENT,
          ),
        ],
        measures: [
          { name: "all with the vendor", value: seconds, unit: "s" },
          { name: "creates a second", value: rate, unit: "1/s" },
          { name: "connections by seconds a call", value: connections / callSeconds, unit: "1/s" },
        ],
      };
    } finally {
      await gateway.kill();
    }
  } finally {
    await vendor.stop();
    await rm(stateDir, { recursive: true, force: true });
  }
}
