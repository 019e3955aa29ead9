/* Where a task stood still, or held up the others (L1 to L6, L9 to L12 of the review): the core, call by call. */
import { describe, it } from "vitest";
import {
  ABSENT,
  accepted,
  CALL_MS,
  type Cell,
  DAY_MS,
  failed,
  HOUR_MS,
  MINUTE_MS,
  onCell,
  processing,
  refused,
  RESEND_AFTER_MS,
  SECOND_MS,
  SILENT,
  succeeded,
} from "./support.ts";

describe("L1: the record's answer to a completing batch is lost", () => {
  it("holds no slot, and the batch is told again under the same revision", ({ expect }) =>
    onCell(
      (cell) => {
        const life = cell.begin();
        life.accept(1);
        life.submit(2);
        life.finish(1);
        expect(life.take("create", 2)).toMatchObject({ attempt: 1 });
        const [first] = life.told(false).tasks;
        life.pass(SECOND_MS);
        expect(life.take("tell").tasks).toEqual([first]);
        expect(first).toMatchObject({ id: cell.id(1), rev: 1, status: "succeeded" });
      },
      { concurrency: 1 },
    ));
});

describe("L2, L3: what an earlier life has left", () => {
  /** One task in each state a row can be left in. */
  function leave(cell: Cell): void {
    const life = cell.begin();
    life.accept(1);
    life.accept(5);
    life.finish(5);
    life.submit(3);
    life.submit(6);
    life.submit(2);
    life.submit(4);
    life.submit(7, { start_by: cell.now + HOUR_MS });
    life.created(2, SILENT);
    // An event whose re-read does not come back in time.
    life.event(6, "v6");
    life.pass(4 * SECOND_MS);
  }

  for (const [age, ms] of [
    ["a moment", 1],
    ["eleven minutes", 11 * MINUTE_MS],
    ["two days", 2 * DAY_MS],
  ] as const) {
    it(`${age} ago is taken up, each row of it`, ({ expect }) =>
      onCell(
        (cell) => {
          leave(cell);
          expect(cell.states()).toEqual({ running: 1, unknown: 1, submitting: 2, queued: 2, succeeded: 1 });
          cell.now += ms;
          const life = cell.begin();
          expect(life.report()).toMatchObject({ waiting: 2, running: 4, untold: 1 });
          life.pass(3 * SECOND_MS);
          const late = ms > HOUR_MS;
          expect(life.report().untold).toBe(late ? 2 : 1);
          expect(life.asked("read").map(({ vendorTaskId }) => vendorTaskId)).toEqual(
            expect.arrayContaining(["v1", "v6"]),
          );
          const wanted = life.asked("look").flatMap(({ sessionIds }) => sessionIds);
          expect(wanted).toEqual(expect.arrayContaining([2, 3].map((n) => `${cell.id(n)}-1`)));
          expect(cell.row(7)).toMatchObject(late ? { error_code: "startup_timeout" } : { status: "queued" });
        },
        { concurrency: 4 },
      ));
  }
});

describe("L4: seven calls that fail in one instant", () => {
  it("are one outage: a second later one call finds out that it is over, and all go on", ({ expect }) =>
    onCell((cell) => {
      const life = cell.begin();
      for (let n = 1; n <= 7; n++) life.submit(n);
      for (let n = 1; n <= 7; n++) life.created(n, SILENT);
      expect(life.report().holdingUntil).toBe(cell.now + SECOND_MS);
      for (let n = 8; n <= 10; n++) life.submit(n);
      expect(life.asked("create")).toEqual([]);
      life.pass(1_200);
      expect(life.asked("create").map(({ id }) => id)).toEqual([cell.id(8)]);
      life.created(8, accepted("v8"));
      expect(life.asked("create").map(({ id }) => id)).toEqual([cell.id(9), cell.id(10)]);
      expect(life.report().holdingUntil).toBeNull();
    }));

  it("nor does a refusal, which is an answer, prolong it", ({ expect }) =>
    onCell((cell) => {
      const life = cell.begin();
      for (let n = 1; n <= 3; n++) life.submit(n);
      life.created(1, SILENT);
      life.created(2, SILENT);
      life.created(3, refused("InvalidParameterValue"));
      expect(life.report().holdingUntil).toBeNull();
    }));
});

