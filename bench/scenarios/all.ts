import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startStack } from "../../scripts/lib/stack.ts";
import type { Outcome } from "../lib/checks.ts";
import { startEmulatedField } from "../lib/emulated-field.ts";
import { bootGateway } from "../lib/gateway.ts";
import { type Lab, labOf } from "../lib/lab.ts";
import { UNLIMITED } from "../lib/no-limits.ts";
import { burst, paced } from "./burst.ts";
import { crash } from "./crash.ts";
import { largeRequests } from "./large-requests.ts";
import { longQueue } from "./long-queue.ts";
import { lowerLimit } from "./lower-limit.ts";
import { positions } from "./positions.ts";
import { slowVendor } from "./slow-vendor.ts";
import { streams, type StreamsSize } from "./streams.ts";
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
  const streamsSize = { owners: quick ? 2 : 10, tasksOfEach: 20, streamsOfEach: 200 };
  const slowSize = { tasks: quick ? 20 : 40, connections: 5, callSeconds: quick ? 1 : 10 };
  const largeSize = { atOnce: 8, megabytes: 7 };
  const queueSize = { tasks: share(400_000), fewTasks: 1_000, lookUpsPerPlace: share(300) };
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
    streams: {
      title: "Event streams on many waiting tasks",
      size: streamsSize,
      run: (buildDir) => streamsAlone(buildDir, { ...streamsSize, timeoutMs }),
    },
    "slow-vendor": {
      title: "More creates than connections, a slow vendor",
      size: slowSize,
      run: (buildDir) => slowVendor(buildDir, { ...slowSize, timeoutMs }),
    },
    "large-requests": {
      title: "Large submissions at once",
      size: largeSize,
      run: (buildDir) => largeRequests(buildDir, largeSize),
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
    // One owner has them all.
    const vars = { MAX_STREAMS: String(count) };
    const gateway = await bootGateway({ stateDir, buildDir, vodEndpoint: emulator.emulatorUrl, vars });
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

async function streamsAlone(buildDir: string, size: StreamsSize): Promise<Outcome> {
  const field = await startEmulatedField({
    buildDir,
    vars: { VOD_CONCURRENCY: "1", VOD_REQUESTS_PER_SECOND: String(UNLIMITED) },
    peers: {},
    startLine: async () => undefined,
  });
  try {
    return await streams(field, size);
  } finally {
    await field.stop();
  }
}
