/* Where one order was paid twice, or a paid result was lost (M1 to M9 of the review): the core, call by call. */
import { describe, it } from "vitest";
import {
  ABSENT,
  accepted,
  CALL_MS,
  type Cell,
  DAY_MS,
  foundAs,
  HOUR_MS,
  type Life,
  MINUTE_MS,
  NOT_KNOWN,
  onCell,
  refused,
  RESEND_AFTER_MS,
  SECOND_MS,
  SILENT,
  succeeded,
} from "./support.ts";

const NO_ROOM = "RequestLimitExceeded";

describe("two lives of the object", () => {
  for (const [name, code] of [
    ["M1", NO_ROOM],
    ["M2", "LimitExceeded"],
  ] as const) {
    it(`${name}: the old one's slow call says ${code} after the new one's was accepted`, ({ expect }) =>
      onCell((cell) => {
        const old = cell.begin();
        old.submit(1, { session_id: "s" });
        const young = cell.begin();
        young.untilResent();
        young.created(1, accepted("v1"));
        const before = cell.row(1);
        expect(before).toMatchObject({ status: "running", attempt: 1, calls: 2, vendor_task_id: "v1" });

        old.created(1, refused(code));
        expect(cell.row(1)).toEqual(before);
        expect([old.asked("create"), young.asked("create")]).toEqual([[], []]);
        young.finish(1);
        expect(cell.row(1)).toMatchObject({ status: "succeeded", vendor_task_id: "v1", holds_session: 1 });
      }));

    it(`${name}: or after a look has found what it made`, ({ expect }) =>
      onCell((cell) => {
        const old = cell.begin();
        old.submit(1);
        const young = cell.begin();
        young.pass(3 * SECOND_MS);
        young.looked(foundAs(`${cell.id(1)}-1`, "v1"));
        old.created(1, refused(code));
        expect(cell.row(1)).toMatchObject({ status: "running", attempt: 1, vendor_task_id: "v1" });
      }));
  }

  it("the old one's late yes is written down, also when the new one has sent the task again", ({ expect }) =>
    onCell((cell) => {
      const old = cell.begin();
      old.submit(1);
      const young = cell.begin();
      young.untilResent();
      old.created(1, accepted("v1"));
      // The vendor knows the SessionId, and says so.
      young.created(1, refused("InvalidParameterValue.SessionId"));
      expect(cell.row(1)).toMatchObject({ status: "running", attempt: 1, vendor_task_id: "v1" });
    }));
});

describe("M3: accepted, the answer lost, the list silent, and the resend refused with", () => {
  for (const code of [
    "InvalidParameterValue",
    "ResourceNotFound",
    "InvalidParameter.SessionId",
    "InvalidParameterValue.SessionIdDuplicate",
    "LimitExceeded",
    "AuthFailure.SignatureFailure",
  ]) {
    it(`${code}: nothing is ended, no name given back, and its event is believed`, ({ expect }) =>
      onCell((cell) => {
        const life = inDoubt(cell);
        life.untilResent();
        life.created(1, refused(code));
        life.passLooking(HOUR_MS, NOT_KNOWN);
        expect(cell.row(1)).toMatchObject({ status: "unknown", holds_session: 1, holds_key: 1 });
        expect(life.asked("create")).toEqual([]);
        life.finish(1);
        expect(cell.row(1)).toMatchObject({ status: "succeeded", vendor_task_id: "v1", holds_session: 1 });
      }));

    it(`${code}: it counts once a look has found neither call's task, and not before the call's end`, ({ expect }) =>
      onCell((cell) => {
        const life = inDoubt(cell);
        life.untilResent();
        life.created(1, refused(code));
        life.passLooking(CALL_MS + RESEND_AFTER_MS - SECOND_MS, ABSENT);
        expect(cell.row(1)).toMatchObject({ status: "unknown" });
        life.passLooking(10 * MINUTE_MS, ABSENT);
        expect(cell.row(1)).toMatchObject({
          status: "failed",
          error_code: code,
          holds_session: 0,
          vendor_task_id: null,
        });
      }));
  }
});

describe("M4: a look that does not know", () => {
  it("allows no resend, however often it is made", ({ expect }) =>
    onCell((cell) => {
      const life = inDoubt(cell);
      life.passLooking(DAY_MS, NOT_KNOWN);
      expect(life.asked("create")).toEqual([]);
      expect(cell.row(1)).toMatchObject({ status: "unknown", calls: 1 });
    }));
});