describe("L5: thousands of deadlines at once", () => {
  const TASKS = 2_000;

  it("are met in bounded turns, each once, and told in bounded batches", ({ expect }) =>
    onCell(
      (cell) => {
        const life = cell.begin();
        life.accept(1);
        for (let n = 2; n <= TASKS + 1; n++) life.submit(n, { start_by: cell.now + MINUTE_MS });
        cell.now += 2 * MINUTE_MS;
        const ended: number[] = [];
        let turns = 0;
        for (; (cell.states().queued ?? 0) > 0; turns++) {
          const before = cell.states().failed ?? 0;
          life.core.tick(cell.now);
          ended.push((cell.states().failed ?? 0) - before);
          expect((cell.states().queued ?? 0) === 0 || life.core.nextAt() <= cell.now).toBe(true);
        }
        expect([turns, Math.max(...ended)]).toEqual([TASKS / 200, 200]);
        life.pass(0);
        const told: string[] = [];
        while (life.asked("tell").length > 0) {
          const { tasks } = life.told();
          expect(tasks.length).toBeLessThanOrEqual(100);
          told.push(...tasks.map(({ id }) => id));
        }
        expect([told.length, new Set(told).size]).toEqual([TASKS, TASKS]);
      },
      { concurrency: 1 },
    ));
});

describe("L9: an error code that nobody knows", () => {
  it("pauses nobody, and its slot is free again within two minutes", ({ expect }) =>
    onCell(
      (cell) => {
        const life = cell.begin();
        life.submit(1);
        life.submit(2);
        life.created(1, refused("SomethingNobodyKnows"));
        expect(life.report().holdingUntil).toBeNull();
        life.passLooking(CALL_MS + RESEND_AFTER_MS + 5 * SECOND_MS, ABSENT);
        life.created(1, refused("SomethingNobodyKnows"));
        life.passLooking(CALL_MS + RESEND_AFTER_MS + 5 * SECOND_MS, ABSENT);
        life.created(1, accepted("v1"));
        life.finish(1);
        expect(life.take("create", 2)).toMatchObject({ attempt: 1 });
      },
      { concurrency: 1 },
    ));

  it("for ever ends as that refusal, after a bounded number of calls", ({ expect }) =>
    onCell((cell) => {
      const life = cell.begin();
      life.submit(1, { session_id: "s" });
      let calls = 0;
      while (cell.row(1).status !== "failed" && calls < 100) {
        life.created(1, refused("SomethingNobodyKnows"));
        calls += 1;
        for (let seconds = 0; seconds < 600 && life.asked("create").length === 0; seconds++)
          life.passLooking(SECOND_MS, ABSENT);
      }
      expect(cell.row(1)).toMatchObject({ status: "failed", error_code: "SomethingNobodyKnows" });
      expect(calls).toBeLessThan(12);
    }));
});

describe("L10: a task for which there is never room", () => {
  it("has a history that does not grow, with its beginning and its end", ({ expect }) =>
    onCell((cell) => {
      const life = cell.begin();
      life.submit(1);
      for (let attempt = 1; attempt <= 300; attempt++) {
        life.created(1, accepted(`v1-${attempt}`));
        life.finish(1, failed("RequestLimitExceeded", attempt), `v1-${attempt}`);
        life.pass(40 * SECOND_MS);
      }
      const history = JSON.parse(String(cell.row(1).history)) as { message: string }[];
      expect(history.length).toBeLessThanOrEqual(50);
      expect([history[0]?.message, history.at(-1)?.message]).toEqual([
        "Queued.",
        "The vendor was at its limit; queued again.",
      ]);
      expect(cell.row(1)).toMatchObject({ attempt: 301 });
    }));
});

