import { log } from "../../log.ts";
import type { Services } from "../../services.ts";
import type { ActiveTask, TaskRow } from "../../store/types.ts";
import { type SendOutcome, sendToVendor } from "../send.ts";
import { readAndComplete } from "../settle.ts";
import { isTerminal } from "../state.ts";
import { lowestIdAt } from "../task-id.ts";
import { retryEvents } from "./events.ts";
import { FairQueue } from "./fair-queue.ts";
import { Pace } from "./pace.ts";
import { SortedList } from "./sorted-list.ts";
import type { Admission, CancelOutcome, Dispatcher, QueueReport } from "./types.ts";
import { Watchers } from "./watchers.ts";

const LOAD_PAGE_ROWS = 10_000;
/** The cron trigger looks each minute; this covers a few that it missed. */
const RECONCILE_BACK_MS = 10 * 60 * 1000;
/** An unanswered call is repeated after this, and then ever later. */
const RESEND_FIRST_MS = 2_000;
const RESEND_MAX_MS = 5 * 60 * 1000;
/** A running task that no event has ended by then is read again; most are done after two and a half minutes. */
const REREAD_FIRST_MS = 3 * 60 * 1000;
const REREAD_MAX_MS = 30 * 60 * 1000;
/** The vendor keeps tasks and SessionIds for three days (tencent-vod facts §2, §5.3); an hour less, for clocks that differ. */
const VENDOR_MEMORY_MS = (3 * 24 - 1) * 60 * 60 * 1000;
/** D1 or the vendor's client broke in a way nobody foresaw. */
const BROKEN_RETRY_MS = 5_000;
/** Watchers of waiting tasks hear of a moving queue at most this often. */
const MOVED_INTERVAL_MS = 250;
/** While there is work the object wakes up this often: what it keeps in memory would else be dropped and read again. */
const KEEP_ALIVE_MS = 8_000;

/** Error code of a task that was not started in time; fal's word. */
export const STARTUP_TIMEOUT = "startup_timeout";

/** A task that holds one of the vendor's slots. */
type AtVendor = {
  id: string;
  owner: string;
  lane: string;
  state: "submitting" | "unknown" | "running";
  vendorTaskId: string | null;
  /** When to ask again: a resend while unknown, a re-read while running. */
  checkAt: number;
  waitMs: number;
};

export type CoreOptions = {
  services: Services;
  /** Calls `tick` at this time (milliseconds) or soon after. */
  schedule: (at: number) => void;
};

/**
 * The dispatcher without its platform: the order of the queue, what is with the vendor, the pace, the watchers. All of
 * it is memory rebuilt from D1; every decision is committed to D1 before anything follows from it.
 */
export class DispatchCore implements Dispatcher {
  private readonly services: Services;
  private readonly schedule: (at: number) => void;
  private readonly queue = new FairQueue();
  private readonly lowestPosition = new Map<string, number>();
  private readonly startBy = new Map<string, number>();
  /** `startBy` in order: time and id in one text. */
  private readonly deadlines = new SortedList();
  private readonly atVendor = new Map<string, AtVendor>();
  private readonly laneLoad = new Map<string, number>();
  private readonly pace: Pace;
  private readonly watchers: Watchers;
  private lastAnswerAt: number | null = null;
  private movedPending = false;

  constructor({ services, schedule }: CoreOptions) {
    this.services = { ...services, dispatcher: this };
    this.schedule = schedule;
    const { concurrency, requestsPerSecond } = services.config.vod;
    this.pace = new Pace({ concurrency, requestsPerSecond });
    this.watchers = new Watchers({
      read: (id) => services.store.tasks.findStatus(id),
      position: (id) => this.position(id),
      now: services.deps.now,
      sleep: services.deps.sleep,
    });
  }

  /** Rebuilds the queue and the running set from D1. Tasks it knows stay as they are. */
  async load(): Promise<void> {
    const now = this.services.deps.now();
    for (let after = ""; ;) {
      const page = await this.services.store.tasks.active(after, LOAD_PAGE_ROWS);
      for (const task of page) this.restore(task, now);
      const last = page.at(-1);
      if (!last || page.length < LOAD_PAGE_ROWS) break;
      after = last.id;
    }
    this.pump();
  }

  /** Takes up tasks that were written down lately without anybody telling the dispatcher. */
  async reconcile(): Promise<void> {
    const now = this.services.deps.now();
    const page = await this.services.store.tasks.active(lowestIdAt(now - RECONCILE_BACK_MS), LOAD_PAGE_ROWS);
    // Only waiting ones: whatever is at the vendor was sent from here.
    for (const task of page) if (task.status === "queued") this.restore(task, now);
    this.pump();
  }

