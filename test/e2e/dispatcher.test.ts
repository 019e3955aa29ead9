/*
 * What the dispatcher promises, over HTTP and with real runtimes. `npm run bench` runs the same scenarios at full size
 * and measures them.
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Outcome } from "../../bench/lib/checks.ts";
import { type Lab, labOf } from "../../bench/lib/lab.ts";
import { burst, paced } from "../../bench/scenarios/burst.ts";
import { crash } from "../../bench/scenarios/crash.ts";
import { lowerLimit } from "../../bench/scenarios/lower-limit.ts";
import { positions } from "../../bench/scenarios/positions.ts";
import { twoOwners } from "../../bench/scenarios/two-owners.ts";
import { watchers } from "../../bench/scenarios/watchers.ts";
import { TEST_BUILD_DIR } from "./support/paths.ts";
import { bootStack, type TestStack } from "./support/stack.ts";

const CONCURRENCY = 3;
const TASK_SECONDS = 0.2;
const SHORT_TASK_SECONDS = 0.05;
const TIMEOUT_MS = 50_000;
/** A call that the fall cut off holds its slot for half a minute. */
const CRASH_TIMEOUT_MS = 120_000;

let stack: TestStack;
let lab: Lab;

beforeAll(async () => {
  stack = await bootStack({ environment: { VOD_CONCURRENCY: String(CONCURRENCY) } });
  lab = labOf(stack);
});

afterAll(() => stack?.stop());

function expectToHold({ checks }: Outcome): void {
  expect(checks).not.toHaveLength(0);
  expect(checks.filter(({ holds }) => !holds)).toEqual([]);
}

it("keeps within the vendor's limits and in order, however much is posted at once", async () => {
  const size = { tasks: 90, concurrency: CONCURRENCY, taskSeconds: TASK_SECONDS, timeoutMs: TIMEOUT_MS };
  expectToHold(await burst(lab, size));
});

it("takes owners in turn", async () => {
  const size = { firstOwnerTasks: 60, concurrency: CONCURRENCY, taskSeconds: SHORT_TASK_SECONDS };
  expectToHold(await twoOwners(lab, { ...size, timeoutMs: TIMEOUT_MS }));
});

it("tells an exact first position, and then only lower ones", async () => {
  const size = { waiting: 20, concurrency: CONCURRENCY, taskSeconds: SHORT_TASK_SECONDS, timeoutMs: TIMEOUT_MS };
  expectToHold(await positions(lab, size));
});

it("tells every watcher of a task that it is done", async () => {
  expectToHold(await watchers(lab, { watchers: 200, timeoutMs: TIMEOUT_MS }));
});

// The last one with this gateway, which goes slower for a while after it.
it("brings all tasks through when the vendor takes fewer than it was told", async () => {
  expectToHold(await lowerLimit(lab, { tasks: 20, taskSeconds: TASK_SECONDS, timeoutMs: TIMEOUT_MS }));
});

it(
  "goes on where it was killed, and submits nothing twice",
  async () => {
    const size = { tasks: 40, concurrency: CONCURRENCY, taskSeconds: TASK_SECONDS, timeoutMs: TIMEOUT_MS };
    expectToHold(await crash(TEST_BUILD_DIR, size));
  },
  CRASH_TIMEOUT_MS,
);

it("keeps to the calls a second when slots are plenty", async () => {
  const tasks = 60;
  const wide = await bootStack({ environment: { VOD_CONCURRENCY: String(tasks) } });
  try {
    expectToHold(await paced(labOf(wide), { tasks, taskSeconds: SHORT_TASK_SECONDS, timeoutMs: TIMEOUT_MS }));
  } finally {
    await wide.stop();
  }
});
