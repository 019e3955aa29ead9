/* What vendor, network, record, clock and object do. */
import * as fc from "fast-check";
import { CREATE } from "../../support/client.ts";
import { emulator, type Json } from "../../support/gateway.ts";
import { NO_ROOM, type Outcome, OUTCOMES } from "./outcomes.ts";
import { any, pick, step } from "./step.ts";

/** How far the vendor's clock may be ahead: less than the margin within which a task is looked for. */
const LEAD_MAX_SECONDS = 110;

export const createFault = step(
  fc.constantFrom<Json>(
    { kind: "drop_before_accept" },
    { kind: "drop_after_accept" },
    { kind: "http_500" },
    { kind: "bad_json" },
    { kind: "error", code: "InternalError" },
    { kind: "error", code: NO_ROOM },
    { kind: "error", code: "LimitExceeded" },
    { kind: "error", code: "AuthFailure.SignatureFailure" },
    { kind: "error", code: "SomethingNobodyKnows" },
  ),
  "next create call:",
  (_, fault) => emulator.fault({ action: CREATE, ...fault }),
);

export const readFault = step(
  fc.constantFrom<Json>(
    { action: "DescribeTaskDetail", kind: "http_500" },
    { action: "DescribeTaskDetail", kind: "bad_json" },
    { action: "DescribeTasks", kind: "http_500" },
  ),
  "next reading:",
  (_, fault) => emulator.fault(fault),
);

export const vendorMood = step(
  fc.record({
    outcome: fc.constantFrom<Outcome>("success", "failure", "no_room", "no_room"),
    seconds: fc.constantFrom(20, 60, 150),
  }),
  "the vendor's next tasks:",
  async (world, { outcome, seconds }) => {
    world.outcome = outcome;
    await emulator.call("PUT", "config", { outcome: OUTCOMES[outcome], task_seconds: seconds });
  },
);

export const recordMood = step(fc.constantFrom("there", "there", "away", "lost"), "the record is", (world, mode) => {
  world.record.mode = mode;
});

export const holdNext = step(fc.constantFrom("request", "answer"), "the next create call hangs as", (world, stage) => {
  world.network.holdNext = stage;
});

export const held = step(
  fc.record({ which: any, how: fc.constantFrom("goOn", "timeOut") }),
  "a hanging call:",
  (world, { which, how }) => world.network.order(pick(world.network.held, which), how),
);

export const straggler = step(any, "a call that was given up arrives", async (world, which) => {
  const call = pick(world.network.stragglers, which);
  if (call) await world.network.arrive(call);
});

export const vendorWorks = step(fc.constantFrom(20, 60), "the vendor works, seconds:", async (world, seconds) => {
  if (world.leadSeconds + seconds <= LEAD_MAX_SECONDS) await world.advanceVendor(seconds);
});

export const time = step(fc.constantFrom(1, 3, 20, 60, 200, 700), "time and alarm, seconds:", (world, seconds) =>
  world.advance(seconds),
);

export const restart = step(fc.constant(null), "restart", (world) => world.restart());
export const cron = step(fc.constant(null), "cron", (world) => world.gateway.tick());
