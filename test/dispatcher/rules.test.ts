/* R1 to R7 of docs/reliability.md, each in the core where it is decided. */
import { describe, it } from "vitest";
import {
  ABSENT,
  accepted,
  CALL_MS,
  type Cell,
  DAY_MS,
  failed,
  foundAs,
  HOUR_MS,
  type Life,
  MINUTE_MS,
  NOT_KNOWN,
  onCell,
  processing,
  refused,
  RESEND_AFTER_MS,
  SECOND_MS,
  SILENT,
  succeeded,
} from "./support.ts";

const NO_ROOM = "RequestLimitExceeded";

/** Brings the first task into a state in which the vendor's yes is news. */
const STATES: [name: string, reach: (life: Life) => void][] = [
  ["submitting", (life) => void life.submit(1)],
  [
    "unknown",
    (life) => {
      life.submit(1);
      life.created(1, SILENT);
    },
  ],
  [
    "queued again",
    (life) => {
      life.submit(1);
      life.created(1, refused(NO_ROOM));
    },
  ],
];

describe("R1: a yes is recorded, whoever says it and whatever state the task is in, and never overruled", () => {
  for (const [state, reach] of STATES) {
    it(`by an event, of a task that is ${state}`, ({ expect }) =>
      onCell((cell) => {
        const life = cell.begin();
        reach(life);
        life.finish(1, processing(), "v1");
        expect(cell.row(1)).toMatchObject({ status: "running", vendor_task_id: "v1", reached: 1 });
        expect(life.report()).toMatchObject({ waiting: 0, running: 1 });
        // What the other calls say from now on counts for nothing.
        for (const { id } of life.asked("create")) life.created(Number(id.slice(-12)), refused("InvalidParameter"));
        life.passLooking(HOUR_MS, ABSENT);
        expect(cell.row(1)).toMatchObject({ status: "running", vendor_task_id: "v1" });
      }));
  }

  it("by a look, while the resend is in the air; its refusal changes nothing", ({ expect }) =>
    onCell((cell) => {
      const old = cell.begin();
      old.submit(1);
      const life = cell.begin();
      life.untilResent();
      old.created(1, accepted("v1"));
      for (const no of [refused("LimitExceeded"), SILENT]) {
        if (life.asked("create").length > 0) life.created(1, no);
        expect(cell.row(1)).toMatchObject({ status: "running", vendor_task_id: "v1" });
      }
    }));

  it("and a second yes with another id is told of, and does not take the first one's place", ({ expect }) =>
    onCell((cell) => {
      const old = cell.begin();
      old.submit(1);
      const life = cell.begin();
      life.untilResent();
      life.created(1, accepted("v2"));
      old.created(1, accepted("v1"));
      expect(cell.row(1)).toMatchObject({ status: "running", vendor_task_id: "v2" });
      expect(old.asked("log").map(({ event }) => event)).toContain("task.paid_twice");
    }));

  it("and what is over stays over", ({ expect }) =>
    onCell((cell) => {
      const life = cell.begin();
      life.submit(1);
      life.created(1, refused("InvalidParameter"));
      const before = cell.row(1);
      expect(life.event(1, "v1")).toBe(true);
      expect(cell.row(1)).toEqual(before);
    }));
});

