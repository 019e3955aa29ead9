import type { CreateOutcome, Effect, LookOutcome } from "../../src/dispatcher/effects.ts";
import { DUPLICATE_SESSION_CODES, ruleOf } from "../../src/vod/errors.ts";
import { isPaid, sessionIdOf, type VendorTask } from "./books.ts";
import type { LedgerRow } from "./core-port.ts";
import { isOver } from "./judge-row.ts";
import type { Oracle } from "./oracle.ts";
import { CREATE_TIMEOUT_MS, VENDOR_WORKS_ON_MS } from "./times.ts";
import { LOOK_MARGIN_MS } from "./vendor.ts";

type Create = Extract<Effect, { kind: "create" }>;
type Look = Extract<Effect, { kind: "look" }>;

/** A create call, and what is known of it on our side of the network. */
type Call = {
  attempt: number;
  call: number;
  leftAt: number;
  /** By the object's clock. */
  calledAt: number;
  /** `open`: it may have made a task. */
  state: "open" | "nothing" | "accepted";
};

const STARTUP_TIMEOUT = "startup_timeout";

/** The books: what was sent, what the vendor made of it, what it costs. */
export class Money {
  private readonly oracle: Oracle;
  private readonly calls = new Map<string, Call[]>();
  private readonly paid = new Map<string, VendorTask[]>();
  private readonly made = new Map<string, VendorTask>();
  private readonly byTask = new Map<string, VendorTask[]>();
  /** Codes of calls that the vendor has refused, by task. */
  private readonly refusals = new Map<string, Set<string>>();

  constructor(oracle: Oracle) {
    this.oracle = oracle;
  }

  byVendorId(vendorTaskId: string): VendorTask | undefined {
    return this.made.get(vendorTaskId);
  }

  paidOf(id: string): VendorTask[] {
    return this.paid.get(id) ?? [];
  }

  private madeOf(id: string): VendorTask[] {
    return this.byTask.get(id) ?? [];
  }

  /** Whether the vendor ever took an attempt of it. */
  hasReached(id: string): boolean {
    return this.byTask.has(id);
  }

  get vendorTasks(): ReadonlyMap<string, VendorTask> {
    return this.made;
  }

  /** The vendor has made a task. */
  accepted(task: VendorTask): void {
    const { oracle } = this;
    const { taskId: id, vendorTaskId } = task;
    this.made.set(vendorTaskId, task);
    this.byTask.set(id, this.madeOf(id).concat(task));
    if (!isPaid(task)) return;
    const paid = this.paidOf(id).concat(task);
    this.paid.set(id, paid);
    oracle.must(paid.length === 1, "money", id, () => `paid twice: ${paid.map((each) => each.vendorTaskId).join()}`);
    const row = oracle.known(id);
    oracle.must(row !== undefined, "books", id, () => "is paid, and nobody here knows it");
    if (row) oracle.must(!isOver(row), "books", id, () => `is paid after it was ${row.status}`);
  }

  /** A create call leaves. */
  sending(create: Create): void {
    const { oracle } = this;
    const { id, attempt, call } = create;
    const row = oracle.rows.get(id);
    // A life that was replaced may still send what was durable before.
    const intent = row !== undefined && (row.attempt > attempt || row.status !== "queued");
    oracle.must(intent, "money", id, () => `call ${attempt}.${call} without an intent: ${row?.status ?? "no row"}`);
    oracle.must(!oracle.told.wasCanceled(id), "books", id, () => `call ${attempt}.${call} after it was canceled`);
    const calls = this.calls.get(id) ?? [];
    for (const earlier of calls) {
      oracle.must(
        earlier.state !== "open",
        "R3",
        id,
        () => `call ${attempt}.${call} while ${earlier.attempt}.${earlier.call} may have made a task`,
      );
    }
    calls.push({ attempt, call, leftAt: oracle.places.clock.now, calledAt: create.calledAt, state: "open" });
    this.calls.set(id, calls);
  }

  /** What came of a call, as the core is about to be told. */
  hearing({ id, attempt, call }: Create, outcome: CreateOutcome): void {
    const mine = this.calls.get(id)?.findLast((each) => each.attempt === attempt && each.call === call);
    if (!mine) return;
    // Never made.
    if (outcome.kind === "unsent") mine.state = "nothing";
    if (outcome.kind === "accepted") mine.state = "accepted";
    if (outcome.kind !== "refused") return;
    const { code } = outcome;
    this.refusals.set(id, (this.refusals.get(id) ?? new Set()).add(code));
    // Of a later call it proves nothing, whatever its code: only a look does.
    const clear = ruleOf(code).resend !== "same_session" && !DUPLICATE_SESSION_CODES.has(code);
    if (clear && call === 1) mine.state = "nothing";
  }

  /** And has been told. */
  sent({ id, attempt }: Create, outcome: CreateOutcome): void {
    if (outcome.kind === "accepted") this.checkKept(id, attempt, outcome.vendorTaskId);
  }

  /** The task waits for its next attempt: what the vendor had no room for was seen there. */
  requeued(id: string, attempt: number): void {
    for (const call of this.calls.get(id) ?? []) {
      const seen = this.madeOf(id).some((task) => task.attempt === call.attempt && task.call === call.call);
      if (call.attempt < attempt && call.state === "open" && seen) call.state = "accepted";
    }
  }

  /** R1: a yes is recorded in whatever state the task is, short of over. */
  private checkKept(id: string, attempt: number, vendorTaskId: string): void {
    const row = this.oracle.rows.get(id);
    const { ending } = this.made.get(vendorTaskId) ?? {};
    const kept =
      row === undefined ||
      isOver(row) ||
      row.vendor_task_id !== null ||
      (ending === "no_room" && row.attempt > attempt);
    this.oracle.must(
      kept,
      "R1",
      id,
      () => `the vendor said yes with ${vendorTaskId}; the row is ${row?.status ?? ""} without a TaskId`,
    );
  }

  /** A look's outcome is about to be told: what it proves absent made nothing. */
  looked(startedAt: number, { sessionIds, everyAttemptOf = [], from, to }: Look, outcome: LookOutcome): void {
    if (!outcome.complete) return;
    const named = sessionIds.map((sessionId) => sessionId.slice(0, sessionId.lastIndexOf("-")));
    for (const id of new Set([...named, ...everyAttemptOf])) {
      for (const call of this.calls.get(id) ?? []) {
        const sessionId = sessionIdOf({ id, attempt: call.attempt });
        const asked = everyAttemptOf.includes(id) || sessionIds.includes(sessionId);
        if (!asked || call.state !== "open" || outcome.found[sessionId] !== undefined) continue;
        const ended = startedAt >= call.leftAt + CREATE_TIMEOUT_MS + VENDOR_WORKS_ON_MS;
        const within = call.calledAt >= from - LOOK_MARGIN_MS && call.calledAt <= to + LOOK_MARGIN_MS;
        if (ended && within) call.state = "nothing";
      }
    }
  }

  /** Whether a failure without a task at the vendor has a reason. */
  mayFail(row: LedgerRow, say: () => string): void {
    const { id, error_code: code } = row;
    const named = code === STARTUP_TIMEOUT || this.refusals.get(id)?.has(code ?? "") === true;
    this.oracle.must(named, "result", id, () => `${say()}; the vendor never said ${code ?? "that"}`);
    const open = (this.calls.get(id) ?? []).find(({ state }) => state === "open");
    this.oracle.must(
      open === undefined,
      "R2",
      id,
      () => `${say()}; call ${open?.attempt}.${open?.call} may have made a task`,
    );
  }
}