describe("L11: a vendor that hangs while forty creates are due", () => {
  it("gets five at a time, each with its own 15 s, and no call is given up that was not made", ({ expect }) =>
    onCell(
      (cell) => {
        const life = cell.begin();
        for (let n = 1; n <= 40; n++) life.submit(n);
        let made = 0;
        while (made < 40) {
          const calls = life.asked("create");
          expect(calls.length).toBeLessThanOrEqual(5);
          cell.now += CALL_MS - 1;
          for (const { calledAt, id } of calls) {
            expect(cell.now - calledAt).toBeLessThan(CALL_MS);
            life.created(Number(id.slice(-12)), accepted(`v-${id}`));
            made += 1;
          }
        }
        expect(cell.states()).toEqual({ running: 40 });
      },
      { concurrency: 40, connections: 5 },
    ));

  it("does not keep events waiting: one connection comes to them within the time of a call", ({ expect }) =>
    onCell(
      (cell) => {
        const life = cell.begin();
        life.accept(1);
        for (let n = 2; n <= 40; n++) life.submit(n);
        life.event(1, "v1");
        expect(life.asked("read")).toEqual([]);
        life.pass(2 * SECOND_MS);
        life.created(Number(life.asked("create")[0]?.id.slice(-12)), accepted("v2"));
        expect(life.asked("read")).toHaveLength(1);
      },
      { concurrency: 40, connections: 5 },
    ));
});

describe("L12: the vendor's odd endings", () => {
  const EMPTY = failed("EmptyOutput");

  it("EmptyOutput is believed when it is said twice, five seconds apart", ({ expect }) =>
    onCell((cell) => {
      const life = cell.begin();
      life.accept(1);
      life.finish(1, EMPTY);
      expect(cell.row(1)).toMatchObject({ status: "running" });
      life.pass(4 * SECOND_MS);
      expect(life.asked("read")).toEqual([]);
      life.pass(SECOND_MS);
      life.read(1, EMPTY);
      expect(cell.row(1)).toMatchObject({ status: "failed", error_code: "EmptyOutput" });
    }));

  it("EmptyOutput that was said too early is no end", ({ expect }) =>
    onCell((cell) => {
      const life = cell.begin();
      life.accept(1);
      life.finish(1, EMPTY);
      life.pass(5 * SECOND_MS);
      life.read(1, succeeded());
      expect(cell.row(1)).toMatchObject({ status: "succeeded" });
    }));

  it("ABORTED ends the task that is known to be ours, and no other", ({ expect }) =>
    onCell((cell) => {
      const life = cell.begin();
      life.accept(1);
      life.pass(3 * MINUTE_MS);
      life.read(1, { kind: "aborted", message: "Stopped." });
      expect(cell.row(1)).toMatchObject({ status: "failed", error_code: "aborted", error_message: "Stopped." });
      // Without a token it proves nothing of a task whose vendor id is hearsay.
      life.submit(2);
      life.event(2, "v9");
      life.read(2, { kind: "aborted", message: "Stopped." });
      expect(cell.row(2)).toMatchObject({ status: "submitting", vendor_task_id: null });
      life.created(2, accepted("v2"));
      life.finish(2, processing());
      expect(cell.row(2)).toMatchObject({ status: "running", vendor_task_id: "v2" });
    }));
});

describe("an event that comes while a re-read of its task is in the air", () => {
  it("has the task read once more: that read may have been answered before the task was over", ({ expect }) =>
    onCell((cell) => {
      const life = cell.begin();
      life.accept(1);
      life.pass(4 * MINUTE_MS);
      // Due by itself, and not answered yet.
      expect(life.event(1, "v1")).toBe(false);
      life.read(1, processing());
      life.read(1, succeeded());
      expect(cell.row(1)).toMatchObject({ status: "succeeded" });
      expect(life.take("noted", 1)).toMatchObject({ kind: "noted" });
    }));
});
