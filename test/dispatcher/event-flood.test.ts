/*
 * What somebody can cause who has seen an event, or the secret in the callback's path: copies of it, in other words, as
 * many as he likes. Each is a hint; none may cost more than its share of reads, none may keep the genuine one out.
 */
import { describe, it } from "vitest";
import {
  type Cell,
  failed,
  type Life,
  MINUTE_MS,
  NOT_KNOWN,
  onCell,
  processing,
  refused,
  SECOND_MS,
  SILENT,
  succeeded,
} from "./support.ts";

const READS_WINDOW_MS = 1_100;
const ANSWERED_WITHIN_MS = 3_500;

/** Brings the first task into doubt: its call was not answered, and the vendor's list says nothing. */
function lose(life: Life): void {
  life.submit(1);
  life.created(1, SILENT);
}

/** Answers every read at once. @returns how many there were */
function answerReads(life: Life, outcome = processing()): number {
  let reads = 0;
  for (; life.asked("read").length > 0; reads++) life.read(1, outcome);
  for (; life.asked("look").length > 0;) life.looked(NOT_KNOWN);
  return reads;
}

/** An event every 100 ms. @returns how many reads it brought about */
function flood(life: Life, ms: number, vendorTaskId: (n: number) => string): number {
  let reads = 0;
  for (let n = 0; n < ms / 100; n++) {
    life.event(1, vendorTaskId(n));
    reads += answerReads(life);
    life.pass(100);
    reads += answerReads(life);
  }
  return reads;
}

describe("copies of one completion", () => {
  it("that come together cause one read, and one more later while the task is not over", ({ expect }) =>
    onCell((cell) => {
      const life = cell.begin();
      life.accept(1);
      for (let n = 0; n < 100; n++) life.event(1, "v1");
      expect(life.asked("read")).toHaveLength(1);
      life.read(1, processing());
      expect(life.asked("read")).toEqual([]);
      life.pass(10 * SECOND_MS);
      life.read(1, processing());
      life.pass(10 * SECOND_MS);
      expect(life.asked("read")).toEqual([]);
    }));

  it("of which the first ends the task cause one read", ({ expect }) =>
    onCell((cell) => {
      const life = cell.begin();
      life.accept(1);
      for (let n = 0; n < 100; n++) life.event(1, "v1");
      life.read(1, succeeded());
      for (let n = 0; n < 100; n++) expect(life.event(1, "v1")).toBe(true);
      life.pass(MINUTE_MS);
      expect([life.asked("read"), cell.row(1)["status"]]).toEqual([[], "succeeded"]);
    }));

  it("that come for ten minutes cause six reads a minute, and the genuine one is heard", ({ expect }) =>
    onCell((cell) => {
      const life = cell.begin();
      life.accept(1);
      const reads = flood(life, 10 * MINUTE_MS, () => "v1");
      // Those that were due in any case among them.
      expect(reads).toBeLessThanOrEqual(10 * 6 + 2 + 6);
      expect(reads).toBeGreaterThan(10);
      life.event(1, "v1");
      life.pass(10 * SECOND_MS);
      life.read(1, succeeded());
      expect(cell.row(1)["status"]).toBe("succeeded");
    }));

  it("do not put off the answer of the first", ({ expect }) =>
    onCell((cell) => {
      const life = cell.begin();
      life.accept(1);
      expect(life.event(1, "v1")).toBe(false);
      for (let waited = 0; waited < ANSWERED_WITHIN_MS; waited += 500) {
        expect(life.asked("noted")).toEqual([]);
        life.event(1, "v1");
        life.pass(500);
      }
      expect(life.asked("noted")).toHaveLength(1);
    }));

  it("are answered as soon as the first has been read: their reading is some time off", ({ expect }) =>
    onCell((cell) => {
      const life = cell.begin();
      life.accept(1);
      expect(life.event(1, "v1")).toBe(false);
      expect(life.event(1, "v1")).toBe(false);
      life.read(1, processing());
      expect(life.asked("noted")).toHaveLength(1);
      expect(life.event(1, "v1")).toBe(true);
    }));

  it("of an attempt before say nothing against the event of the next", ({ expect }) =>
    onCell((cell) => {
      const life = cell.begin();
      life.accept(1);
      flood(life, 30 * SECOND_MS, () => "v1");
      life.event(1, "v1");
      life.pass(10 * SECOND_MS);
      expect(answerReads(life, failed("RequestLimitExceeded"))).toBe(1);
      life.pass(2 * SECOND_MS);
      life.created(1, { kind: "accepted", vendorTaskId: "v2" });
      life.event(1, "v2", { attempt: 2 });
      life.read(1, succeeded(2));
      expect(cell.row(1)).toMatchObject({ status: "succeeded", vendor_task_id: "v2" });
    }));
});