describe("M6: a queue longer than three days", () => {
  it("leaves a waiting task both its names, and they lapse three days after its end", ({ expect }) =>
    onCell(
      (cell) => {
        const life = cell.begin();
        life.accept(1);
        const named = { session_id: "s", idempotency_key: "k", fingerprint: "f" };
        expect(life.submit(2, named)).toMatchObject({ kind: "accepted", sent: false });
        cell.now += 4 * DAY_MS;
        expect(life.submit(3, named)).toMatchObject({ kind: "accepted", taskId: cell.id(2), replayed: true });
        expect(life.submit(4, { session_id: "s" })).toEqual({ kind: "duplicate_session", firstTaskId: cell.id(2) });

        life.finish(1);
        life.created(2, accepted("v2"));
        life.finish(2);
        while (life.asked("tell").length > 0) life.told();
        cell.now += 3 * DAY_MS - MINUTE_MS;
        expect(life.submit(5, named)).toMatchObject({ taskId: cell.id(2), replayed: true });
        cell.now += 2 * MINUTE_MS;
        expect(life.submit(6, named)).toMatchObject({ kind: "pending", taskId: cell.id(6) });
      },
      { concurrency: 1 },
    ));
});

describe("M7: a restart while the call is at work", () => {
  it("sends nothing again before the vendor's time for that call is over, though looks find nothing", ({ expect }) =>
    onCell((cell) => {
      cell.begin().submit(1);
      const calledAt = cell.now;
      const young = cell.begin();
      const looks = young.untilResent();
      expect(cell.now - calledAt).toBeGreaterThanOrEqual(CALL_MS + RESEND_AFTER_MS);
      expect(cell.now - calledAt).toBeLessThan(CALL_MS + RESEND_AFTER_MS + 10 * SECOND_MS);
      expect(looks).toBeGreaterThan(3);
      expect(young.take("create")).toMatchObject({ attempt: 1, call: 2 });
    }));
});

describe("M8: an event with another vendor task id than the known one", () => {
  it("is asked about nowhere and changes nothing", ({ expect }) =>
    onCell((cell) => {
      const life = cell.begin();
      life.accept(1);
      const before = cell.row(1);
      expect(life.event(1, "v2")).toBe(true);
      expect([life.asked("read"), cell.row(1)]).toEqual([[], before]);
    }));

  it("that becomes the known one while the other is asked about is not applied either", ({ expect }) =>
    onCell((cell) => {
      const life = cell.begin();
      life.submit(1);
      life.event(1, "v2");
      life.created(1, accepted("v1"));
      life.read(1, succeeded());
      expect(cell.row(1)).toMatchObject({ status: "running", vendor_task_id: "v1" });
      life.finish(1);
      expect(cell.row(1)).toMatchObject({ status: "succeeded", vendor_task_id: "v1" });
    }));
});

describe("M9: a create that was signed once", () => {
  for (const [how, end] of [
    ["canceled", (life: Life) => life.cancel(2)],
    ["not started in time", (life: Life) => life.pass(MINUTE_MS)],
  ] as const) {
    it(`and was ${how} stays what its signature stands for`, ({ expect }) =>
      onCell(
        (cell) => {
          const life = cell.begin();
          life.accept(1);
          const signed = { idempotency_key: "tc3:AKID:abc", fingerprint: "f", start_by: cell.now + MINUTE_MS };
          life.submit(2, signed);
          end(life);
          expect(cell.row(2)).toMatchObject({ holds_key: 1, finished_at: expect.any(Number) });
          expect(life.submit(3, signed)).toMatchObject({ taskId: cell.id(2), replayed: true });
          expect(life.asked("create")).toEqual([]);
        },
        { concurrency: 1 },
      ));
  }

  it("and was refused for a fault of ours is refused again", ({ expect }) =>
    onCell((cell) => {
      const life = cell.begin();
      const signed = { idempotency_key: "tc3:AKID:abc", fingerprint: "f" };
      life.submit(1, signed);
      life.created(1, refused("UnauthorizedOperation"));
      expect(life.submit(2, signed)).toMatchObject({ kind: "refused", taskId: cell.id(1), replayed: true });
      // Any other key is given back: the same request may succeed under it.
      life.submit(3, { idempotency_key: "mine", fingerprint: "f" });
      life.created(3, refused("UnauthorizedOperation"));
      expect(life.submit(4, { idempotency_key: "mine", fingerprint: "f" })).toMatchObject({ kind: "pending" });
    }));
});

/** A task that may be with the vendor: its call was not answered. */
function inDoubt(cell: Cell): Life {
  const life = cell.begin();
  life.submit(1, { session_id: "s", idempotency_key: "k", fingerprint: "f" });
  life.created(1, SILENT);
  return life;
}
