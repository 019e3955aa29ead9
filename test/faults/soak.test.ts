/*
 * A short soak with a fixed plan. `npm run faults` runs long ones.
 */
import { beforeAll, describe, expect, it } from "vitest";
import { TEST_BUILD_DIR } from "../e2e/support/paths.ts";
import { soak, type SoakReport } from "./soak.ts";

const SEED = 5;
const TASKS = 40;
const KILLS = 2;
const NO_NEW_ORDERS_AFTER_MS = 20_000;
const SETTLE_TIMEOUT_MS = 30_000;
const TIMEOUT_MS = 120_000;

describe(`a soak of ${TASKS} orders under faults and ${KILLS} kills`, () => {
  let report: SoakReport;

  beforeAll(async () => {
    report = await soak({
      seed: SEED,
      tasks: TASKS,
      kills: KILLS,
      maxMs: NO_NEW_ORDERS_AFTER_MS,
      settleTimeoutMs: SETTLE_TIMEOUT_MS,
      buildDir: TEST_BUILD_DIR,
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
    expect(journal.networkErrors).toBeGreaterThan(0);
    expect(journal.eventsRelayed).toBeGreaterThan(0);
    expect(totals.lostCallbacks).toBeGreaterThan(0);
    expect(totals.forgedTried).toBeGreaterThan(0);
  });
});