describe("R2: a no speaks for its own call only", () => {
  it("the refusal of an earlier call does not end what a later one may have made", ({ expect }) =>
    onCell((cell) => {
      const old = cell.begin();
      old.submit(1, { session_id: "s" });
      const life = cell.begin();
      life.untilResent();
      old.created(1, refused("InvalidParameter"));
      expect(cell.row(1)).toMatchObject({ status: "unknown", holds_session: 1 });
      // Whoever still waits for that call's answer is not told no either.
      expect(old.asked("answer").map(({ submitted }) => submitted.kind)).not.toContain("refused");
      life.created(1, accepted("v1"));
      expect(cell.row(1)).toMatchObject({ status: "running" });
    }));

  it("nor does an answer that comes after its call was given up, of the same life", ({ expect }) =>
    onCell((cell) => {
      const life = cell.begin();
      life.submit(1, { session_id: "s" });
      // Its outcome is told to nobody for so long that the task is looked for, and sent again.
      const first = life.take("create");
      life.untilResent();
      life.core.created(first, refused("InvalidParameter"), cell.now);
      life.passLooking(MINUTE_MS, ABSENT);
      expect(cell.row(1)).toMatchObject({ finished_at: null, calls: 2, holds_session: 1 });
      life.created(1, accepted("v1"));
      expect(cell.row(1)).toMatchObject({ status: "running", vendor_task_id: "v1" });
    }));

  it("no room for an attempt says nothing of the attempt after it", ({ expect }) =>
    onCell((cell) => {
      const life = cell.begin();
      life.accept(1);
      life.finish(1, failed(NO_ROOM));
      life.pass(2 * SECOND_MS);
      life.created(1, accepted("v1b"));
      const before = cell.row(1);
      expect(before).toMatchObject({ status: "running", attempt: 2 });
      // A copy of the first attempt's event, while the second runs.
      expect(life.event(1, "v1")).toBe(true);
      expect(cell.row(1)).toEqual(before);
      expect(life.report()).toMatchObject({ waiting: 0, running: 1 });
    }));

  it("nor of one that is on its way, or waits", ({ expect }) =>
    onCell((cell) => {
      const life = cell.begin();
      life.accept(1);
      life.finish(1, failed(NO_ROOM));
      life.finish(1, failed(NO_ROOM));
      expect(cell.row(1)).toMatchObject({ status: "queued", attempt: 2, vendor_task_id: null });
      life.pass(2 * SECOND_MS);
      life.finish(1, failed(NO_ROOM));
      expect(cell.row(1)).toMatchObject({ status: "submitting", attempt: 2 });
      life.created(1, accepted("v1b"));
      life.finish(1, succeeded(2), "v1b");
      expect(cell.row(1)).toMatchObject({ status: "succeeded", attempt: 2, vendor_task_id: "v1b" });
    }));

  it("a late yes of an attempt that had no room is no yes", ({ expect }) =>
    onCell((cell) => {
      const life = cell.begin();
      life.submit(1);
      // Its event is faster than the answer to its create.
      life.finish(1, failed(NO_ROOM));
      expect(cell.row(1)).toMatchObject({ status: "queued", attempt: 2, spent: "v1" });
      life.created(1, accepted("v1"));
      expect(cell.row(1)).toMatchObject({ status: "queued", vendor_task_id: null });
      life.pass(2 * SECOND_MS);
      life.created(1, accepted("v1b"));
      expect(cell.row(1)).toMatchObject({ status: "running", attempt: 2, vendor_task_id: "v1b" });
    }));
});

describe("R3: absent is proved", () => {
  for (const [name, look] of [
    ["that did not get an answer", { ...NOT_KNOWN, answered: false }],
    ["that did not come to the end", NOT_KNOWN],
    ["that found another one's task", { ...NOT_KNOWN, found: { "other-1": "v9" } }],
  ] as const) {
    it(`not by a look ${name}`, ({ expect }) =>
      onCell((cell) => {
        const life = doubted(cell);
        life.passLooking(3 * HOUR_MS, look);
        expect([life.asked("create"), cell.row(1).status]).toEqual([[], "unknown"]);
      }));
  }

  it("not by a look that began before the call's end and a margin, however late it comes back", ({ expect }) =>
    onCell((cell) => {
      const life = doubted(cell);
      life.pass(2 * SECOND_MS);
      const { from, to } = life.asked("look")[0] ?? { from: 0, to: 0 };
      expect(from).toBeLessThanOrEqual(cell.startedAt);
      expect(to).toBeGreaterThanOrEqual(cell.startedAt + CALL_MS + RESEND_AFTER_MS);
      cell.now += HOUR_MS;
      life.looked(ABSENT);
      expect(life.asked("create")).toEqual([]);
      life.untilResent();
      expect(life.asked("create")[0]).toMatchObject({ call: 2, attempt: 1 });
    }));

  it("anew for each call: the next look goes back to the resend, not further", ({ expect }) =>
    onCell((cell) => {
      const life = doubted(cell);
      life.untilResent();
      const resentAt = cell.now;
      life.created(1, SILENT);
      life.passLooking(MINUTE_MS, ABSENT);
      expect(life.asked("create")).toEqual([]);
      life.untilResent();
      expect(cell.now - resentAt).toBeGreaterThanOrEqual(CALL_MS + RESEND_AFTER_MS);
    }));
});

describe("R4: claims outlive their task", () => {
  for (const [name, end] of [
    ["succeeded", (life: Life) => life.finish(1)],
    ["failed at the vendor", (life: Life) => life.finish(1, failed("X"))],
  ] as const) {
    it(`by three days, of one that ${name} after two days`, ({ expect }) =>
      onCell((cell) => {
        const life = cell.begin();
        const named = { session_id: "s", idempotency_key: "k", fingerprint: "f" };
        life.accept(1, named);
        cell.now += 2 * DAY_MS;
        end(life);
        while (life.asked("tell").length > 0) life.told();
        life.pass(3 * DAY_MS - SECOND_MS);
        expect(life.submit(2, { session_id: "s" })).toMatchObject({ kind: "duplicate_session" });
        expect(life.submit(3, named)).toMatchObject({ taskId: cell.id(1), replayed: true });
        life.pass(2 * SECOND_MS);
        expect(life.submit(4, named)).toMatchObject({ kind: "pending", taskId: cell.id(4) });
      }));
  }
});