  private restore(task: ActiveTask, now: number): void {
    if (this.queue.has(task.id) || this.atVendor.has(task.id)) return;
    if (task.status === "queued") return this.wait(task);
    // A call that was in the air when the object went down counts as unanswered.
    const state = task.status === "running" ? "running" : "unknown";
    const waitMs = state === "running" ? REREAD_FIRST_MS : RESEND_FIRST_MS;
    const checkAt = state === "running" ? (task.submitted_at ?? now) + waitMs : now + waitMs;
    this.occupy({
      id: task.id,
      owner: task.owner,
      lane: this.laneOf(task),
      state,
      vendorTaskId: task.vendor_task_id,
      checkAt,
      waitMs,
    });
  }

  async admit(task: ActiveTask, request: string): Promise<Admission> {
    if (!this.atVendor.has(task.id)) this.wait(task);
    const started = this.pump({ id: task.id, request });
    if (!started) return { kind: "queued", position: this.position(task.id) ?? 0 };
    const outcome = await started;
    if (outcome?.kind === "refused") return outcome;
    return this.queue.has(task.id) ? { kind: "queued", position: this.position(task.id) ?? 0 } : { kind: "started" };
  }

  async left(id: string, { requeued }: { requeued?: ActiveTask }): Promise<void> {
    const now = this.services.deps.now();
    this.lastAnswerAt = now;
    this.pace.answered();
    this.release(id);
    if (requeued) {
      this.pace.throttled(now);
      this.wait(requeued);
    }
    this.watchers.changed(id);
    this.pump();
  }

  async wake(at: number): Promise<void> {
    this.schedule(at);
  }

  async cancel(owner: string, id: string): Promise<CancelOutcome> {
    const { store, deps, vod } = this.services;
    const task = await store.tasks.find(owner, id);
    if (!task) return "not_found";
    if (isTerminal(task.status)) return "already_over";
    if (task.status === "queued") {
      const ended = await store.tasks.endQueued({ id, status: "canceled", message: "Canceled.", now: deps.now() });
      // It was just taken from the queue, or ended: look again at what it is now.
      if (!ended) return this.cancel(owner, id);
      this.forget(id);
      return "canceled";
    }
    if (task.vendor_task_id === null) return "in_progress";
    const aborted = await vod.abortTask(task.vendor_task_id);
    if (!aborted.ok) return "in_progress";
    if (!(await store.tasks.markAborted({ id, attempt: task.attempt, now: deps.now() }))) return "already_over";
    await this.left(id, {});
    return "canceled";
  }

  observe(owner: string, id: string, after: { version?: string | undefined; timeoutMs: number }) {
    return this.watchers.observe(owner, id, after);
  }

  async report(): Promise<QueueReport> {
    const now = this.services.deps.now();
    return {
      waiting: this.queue.length,
      running: this.atVendor.size,
      concurrency: this.pace.concurrency(now),
      holdingUntil: this.pace.holdingUntil(now) ?? null,
      lastAnswerAt: this.lastAnswerAt,
    };
  }

  /** Does what is due. Safe to call at any time, and the more often the sooner things happen. */
  async tick(): Promise<void> {
    const { deps } = this.services;
    try {
      await retryEvents(this.services);
      await this.missStarts(deps.now());
      const due = Array.from(this.atVendor.values()).filter((entry) => entry.checkAt <= deps.now());
      await Promise.all(due.map((entry) => this.check(entry)));
      this.watchers.tidy();
      this.pump();
      const next = await this.nextDue();
      if (next !== undefined) this.schedule(next);
    } catch (error) {
      log("error", "dispatcher.tick_broken", { error: String(error) });
      this.schedule(deps.now() + BROKEN_RETRY_MS);
    }
  }

  /**
   * Starts as many tasks as slots, pace and order allow.
   * @returns what comes of starting `awaited`, if that is among them
   */
  private pump(awaited?: { id: string; request: string }): Promise<SendOutcome | undefined> | undefined {
    let started: Promise<SendOutcome | undefined> | undefined;
    const before = this.queue.length;
    for (;;) {
      const now = this.services.deps.now();
      if (this.queue.length === 0 || this.atVendor.size >= this.pace.concurrency(now)) break;
      const at = this.pace.nextCallAt(now);
      if (at > now) {
        this.schedule(at);
        break;
      }
      const next = this.queue.take((lane) => this.isOpen(lane));
      if (!next) break;
      this.dropWaiting(next.id);
      this.pace.called(now);
      const entry = this.occupy({
        ...next,
        state: "submitting",
        vendorTaskId: null,
        checkAt: Number.POSITIVE_INFINITY,
        waitMs: RESEND_FIRST_MS,
      });
      const run = this.start(entry, next.id === awaited?.id ? awaited.request : undefined);
      if (next.id === awaited?.id) started = run;
    }
    if (this.queue.length !== before) this.announceMove();
    if (this.queue.length > 0 || this.atVendor.size > 0) this.schedule(this.services.deps.now() + KEEP_ALIVE_MS);
    return started;
  }

