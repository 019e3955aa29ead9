import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startStack } from "../../scripts/lib/stack.ts";
import type { Outcome } from "../lib/checks.ts";
import { bootGateway } from "../lib/gateway.ts";
import { type Lab, labOf } from "../lib/lab.ts";
import { burst, paced } from "./burst.ts";
import { crash } from "./crash.ts";
import { longQueue } from "./long-queue.ts";
import { lowerLimit } from "./lower-limit.ts";
import { positions } from "./positions.ts";
import { twoOwners } from "./two-owners.ts";
import { watchers } from "./watchers.ts";

const CONCURRENCY = 3;
const TASK_SECONDS = 0.2;
const SHORT_TASK_SECONDS = 0.05;
const TIMEOUT_MS = 300_000;
const QUICK_SHARE = 0.1;

export type Scenario = {
  title: string;
  size: Record<string, number>;
  run: (buildDir: string) => Promise<Outcome>;
};

/** By the names under which they are chosen. */
export function scenarios(quick: boolean, onProgress: (step: string) => void): Record<string, Scenario> {
  const share = (count: number) => (quick ? count * QUICK_SHARE : count);
  const common = { concurrency: CONCURRENCY, taskSeconds: TASK_SECONDS };
  const timeoutMs = TIMEOUT_MS;

  const burstSize = { ...common, tasks: share(300) };
  const pacedSize = { tasks: share(300), taskSeconds: SHORT_TASK_SECONDS };
  const lowerSize = { tasks: 20, taskSeconds: TASK_SECONDS };
  const ownersSize = { ...common, firstOwnerTasks: quick ? 60 : 200, taskSeconds: SHORT_TASK_SECONDS };
  const positionsSize = { ...common, waiting: quick ? 20 : 60 };
  const crashSize = { ...common, tasks: quick ? 40 : 200 };
  const watchersSize = { watchers: share(1_000) };
  const queueSize = { tasks: share(100_000), fewTasks: 1_000, lookUpsPerPlace: share(300) };
  return {
    burst: {
      title: "Everything at once",
      size: burstSize,
      run: withLab(CONCURRENCY, (lab) => burst(lab, { ...burstSize, timeoutMs })),
    },
    paced: {
      title: "As many slots as tasks: calls a second are the limit",
      size: pacedSize,
      run: withLab(pacedSize.tasks, (lab) => paced(lab, { ...pacedSize, timeoutMs })),
    },
    "lower-limit": {
      title: "The vendor takes one at a time, the gateway believes in three",
      size: lowerSize,
      run: withLab(CONCURRENCY, (lab) => lowerLimit(lab, { ...lowerSize, timeoutMs })),
    },
    "two-owners": {
      title: "A long queue of one owner, ten tasks of another",
      size: ownersSize,
      run: withLab(CONCURRENCY, (lab) => twoOwners(lab, { ...ownersSize, timeoutMs })),
    },
    positions: {
      title: "Positions",
      size: positionsSize,
      run: withLab(CONCURRENCY, (lab) => positions(lab, { ...positionsSize, timeoutMs })),
    },
    crash: {
      title: "SIGKILL with half the queue done",
      size: crashSize,
      run: (buildDir) => crash(buildDir, { ...crashSize, timeoutMs }),
    },
    watchers: {
      title: "Event streams on one task",
      size: watchersSize,
      run: (buildDir) => watchersAlone(buildDir, watchersSize.watchers),
    },
    "long-queue": {
      title: "A long queue after a restart",
      size: queueSize,
      run: (buildDir) => longQueue(buildDir, { ...queueSize, onProgress }),
    },
  };
}

function withLab(concurrency: number, scenario: (lab: Lab) => Promise<Outcome>): Scenario["run"] {
  return async (buildDir) => {
    const stack = await startStack({ buildDir, environment: { VOD_CONCURRENCY: String(concurrency) } });
    try {
      return await scenario(labOf(stack));
    } finally {
      await stack.stop();
    }
  };
}

/** On a gateway of its own, so that its memory and its database can be looked at. */
async function watchersAlone(buildDir: string, count: number): Promise<Outcome> {
  const stateDir = await mkdtemp(join(tmpdir(), "reelgate-watchers-"));
  const emulator = await startStack({ gateway: false, buildDir });
  try {
    const gateway = await bootGateway({ stateDir, buildDir, vodEndpoint: emulator.emulatorUrl });
    try {
      const { gatewayUrl, apiKey } = gateway;
      const lab = labOf({ gatewayUrl, apiKey, emulatorUrl: emulator.emulatorUrl, addApiKey: emulator.addApiKey });
      return await watchers(lab, { watchers: count, timeoutMs: TIMEOUT_MS }, gateway);
    } finally {
      await gateway.kill();
    }
  } finally {
    await emulator.stop();
    await rm(stateDir, { recursive: true, force: true });
  }
}