describe("an event that names another vendor task", () => {
  it("than the known one is answered, logged and read by nobody", ({ expect }) =>
    onCell((cell) => {
      const life = cell.begin();
      life.accept(1);
      const before = cell.row(1);
      for (let n = 0; n < 100; n++) expect(life.event(1, `other${n}`)).toBe(true);
      life.pass(10 * SECOND_MS);
      expect([life.asked("read"), cell.row(1)]).toEqual([[], before]);
      const ignored = life.asked("log").filter(({ event }) => event === "event.ignored");
      expect(ignored).toHaveLength(100);
      expect(ignored[0]?.fields).toMatchObject({ vendor_task_id: "other0", reason: "other_vendor_task" });
    }));

  it("while none is known is read as seldom, and the genuine one is heard after it", ({ expect }) =>
    onCell((cell) => {
      const life = cell.begin();
      lose(life);
      let reads = 0;
      for (let n = 0; n < 600; n++) {
        life.event(1, `forged${n}`);
        for (; life.asked("read").length > 0; reads++) life.read(1, { kind: "foreign" });
        for (; life.asked("look").length > 0;) life.looked(NOT_KNOWN);
        life.pass(100);
      }
      expect(reads).toBeLessThanOrEqual(2 + 6);
      for (; life.asked("read").length > 0;) life.read(1, { kind: "foreign" });
      life.event(1, "genuine");
      // The last forged one may wait its turn before it.
      for (let n = 0; n < 3 && cell.row(1)["finished_at"] === null; n++) {
        life.pass(10 * SECOND_MS);
        for (const { vendorTaskId } of life.asked("read"))
          life.read(1, vendorTaskId === "genuine" ? succeeded() : { kind: "foreign" });
        for (; life.asked("look").length > 0;) life.looked(NOT_KNOWN);
      }
      expect(cell.row(1)).toMatchObject({ status: "succeeded", vendor_task_id: "genuine" });
    }));

  it("and comes while another is read outlives the object, once it has been answered", ({ expect }) =>
    onCell((cell) => {
      const life = cell.begin();
      lose(life);
      life.event(1, "forged");
      life.event(1, "genuine");
      life.pass(ANSWERED_WITHIN_MS);
      expect([life.asked("noted").length, cell.row(1)["hint"]]).toEqual([1, "genuine"]);
      life.read(1, { kind: "foreign" });
      expect(cell.row(1)["hint"]).toBe("genuine");
      const next = cell.begin();
      expect(next.take("read", 1)).toMatchObject({ vendorTaskId: "genuine" });
    }));
});

describe("events of many tasks", () => {
  const TASKS = 300;
  const options = { concurrency: TASKS, connections: TASKS };
  const start = (cell: Cell) => {
    const life = cell.begin();
    for (let n = 1; n <= TASKS; n++) life.accept(n);
    return life;
  };

  it("keep to the vendor's reads a second", ({ expect }) =>
    onCell((cell) => {
      const life = start(cell);
      for (let n = 1; n <= TASKS; n++) life.event(n, `v${n}`);
      const waves: number[] = [];
      while ((cell.states()["running"] ?? 0) > 0) {
        const reads = life.asked("read");
        waves.push(reads.length);
        for (const { id } of reads) life.read(Number(id.slice(-12)), succeeded());
        expect(life.asked("read")).toEqual([]);
        life.pass(READS_WINDOW_MS);
      }
      expect(waves).toEqual([95, 95, 95, 15]);
    }, options));

  it("are not kept waiting by reads that are only due", ({ expect }) =>
    onCell((cell) => {
      const life = start(cell);
      // All are due at once, and none is answered.
      life.pass(4 * MINUTE_MS);
      const due = life.asked("read").map(({ id }) => id);
      expect(due).toHaveLength(80);
      const asked = new Set(due);
      const others = Array.from({ length: TASKS }, (_, n) => n + 1).filter((n) => !asked.has(cell.id(n)));
      for (const n of others.slice(0, 20)) life.event(n, `v${n}`);
      expect(life.asked("read")).toHaveLength(95);
      for (const n of others.slice(0, 15)) life.read(n, succeeded());
      expect(cell.states()).toMatchObject({ succeeded: 15 });
      life.pass(READS_WINDOW_MS);
      for (const n of others.slice(15, 20)) life.read(n, succeeded());
      expect(cell.states()).toMatchObject({ succeeded: 20 });
    }, options));
});

describe("an event of a task that waits", () => {
  it("again and again holds it no longer than its readings take", ({ expect }) =>
    onCell((cell) => {
      const life = cell.begin();
      life.submit(1);
      life.created(1, refused("RequestLimitExceeded"));
      life.event(1, "forged");
      life.read(1, { kind: "foreign" });
      expect(life.report()).toMatchObject({ waiting: 1 });
      life.pass(2 * SECOND_MS);
      life.created(1, { kind: "accepted", vendorTaskId: "v1" });
      expect(cell.row(1)).toMatchObject({ status: "running", vendor_task_id: "v1" });
    }));
});