  /** One task's way to the vendor. Never throws: whatever breaks, the task stays in its slot until it is known. */
  private async start(entry: AtVendor, request?: string): Promise<SendOutcome | undefined> {
    let row: TaskRow | null;
    try {
      row = await this.services.store.tasks.begin(entry.id, this.services.deps.now());
    } catch (error) {
      // It may be marked or not; either way the store says so at the next load.
      log("error", "dispatcher.begin_failed", { request_id: entry.id, error: String(error) });
      this.release(entry.id);
      this.pace.silent(this.services.deps.now());
      this.schedule(this.services.deps.now() + BROKEN_RETRY_MS);
      this.reloadSoon();
      return undefined;
    }
    if (!row) {
      this.release(entry.id);
      this.pump();
      return undefined;
    }
    this.watchers.changed(entry.id);
    return this.send(entry, row, request);
  }

  private async send(entry: AtVendor, row: TaskRow, request?: string): Promise<SendOutcome | undefined> {
    let outcome: SendOutcome | undefined;
    try {
      outcome = await sendToVendor(this.services, row, request);
    } catch (error) {
      // The vendor may have said yes and the note of it failed: the resend finds out.
      log("error", "dispatcher.send_failed", { request_id: entry.id, error: String(error) });
    }
    const now = this.services.deps.now();
    if (outcome && (outcome.kind !== "unknown" || outcome.answered)) {
      this.lastAnswerAt = now;
      this.pace.answered();
    }
    // An event may have ended it while the answer was on its way.
    if (this.atVendor.get(entry.id) !== entry) return outcome;
    this.apply(entry, row, outcome ?? { kind: "unknown", answered: false }, now);
    this.watchers.changed(entry.id);
    this.pump();
    return outcome;
  }

  private apply(entry: AtVendor, row: TaskRow, outcome: SendOutcome, now: number): void {
    switch (outcome.kind) {
      case "running":
        entry.state = "running";
        entry.vendorTaskId = outcome.vendorTaskId;
        this.checkLater(entry, REREAD_FIRST_MS, now);
        break;
      case "refused":
        this.release(entry.id);
        break;
      case "throttled":
        this.release(entry.id);
        this.pace.throttled(now);
        this.wait({ ...row, status: "queued", attempt: outcome.attempt });
        break;
      case "unknown":
        if (!outcome.answered) this.pace.silent(now);
        this.checkLater(
          entry,
          entry.state === "unknown" ? Math.min(entry.waitMs * 2, RESEND_MAX_MS) : RESEND_FIRST_MS,
          now,
        );
        entry.state = "unknown";
        break;
    }
  }

  private checkLater(entry: AtVendor, waitMs: number, now: number): void {
    entry.waitMs = waitMs;
    entry.checkAt = now + waitMs;
    this.schedule(entry.checkAt);
  }

  /** Asks again about a task that should have been heard of: a resend while it is in doubt, a re-read while it runs. */
  private async check(entry: AtVendor): Promise<void> {
    const { store, deps } = this.services;
    const now = deps.now();
    entry.checkAt = Number.POSITIVE_INFINITY;
    const row = await store.tasks.findById(entry.id);
    if (!row || isTerminal(row.status)) return this.left(entry.id, {});
    if (row.status === "queued") return this.left(entry.id, { requeued: row });
    if (now - (row.submitted_at ?? row.created_at) > VENDOR_MEMORY_MS) return this.expire(row, now);
    if (row.status === "running" && row.vendor_task_id !== null) {
      entry.state = "running";
      entry.vendorTaskId = row.vendor_task_id;
      this.checkLater(entry, Math.min(entry.waitMs * 2, REREAD_MAX_MS), now);
      await readAndComplete(this.services, row, row.vendor_task_id);
      return;
    }
    const at = this.pace.nextCallAt(now);
    if (at > now) {
      entry.checkAt = at;
      this.schedule(at);
      return;
    }
    this.pace.called(now);
    entry.state = "unknown";
    // As `unknown`, whatever the row says: an earlier call of this attempt may have been made.
    await this.send(entry, { ...row, status: "unknown" });
  }

