/*
 * Model check: arbitrary orders of everything that can happen to tasks; after every step the books of both sides must
 * agree. Time is virtual: gateway and vendor move only when a command moves them, so that a seed replays as it was. Each
 * run has a seed of its own; `SEED=… npx vitest run test/tasks/model` makes one again.
 */
import { env } from "cloudflare:workers";
import * as fc from "fast-check";
import { describe, it } from "vitest";
import { CREATE, REQUESTS } from "../../support/client.ts";
import { emulator } from "../../support/gateway.ts";
import { driveToRest, REST_STEP_SECONDS } from "./checks.ts";
import { post, type Submission } from "./clients.ts";
import { KINDS } from "./commands.ts";
import { OUTCOMES } from "./outcomes.ts";
import { World } from "./world.ts";

const RUNS = 60;
const COMMANDS_MAX = 35;
const TIME_LIMIT_MS = 25_000;
const LAST_RUN_MAX_MS = 20_000;
const TEST_TIMEOUT_MS = 90_000;

async function explore(seed: number): Promise<void> {
  const commands = fc.commands(KINDS, { maxCommands: COMMANDS_MAX, size: "max" });
  let latest = Promise.resolve();
  const run = async (steps: Iterable<fc.AsyncCommand<object, World>>) => {
    const world = await new World().start();
    await fc.asyncModelRun(() => ({ model: {}, real: world }), steps);
    await driveToRest(world);
  };
  const property = fc.asyncProperty(commands, (steps) => (latest = run(steps)));
  try {
    await fc.assert(property, { seed, numRuns: RUNS, interruptAfterTimeLimit: TIME_LIMIT_MS });
  } catch (error) {
    throw new Error(`With SEED=${seed}:`, { cause: error });
  } finally {
    // The run in which the time is over goes on, and must not do so in the next test.
    const late = new Promise((resolve) => setTimeout(resolve, LAST_RUN_MAX_MS));
    await Promise.race([latest.catch(() => undefined), late]);
  }
}

describe("in any order of submissions, faults, answers, events, forgeries, cancels, DELETEs, restarts and alarms", () => {
  it(
    "no task is paid twice, lost, or told to be over while it is paid; ends stay; session_ids and slots have one holder",
    { timeout: TEST_TIMEOUT_MS },
    async () => {
      // fast-check takes seeds of 32 bits.
      await explore(env.TEST_SEED === "" ? Math.floor(Math.random() * 2 ** 31) : Number(env.TEST_SEED));
    },
  );
});

describe("in one order each", () => {
  const withSession = (world: World): Submission => ({
    owner: world.owners[0] ?? "",
    sessionId: "s1",
    key: undefined,
    alone: true,
  });

  it("a session_id that reached the vendor once is kept by a cancel after a requeue", async ({ expect }) => {
    const world = await new World().start();
    await emulator.call("PUT", "config", { outcome: OUTCOMES.no_room });
    world.outcome = "no_room";
    post(world, withSession(world), {});
    await world.quiet();
    await world.advanceVendor(60);
    const [paid] = await emulator.tasks();
    if (!paid) throw new Error("The vendor has the task.");
    await world.notify(await world.completion(paid));
    const id = paid.SessionId.replace(/-\d+$/, "");
    const canceled = await world.call("PUT", `${REQUESTS}/${id}/cancel`, world.owners[0] ?? "");
    expect(canceled.status).toBe(202);
    post(world, withSession(world), {});
    await world.quiet();
    expect(world.complaints).toEqual([]);
    expect(world.known.size).toBe(1);
    expect((await world.books()).claims).toEqual(new Map([[`${world.owners[0]}/s1`, id]]));
  });

  it("a task accepted by a late resend is found, though its answer and its event are lost", async ({ expect }) => {
    const world = await new World().start();
    await emulator.fault({ action: CREATE, kind: "drop_before_accept" });
    await emulator.fault({ action: CREATE, kind: "drop_after_accept" });
    post(world, withSession(world), {});
    await world.quiet();
    for (let steps = 0; steps < 10; steps++) {
      await world.advance(REST_STEP_SECONDS);
      await world.quiet();
    }
    expect(await emulator.tasks()).toHaveLength(1);
    expect((await world.tasks()).map(({ status }) => status)).toEqual(["succeeded"]);
  });
});
