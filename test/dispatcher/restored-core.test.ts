/* An object that was set back to an earlier time: what it forgot may have been sent, and is proved before anything is. */
import { describe, it } from "vitest";
import {
  ABSENT,
  CALL_MS,
  type Cell,
  failed,
  type Life,
  MINUTE_MS,
  NOT_KNOWN,
  onCell,
  processing,
  RESEND_AFTER_MS,
  SECOND_MS,
  succeeded,
} from "./support.ts";

const SETTLED_MS = CALL_MS + RESEND_AFTER_MS;

/** One task with the vendor and two that wait; then an hour passes that is forgotten. */
function setBack(cell: Cell): Life {
  const life = cell.begin();
  life.accept(1);
  life.submit(2, { session_id: "s", idempotency_key: "k", fingerprint: "f" });
  life.submit(3);
  const to = cell.now;
  // Room enough, so that nothing but the doubt holds anything back.
  cell.options.concurrency = 10;
  cell.now += 60 * MINUTE_MS;
  const restored = cell.begin({ epoch: cell.now, to, at: cell.now });
  restored.pass(3 * SECOND_MS);
  restored.read(1, processing());
  return restored;
}

const ALONE = { concurrency: 1 };

describe("a restored object", () => {
  it("takes nothing new, answers what it knows, and says so", ({ expect }) =>
    onCell((cell) => {
      const life = setBack(cell);
      expect(life.submit(9)).toMatchObject({ kind: "limited", limit: "restored" });
      expect(life.submit(2)).toMatchObject({ kind: "accepted", taskId: cell.id(2) });
      const again = { session_id: "s", idempotency_key: "k", fingerprint: "f" };
      expect(life.submit(8, again)).toMatchObject({ taskId: cell.id(2), replayed: true });
      expect(life.report()).toMatchObject({ taking: false });
    }, ALONE));

  it("sends nothing before the whole of the forgotten time was looked through, to its end and a margin", ({ expect }) =>
    onCell((cell) => {
      const life = setBack(cell);
      const endedAt = cell.now - 3 * SECOND_MS;
      const looks: { from: number; to: number }[] = [];
      while (!life.report().taking) {
        expect(life.asked("create")).toEqual([]);
        while (life.asked("look").length > 0) {
          const look = life.looked(ABSENT);
          looks.push(look);
          // What the forgotten life sent last may be made until then, and appear in any slice that reaches that far.
          if (look.to > endedAt) expect(cell.now).toBeGreaterThanOrEqual(endedAt + SETTLED_MS);
          expect(look.everyAttemptOf).toEqual([cell.id(2), cell.id(3)]);
        }
        life.pass(SECOND_MS);
      }
      expect(cell.now).toBeGreaterThanOrEqual(endedAt + SETTLED_MS);
      // One after the other, without a gap.
      expect(looks[0]?.from).toBe(cell.startedAt);
      expect(looks.at(-1)?.to).toBe(endedAt + SETTLED_MS);
      for (const [index, { from }] of looks.slice(1).entries()) expect(from).toBe(looks[index]?.to);
      expect(life.asked("create").map(({ id, attempt }) => [id, attempt])).toEqual([
        [cell.id(2), 1],
        [cell.id(3), 1],
      ]);
      expect(life.submit(9)).toMatchObject({ kind: "pending" });
    }, ALONE));

  it("sends nothing while the list cannot be read", ({ expect }) =>
    onCell((cell) => {
      const life = setBack(cell);
      expect(life.passLooking(60 * MINUTE_MS, NOT_KNOWN)).toBeGreaterThan(10);
      expect([life.asked("create"), life.report().taking]).toEqual([[], false]);
    }, ALONE));

  it("finds what the forgotten life has sent, and does not send it again", ({ expect }) =>
    onCell((cell) => {
      const life = setBack(cell);
      scan(life, { [`${cell.id(2)}-1`]: "v2" });
      expect(cell.row(2)).toMatchObject({ status: "running", attempt: 1, vendor_task_id: "v2" });
      expect(life.asked("create").map(({ id }) => id)).not.toContain(cell.id(2));
      life.finish(2);
      expect(cell.row(2)).toMatchObject({ status: "succeeded", vendor_task_id: "v2" });
    }, ALONE));

  it("takes the latest attempt of those that the forgotten life has made", ({ expect }) =>
    onCell((cell) => {
      const life = setBack(cell);
      // The first came back for lack of room; the second is paid.
      scan(life, { [`${cell.id(2)}-1`]: "v2", [`${cell.id(2)}-2`]: "v2b" });
      for (let round = 0; round < 10; round++) {
        for (const { id, vendorTaskId } of life.asked("read"))
          life.read(
            Number(id.slice(-12)),
            vendorTaskId === "v2" ? failed("RequestLimitExceeded", 1) : processing(vendorTaskId === "v2b" ? 2 : 1),
          );
        life.pass(MINUTE_MS);
      }
      expect(life.asked("create").filter(({ id }) => id === cell.id(2))).toEqual([]);
      expect(cell.row(2)).toMatchObject({ status: "running", attempt: 2, vendor_task_id: "v2b" });
    }, ALONE));

  it("believes an event meanwhile, and keeps what it says of a task that it has forgotten", ({ expect }) =>
    onCell((cell) => {
      const life = setBack(cell);
      life.finish(2);
      expect(cell.row(2)).toMatchObject({ status: "succeeded", vendor_task_id: "v2" });
      expect(life.event(7, "v7", { owner: "other" })).toBe(false);
      life.read(7, succeeded());
      const told = [];
      while (life.asked("tell").length > 0) told.push(...life.told().tasks);
      expect(told.find(({ id }) => id === cell.id(7))).toMatchObject({
        owner: "other",
        status: "succeeded",
        vendor_task_id: "v7",
        model_name: "Kling",
        rev: 0,
      });
      expect(cell.row(7)).toEqual({});
      // Never shown as one of ours: the record may have it whole.
      expect(life.core.view("other", cell.id(7))).toBeUndefined();
    }, ALONE));

  it("is through with it once: the next life begins as any other", ({ expect }) =>
    onCell((cell) => {
      const life = setBack(cell);
      const epoch = cell.now;
      scan(life, {});
      expect(cell.begin({ epoch: epoch - 3 * SECOND_MS, to: 0, at: epoch }).report()).toMatchObject({ taking: true });
      expect(cell.begin({ epoch: epoch + 1, to: 0, at: epoch }).report()).toMatchObject({ taking: false });
    }, ALONE));

  it("that crashes before it is through begins again", ({ expect }) =>
    onCell((cell) => {
      const life = setBack(cell);
      const restored = { epoch: cell.now - 3 * SECOND_MS, to: cell.startedAt, at: cell.now - 3 * SECOND_MS };
      life.passLooking(MINUTE_MS, ABSENT);
      const next = cell.begin(restored);
      next.pass(3 * SECOND_MS);
      expect([next.report().taking, next.asked("create")]).toEqual([false, []]);
      next.read(1, processing());
      scan(next, {});
      expect(next.report()).toMatchObject({ taking: true });
    }, ALONE));
});

/** All looks until the forgotten time is looked through find this, each once. */
function scan(life: Life, found: Record<string, string>): void {
  let left = found;
  while (!life.report().taking) {
    for (const _ of life.asked("look")) {
      life.looked({ found: left, complete: true, answered: true });
      left = {};
    }
    life.pass(SECOND_MS);
  }
}

describe("several attempts of one task in the forgotten time", () => {
  it("count as the latest: those before it came back for lack of room", ({ expect }) =>
    onCell((cell) => {
      const life = setBack(cell);
      const found = { [`${cell.id(2)}-1`]: "v2a", [`${cell.id(2)}-30`]: "v2c" };
      for (let slice = 0; slice < 20 && cell.row(2).vendor_task_id === null; slice++) {
        life.pass(SETTLED_MS);
        if (cell.row(2).vendor_task_id === null) life.looked({ ...ABSENT, found });
      }
      expect(cell.row(2)).toMatchObject({ status: "running", vendor_task_id: "v2c", attempt: 30 });
    }, ALONE));
});