  /**
   * The vendor has forgotten the task: it can neither be read nor, because its SessionId is forgotten too, be sent again
   * without the risk of a second payment.
   */
  private async expire(row: TaskRow, now: number): Promise<void> {
    const failure = {
      code: "expired",
      message: "The vendor reported no result within three days and no longer knows the task.",
    };
    await this.services.store.tasks.markExpired({ id: row.id, attempt: row.attempt, failure, now });
    log("error", "task.expired", { request_id: row.id, vendor_task_id: row.vendor_task_id ?? undefined });
    await this.left(row.id, {});
  }

  /** Fails tasks whose start deadline has passed; the vendor never hears of them. */
  private async missStarts(now: number): Promise<void> {
    for (let first = this.deadlines.first(); first !== undefined; first = this.deadlines.first()) {
      const id = first.slice(DEADLINE_DIGITS);
      if (Number(first.slice(0, DEADLINE_DIGITS)) > now) break;
      const failure = {
        code: STARTUP_TIMEOUT,
        message: "The task did not start within the time its client allowed.",
      };
      await this.services.store.tasks.endQueued({
        id,
        status: "failed",
        failure,
        message: "Not started in time.",
        now,
      });
      this.forget(id);
    }
  }

  private async nextDue(): Promise<number | undefined> {
    const deadline = this.deadlines.first();
    const times = [
      (await this.services.store.events.nextCheck()) ?? Number.POSITIVE_INFINITY,
      deadline === undefined ? Number.POSITIVE_INFINITY : Number(deadline.slice(0, DEADLINE_DIGITS)),
      ...Array.from(this.atVendor.values(), (entry) => entry.checkAt),
    ];
    const next = times.reduce((least, time) => Math.min(least, time), Number.POSITIVE_INFINITY);
    return Number.isFinite(next) ? next : undefined;
  }

  /** Never rises for one task, also when others pass it: what a client was told once is a promise. */
  private position(id: string): number | null {
    const actual = this.queue.position(id);
    if (actual === undefined) return null;
    const told = Math.min(actual, this.lowestPosition.get(id) ?? actual);
    this.lowestPosition.set(id, told);
    return told;
  }

  private wait(task: ActiveTask): void {
    const added = this.queue.add({ id: task.id, owner: task.owner, priority: task.priority, lane: this.laneOf(task) });
    if (!added || task.start_by === null) return;
    this.startBy.set(task.id, task.start_by);
    this.deadlines.add(deadlineKey(task.start_by, task.id));
    this.schedule(task.start_by);
  }

  /** Out of the queue, for good or on its way to the vendor. */
  private dropWaiting(id: string): void {
    this.queue.remove(id);
    this.lowestPosition.delete(id);
    const startBy = this.startBy.get(id);
    if (startBy === undefined) return;
    this.startBy.delete(id);
    this.deadlines.remove(deadlineKey(startBy, id));
  }

  private forget(id: string): void {
    this.dropWaiting(id);
    this.watchers.changed(id);
    this.announceMove();
  }

  private occupy(entry: AtVendor): AtVendor {
    this.atVendor.set(entry.id, entry);
    this.laneLoad.set(entry.lane, (this.laneLoad.get(entry.lane) ?? 0) + 1);
    if (Number.isFinite(entry.checkAt)) this.schedule(entry.checkAt);
    return entry;
  }

  private release(id: string): void {
    const entry = this.atVendor.get(id);
    if (!entry) return;
    this.atVendor.delete(id);
    this.laneLoad.set(entry.lane, (this.laneLoad.get(entry.lane) ?? 1) - 1);
  }

  private isOpen(lane: string): boolean {
    const limit = this.services.config.vod.modelConcurrency[lane];
    return limit === undefined || (this.laneLoad.get(lane) ?? 0) < limit;
  }

  /** The configured limit a task falls under: of its model and version, else of its model. */
  private laneOf(task: Pick<ActiveTask, "model_name" | "model_version">): string {
    const limits = this.services.config.vod.modelConcurrency;
    const names = [`${task.model_name}/${task.model_version}`, task.model_name];
    return names.find((name) => limits[name] !== undefined) ?? "";
  }

  private announceMove(): void {
    if (this.movedPending) return;
    this.movedPending = true;
    void this.services.deps.sleep(MOVED_INTERVAL_MS).then(() => {
      this.movedPending = false;
      this.watchers.moved();
    });
  }

  private reloadSoon(): void {
    void this.services.deps
      .sleep(BROKEN_RETRY_MS)
      .then(() => this.load())
      .catch((error: unknown) => log("error", "dispatcher.load_failed", { error: String(error) }));
  }
}

/** Milliseconds have 13 digits until the year 2286. */
const DEADLINE_DIGITS = 13;

function deadlineKey(at: number, id: string): string {
  return String(Math.min(at, 9_999_999_999_999)).padStart(DEADLINE_DIGITS, "0") + id;
}