describe("R5: every unfinished task has a deadline", () => {
  it("in every state it can be in: an hour without news, and each has been looked at", ({ expect }) =>
    onCell(
      (cell) => {
        const life = cell.begin();
        life.accept(1);
        life.submit(2);
        life.submit(3);
        life.created(3, refused("SomethingNobodyKnows"));
        life.submit(4);
        life.event(4, "v4");
        life.submit(5, { start_by: cell.now + MINUTE_MS });
        life.passLooking(HOUR_MS, NOT_KNOWN);
        expect(life.asked("read").map(({ vendorTaskId }) => vendorTaskId)).toEqual(
          expect.arrayContaining(["v1", "v4"]),
        );
        expect(cell.row(5)).toMatchObject({ status: "failed" });
        const looks = life.passLooking(HOUR_MS, NOT_KNOWN);
        expect(looks).toBeGreaterThan(5);
        expect(life.core.nextAt()).toBeLessThan(cell.now + HOUR_MS);
      },
      { concurrency: 4 },
    ));

  it("after three days without news it is over", ({ expect }) =>
    onCell((cell) => {
      const life = cell.begin();
      life.accept(2);
      life.submit(1);
      life.created(1, SILENT);
      life.passLooking(3 * DAY_MS, NOT_KNOWN);
      for (const { id } of life.asked("read")) life.read(Number(id.slice(-12)), { kind: "silent", reason: "timeout" });
      life.passLooking(DAY_MS, NOT_KNOWN);
      expect(cell.states()).toEqual({ expired: 2 });
    }));
});

describe("R6: every slot comes back", () => {
  const ENDS: [name: string, end: (life: Life) => void][] = [
    ["a refusal", (life) => void life.created(1, refused("InvalidParameter"))],
    ["no room in the answer", (life) => void life.created(1, refused(NO_ROOM))],
    ["a success", (life) => finishAccepted(life, succeeded())],
    ["a failure", (life) => finishAccepted(life, failed("X"))],
    ["no room in the end", (life) => finishAccepted(life, failed(NO_ROOM))],
    ["an abort", (life) => abort(life)],
    ["a request that is gone", (life) => void life.created(1, { kind: "unsent", gone: true })],
  ];
  for (const [name, end] of ENDS) {
    it(`after ${name}`, ({ expect }) =>
      onCell(
        (cell) => {
          const life = cell.begin();
          life.submit(1);
          life.submit(2, { priority: 100 });
          end(life);
          life.pass(2 * SECOND_MS);
          expect(life.take("create", 2)).toMatchObject({ attempt: 1 });
          expect(life.report()).toMatchObject({ running: 1 });
        },
        { concurrency: 1 },
      ));
  }

  function finishAccepted(life: Life, outcome: ReturnType<typeof succeeded>): void {
    life.created(1, accepted("v1"));
    life.finish(1, outcome);
  }

  function abort(life: Life): void {
    life.created(1, accepted("v1"));
    life.cancel(1);
    life.aborted(1, true);
  }

  it("after half an hour, of a task that nobody can find; it is looked for all the same", ({ expect }) =>
    onCell(
      (cell) => {
        const life = doubted(cell);
        life.submit(2);
        life.passLooking(29 * MINUTE_MS, NOT_KNOWN);
        expect(life.asked("create")).toEqual([]);
        const looks = life.passLooking(10 * MINUTE_MS, NOT_KNOWN);
        life.created(2, accepted("v2"));
        expect(looks).toBeGreaterThan(0);
        while (life.asked("look").length === 0) life.pass(MINUTE_MS);
        life.looked(foundAs(`${cell.id(1)}-1`, "v1"));
        expect(cell.row(1)).toMatchObject({ status: "running" });
      },
      { concurrency: 1 },
    ));
});

describe("R7: one fault is one owner's", () => {
  it("a model's backlog, a foreign code and a refusal hold up nobody else's task", ({ expect }) =>
    onCell((cell) => {
      const life = cell.begin();
      for (const [n, no] of ["FailedOperation", "SomethingNobodyKnows", "InvalidParameter"].entries()) {
        life.submit(n + 1);
        life.created(n + 1, refused(no));
      }
      life.submit(9, { owner: "other" });
      expect(life.asked("create").map(({ id }) => id)).toEqual([cell.id(9)]);
    }));

  it("an owner's event is not another owner's to tell", ({ expect }) =>
    onCell((cell) => {
      const life = cell.begin();
      life.accept(1);
      expect(life.event(1, "v1", { owner: "other" })).toBe(true);
      expect(life.asked("read")).toEqual([]);
      expect([life.cancel(1, "other"), life.erase(1, "other")]).toEqual(["not_found", "not_found"]);
      expect(life.core.view("other", cell.id(1))).toBeUndefined();
    }));
});

/** A task whose call was not answered. */
function doubted(cell: Cell): Life {
  const life = cell.begin();
  life.submit(1);
  life.created(1, SILENT);
  return life;
}
