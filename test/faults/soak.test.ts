/*
 * A short soak with a fixed plan. `npm run faults` runs long ones.
 */
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { TEST_BUILD_DIR } from "../e2e/support/paths.ts";
import { buildFaulty } from "./build.ts";
import { soak, type SoakReport } from "./soak.ts";

const FAULTY_BUILD_DIR = join(TEST_BUILD_DIR, "faulty");
const SEED = 5;
const TASKS = 40;
const KILLS = 2;
const NO_NEW_ORDERS_AFTER_MS = 20_000;
/** A create that was on its way when the gateway was killed is sent again after half a minute. */
const SETTLE_TIMEOUT_MS = 60_000;
const TIMEOUT_MS = 180_000;

describe(`a soak of ${TASKS} orders under faults and ${KILLS} kills`, () => {
  let report: SoakReport;

  beforeAll(async () => {
    await buildFaulty(FAULTY_BUILD_DIR);
    report = await soak({
      seed: SEED,
      tasks: TASKS,
      kills: KILLS,
      quick: true,
      maxMs: NO_NEW_ORDERS_AFTER_MS,
      settleTimeoutMs: SETTLE_TIMEOUT_MS,
      buildDir: TEST_BUILD_DIR,
      gatewayBuildDir: FAULTY_BUILD_DIR,
    });
  }, TIMEOUT_MS);

  it("ends with balanced books", () => {
    const { violations, histories } = report;
    expect({ violations, histories: Object.fromEntries(histories) }).toEqual({ violations: [], histories: {} });
  });

  it("has met what it was to meet", () => {
    const { journal, totals, orders } = report;
    expect(orders).toBeGreaterThan(TASKS / 2);
    expect(totals.paid).toBeGreaterThan(TASKS / 4);
    expect(journal.down.length).toBeGreaterThan(0);
    expect(journal.deaths).toBeGreaterThan(0);
    expect(journal.secondLives).toBeGreaterThan(0);
    expect(journal.recordAway.length).toBeGreaterThan(0);
    expect(journal.filesAway.length).toBeGreaterThan(0);
    expect(journal.erased.size).toBeGreaterThan(0);
    expect(journal.networkErrors).toBeGreaterThan(0);
    expect(journal.eventsRelayed).toBeGreaterThan(0);
    expect(totals.lostCallbacks).toBeGreaterThan(0);
    expect(totals.forgedTried).toBeGreaterThan(0);
  });
});
