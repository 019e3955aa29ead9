/* A task's end is final, whoever comes late: each statement that changes a state, and each turn of the core. */
import { describe, it } from "vitest";
import * as changes from "../../src/dispatcher/changes.ts";
import { TASK_STATUSES } from "../../src/tasks/contract.ts";
import { isTerminal } from "../../src/tasks/state.ts";
import {
  ABSENT,
  accepted,
  type Cell,
  failed,
  HOUR_MS,
  type Life,
  NOT_KNOWN,
  onCell,
  processing,
  refused,
  SILENT,
} from "./support.ts";

const TERMINAL = TASK_STATUSES.filter(isTerminal);

describe("a terminal state", () => {
  for (const status of TERMINAL) {
    it(`(${status}) is left by no statement there is`, ({ expect }) =>
      onCell((cell) => {
        const { sql, now } = cell;
        const id = cell.id(1);
        cell.begin().accept(1, { session_id: "s" });
        sql.all("UPDATE tasks SET status = ?1, finished_at = ?2 WHERE id = ?3", status, now, id);
        const before = cell.row(1);
        const start = { at: now, endsAt: now + 1 };
        const end = { status: "failed", submitted: true, message: "x" } as const;
        const requeue = { attempt: 1, steps: 1, reached: true, message: "x", now };
        expect([
          changes.beginTask(sql, id, start),
          changes.resendTask(sql, id, start),
          changes.acceptTask(sql, id, { vendorTaskId: "v2", attempt: 2, now }),
          changes.requeueTask(sql, id, requeue),
          changes.endTask(sql, id, end, now),
        ]).toEqual([undefined, undefined, false, false, false]);
        changes.doubtTask(sql, id, 1, now);
        changes.doubtLeftOver(sql, [id], now);
        changes.setHint(sql, id, "v2");
        expect(cell.row(1)).toEqual(before);
      }));
  }

  it("knows every statement of src/dispatcher/changes.ts", ({ expect }) => {
    // A new one belongs into the test above.
    expect(Object.keys(changes).toSorted()).toEqual(
      [
        "acceptTask",
        "beginTask",
        "doubtLeftOver",
        "doubtTask",
        "endTask",
        "requeueTask",
        "resendTask",
        "setHint",
      ].toSorted(),
    );
  });
});

describe("a task that is over", () => {
  /** Everything that can still come for the first task. */
  function late(cell: Cell, life: Life, old: Life): void {
    for (const outcome of [accepted("v9"), refused("InvalidParameter"), SILENT] as const) {
      const call = { id: cell.id(1), attempt: 1, call: 1, calledAt: cell.now };
      for (const each of [life, old]) each.core.created(call, outcome, cell.now);
    }
    life.event(1, "v1");
    for (const outcome of [processing(), failed("X"), failed("RequestLimitExceeded")])
      life.core.reread({ id: cell.id(1), vendorTaskId: "v1" }, outcome, cell.now);
    life.core.aborted({ id: cell.id(1), vendorTaskId: "v1" }, true, cell.now);
    life.cancel(1);
    life.passLooking(HOUR_MS, ABSENT);
  }

  const ENDS: [name: string, end: (life: Life) => void][] = [
    [
      "succeeded",
      (life) => {
        life.accept(1);
        life.finish(1);
      },
    ],
    [
      "failed",
      (life) => {
        life.submit(1);
        life.created(1, refused("InvalidParameter"));
      },
    ],
    [
      "canceled",
      (life) => {
        life.accept(1);
        life.cancel(1);
        life.aborted(1, true);
      },
    ],
    [
      "expired",
      (life) => {
        life.submit(1);
        life.created(1, SILENT);
        life.passLooking(80 * HOUR_MS, NOT_KNOWN);
      },
    ],
  ];
  for (const [status, end] of ENDS) {
    it(`(${status}) stays as it is whatever comes late`, ({ expect }) =>
      onCell((cell) => {
        const old = cell.begin();
        end(old);
        const before = cell.row(1);
        expect(before.status).toBe(status);
        late(cell, cell.begin(), old);
        expect({ ...cell.row(1), told: 0 }).toEqual({ ...before, told: 0 });
      }));
  }
});
