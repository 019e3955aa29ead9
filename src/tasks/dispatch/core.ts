import { log } from "../../log.ts";
import type { Services } from "../../services.ts";
import type { CreateTaskInput, CreateTaskResult } from "../../store/create-task.ts";
import { StoreUnavailableError } from "../../store/retry.ts";
import type { ActiveTask, NewTask, TaskRow } from "../../store/types.ts";
import { type SendOutcome, sendToVendor } from "../send.ts";
import { isTerminal } from "../state.ts";
import { lowestIdAt } from "../task-id.ts";
import { CallWindow } from "./call-window.ts";
import { type Finding, inquire } from "./inquire.ts";
import { Pace } from "./pace.ts";
import { EventPuller } from "./pull-events.ts";
import { retryEvents } from "./retry-events.ts";
import { type Slot, Slots } from "./slots.ts";
import type { CancelOutcome, Departure, Dispatcher, QueueReport, Submitted } from "./types.ts";
import { REREADS_PER_SECOND, UsualTimes } from "./usual-times.ts";
import { WaitingRoom } from "./waiting-room.ts";
import { Watchers } from "./watchers.ts";

const LOAD_PAGE_ROWS = 10_000;
/** The cron trigger looks each minute; this covers a few that it missed. */
const RECONCILE_BACK_MS = 10 * 60 * 1000;
/** An unanswered call is repeated after this, and then ever later. */
const RESEND_FIRST_MS = 2_000;
const RESEND_MAX_MS = 5 * 60 * 1000;
/** A task that nobody can find holds its slot no longer than this; it is looked for all the same. */
const DOUBT_HOLDS_SLOT_MS = 30 * 60 * 1000;
/** D1 is away, or something broke that nobody foresaw. */
const BROKEN_RETRY_MS = 5_000;
/** The vendor could not be asked. */
const REREAD_RETRY_MS = 5_000;
/** Watchers of waiting tasks hear of a moving queue at most this often. */
const MOVED_INTERVAL_MS = 250;
/** While there is work the object wakes up this often: what it keeps in memory would else be dropped and read again. */
const KEEP_ALIVE_MS = 8_000;

/** Error code of a task that was not started in time; fal's word. */
export const STARTUP_TIMEOUT = "startup_timeout";

const modelOf = (task: Pick<ActiveTask, "model_name" | "model_version">) => `${task.model_name}/${task.model_version}`;

/** The row of a task that was just written as about to be sent. */
function firstRow(task: NewTask, submittedAt: number): TaskRow {
  return {
    ...task,
    status: "submitting",
    attempt: 1,
    vendor_task_id: null,
    result: null,
    error_code: null,
    error_message: null,
    history: "[]",
    submitted_at: submittedAt,
    finished_at: null,
    deleted_at: null,
  };
}

export type CoreOptions = {
  services: Services;
  /** Calls `tick` at this time (milliseconds) or soon after. */
  schedule: (at: number) => void;
};

/**
 * The dispatcher without its platform: who waits, what is with the vendor, the pace, the watchers. All of it is memory
 * rebuilt from D1; every decision is committed to D1 before anything follows from it.
 */
export class DispatchCore implements Dispatcher {
  private readonly services: Services;
  private readonly schedule: (at: number) => void;
  private readonly waiting = new WaitingRoom();
  private readonly slots = new Slots();
  private readonly pace: Pace;
  private readonly rereads = new CallWindow(REREADS_PER_SECOND);
  private readonly usual: UsualTimes;
  private readonly watchers: Watchers;
  private readonly puller: EventPuller;
  private lastAnswerAt: number | null = null;
  private movePending = false;

  constructor({ services, schedule }: CoreOptions) {
    this.services = { ...services, dispatcher: this };
    this.schedule = schedule;
    this.pace = new Pace(services.config.vod);
    this.usual = new UsualTimes(services.config.vod.rereadAfterMs);
    this.watchers = new Watchers({
      read: (id) => services.store.tasks.findStatus(id),
      position: (id) => this.waiting.position(id),
      now: services.deps.now,
      sleep: services.deps.sleep,
    });
    this.puller = new EventPuller({ services: this.services, expecting: () => this.slots.size > 0, schedule });
  }

  private now(): number {
    return this.services.deps.now();
  }

  /** Rebuilds the queue and the slots from D1. */
  async load(): Promise<void> {
    const now = this.now();
    const callsAt: number[] = [];
    for (let after = ""; ;) {
      const page = await this.services.store.tasks.active(after, LOAD_PAGE_ROWS);
      for (const task of page) this.restore(task, now);
      callsAt.push(...page.map((task) => task.submitted_at).filter((at) => at !== null));
      const last = page.at(-1);
      if (!last || page.length < LOAD_PAGE_ROWS) break;
      after = last.id;
    }
    // Calls made just before are forgotten here, not at the vendor.
    for (const at of callsAt.toSorted((a, b) => a - b)) {
      this.pace.called();
      this.pace.landed(at);
    }
    void this.pump();
  }

  /** Takes up tasks, and events, that were written down lately without anybody telling the dispatcher. */
  async reconcile(): Promise<void> {
    const now = this.now();
    this.puller.start(true);
    const page = await this.services.store.tasks.active(lowestIdAt(now - RECONCILE_BACK_MS), LOAD_PAGE_ROWS);
    // Only waiting ones: whatever is at the vendor was sent from here.
    for (const task of page) if (task.status === "queued") this.restore(task, now);
    void this.pump();
  }

  private restore(task: ActiveTask, now: number): void {
    if (this.waiting.has(task.id) || this.slots.has(task.id)) return;
    if (task.status === "queued") return this.wait(task);
    // A call that was in the air when the object went down counts as unanswered.
    const running = task.status === "running";
    const slot = this.slots.take({
      id: task.id,
      lane: this.laneOf(task),
      attempt: task.attempt,
      state: running ? "running" : "unknown",
      waitMs: running ? 0 : RESEND_FIRST_MS,
      model: modelOf(task),
      since: task.submitted_at ?? now,
    });
    // A notification may have come while nobody was there: the first look is soon.
    this.checkAt(slot, now + RESEND_FIRST_MS);
  }

  async submit(input: CreateTaskInput): Promise<Submitted> {
    const { task, request } = input;
    // Told twice: the first telling is at work.
    if (this.slots.has(task.id) || this.waiting.has(task.id)) return this.created(task.id, "queued");
    // With a free slot and nobody waiting the task starts at once: what would be two writes is one.
    const startsAt = this.now();
    const slot = this.slotFor(task, startsAt);
    let created: CreateTaskResult;
    try {
      created = await this.services.store.tasks.create(slot ? { ...input, startsAt } : input);
    } catch (error) {
      if (slot) {
        // Perhaps it was written: the slot is kept until D1 says what is there.
        this.pace.landed(this.now());
        this.checkAt(slot, this.now() + BROKEN_RETRY_MS);
      }
      if (error instanceof StoreUnavailableError) return { kind: "store_unavailable", message: error.message };
      throw error;
    }
    if (created.kind === "created" && slot && created.starts) {
      const outcome = await this.send(slot, firstRow(task, startsAt), request);
      return outcome?.kind === "refused"
        ? { kind: "created", admission: outcome }
        : this.created(task.id, this.waiting.has(task.id) ? "queued" : "started");
    }
    if (slot) {
      this.pace.landed(this.now());
      this.slots.free(slot.id);
      void this.pump();
    }
    if (created.kind !== "created") return created;
    // Of a slot that was taken in vain: somebody else's telling made the task, and goes on with it.
    if (slot) return this.created(task.id, "queued");
    return this.enqueue(task, request);
  }

  /** A slot for a task that nobody goes before. */
  private slotFor(task: NewTask, now: number): Slot | undefined {
    const lane = this.laneOf(task);
    const full = this.waiting.length > 0 || this.slots.occupied >= this.pace.concurrency(now) || !this.isOpen(lane);
    if (full || this.pace.nextCallAt(now) > now) return undefined;
    this.pace.called();
    const { id } = task;
    const state = "submitting" as const;
    const slot = this.slots.take({
      id,
      lane,
      attempt: 1,
      state,
      waitMs: RESEND_FIRST_MS,
      model: modelOf(task),
      since: now,
    });
    void this.pump();
    return slot;
  }

  private async enqueue(task: NewTask, request: string): Promise<Submitted> {
    this.wait({ ...task, status: "queued", attempt: 1, vendor_task_id: null, submitted_at: null });
    const started = this.pump({ id: task.id, request });
    const outcome = started && (await started);
    if (outcome?.kind === "refused") return { kind: "created", admission: outcome };
    return this.created(task.id, started && !this.waiting.has(task.id) ? "started" : "queued");
  }

  private created(id: string, kind: "queued" | "started"): Submitted {
    const position = this.waiting.position(id) ?? 0;
    return { kind: "created", admission: kind === "started" ? { kind } : { kind, position } };
  }

  async left(id: string, { attempt, requeued }: Departure): Promise<void> {
    this.heardFromVendor();
    // Late news: the next attempt has begun, and the slot is its own.
    if (this.slots.isPast(id, attempt)) return;
    const slot = this.slots.get(id);
    if (slot?.state === "running" && !slot.asked && !requeued) this.usual.learn(slot.model, this.now() - slot.since);
    this.slots.free(id);
    if (requeued) {
      this.pace.throttled(this.now());
      this.wait(requeued);
    }
    this.watchers.changed(id);
    void this.pump();
  }

  async wake(at: number): Promise<void> {
    this.schedule(at);
  }

  async cancel(owner: string, id: string): Promise<CancelOutcome> {
    const { store, vod } = this.services;
    const task = await store.tasks.find(owner, id);
    if (!task) return "not_found";
    if (isTerminal(task.status)) return "already_over";
    if (task.status === "queued") {
      const ended = await store.tasks.endQueued({ id, status: "canceled", message: "Canceled.", now: this.now() });
      // It was just taken from the queue, or ended: look again at what it is now.
      if (!ended) return this.cancel(owner, id);
      this.dropWaiting(id);
      return "canceled";
    }
    if (task.vendor_task_id === null) return "in_progress";
    const aborted = await vod.abortTask(task.vendor_task_id);
    if (!aborted.ok) return "in_progress";
    if (!(await store.tasks.markAborted({ id, attempt: task.attempt, now: this.now() }))) return "already_over";
    await this.left(id, { attempt: task.attempt });
    return "canceled";
  }

  observe(owner: string, id: string, after: { version?: string | undefined; timeoutMs: number }) {
    return this.watchers.observe(owner, id, after);
  }

  async report(): Promise<QueueReport> {
    const now = this.now();
    return {
      waiting: this.waiting.length,
      running: this.slots.size,
      concurrency: this.pace.concurrency(now),
      holdingUntil: this.pace.holdingUntil(now) ?? null,
      lastAnswerAt: this.lastAnswerAt,
    };
  }

  /** Does what is due. Safe to call at any time, and the more often the sooner things happen. */
  async tick(): Promise<void> {
    this.puller.start();
    try {
      await retryEvents(this.services);
      await this.failLateStarts();
      const due = this.slots.takeDue(this.now(), this.rereads.room(this.now()));
      await Promise.all(due.map((slot) => this.check(slot)));
      this.watchers.tidy();
      void this.pump();
      const nextEvent = (await this.services.store.events.nextCheck()) ?? Number.POSITIVE_INFINITY;
      const nextCheck = Math.max(this.slots.nextCheck(), this.rereads.nextAt(this.now()));
      const next = Math.min(nextEvent, this.waiting.nextDeadline(), nextCheck, this.puller.resumesAt());
      if (Number.isFinite(next)) this.schedule(next);
    } catch (error) {
      log("error", "dispatcher.tick_broken", { error: String(error) });
      this.schedule(this.now() + BROKEN_RETRY_MS);
    }
  }

  /**
   * Starts as many tasks as slots, pace and order allow.
   * @returns what comes of starting `awaited`, if that is among them
   */
  private pump(awaited?: { id: string; request: string }): Promise<SendOutcome | undefined> | undefined {
    let started: Promise<SendOutcome | undefined> | undefined;
    let moved = false;
    while (this.waiting.length > 0 && this.slots.occupied < this.pace.concurrency(this.now())) {
      const now = this.now();
      const at = this.pace.nextCallAt(now);
      if (at > now) {
        this.schedule(at);
        break;
      }
      const next = this.waiting.take((lane) => this.isOpen(lane));
      if (!next) break;
      moved = true;
      this.pace.called();
      const { id, lane } = next;
      const slot = this.slots.take({ id, lane, state: "submitting", waitMs: RESEND_FIRST_MS, model: "", since: now });
      const run = this.start(slot, next.id === awaited?.id ? awaited.request : undefined);
      if (next.id === awaited?.id) started = run;
    }
    if (moved) this.announceMove();
    this.puller.start();
    if (this.waiting.length + this.slots.size > 0) this.schedule(this.now() + KEEP_ALIVE_MS);
    return started;
  }

  /** One task's way to the vendor. Never throws: whatever breaks, the task keeps its slot until D1 says what it is. */
  private async start(slot: Slot, request?: string): Promise<SendOutcome | undefined> {
    let row: TaskRow | null;
    try {
      row = await this.services.store.tasks.begin(slot.id, this.now());
    } catch (error) {
      log("error", "dispatcher.begin_failed", { request_id: slot.id, error: String(error) });
      this.pace.landed(this.now());
      this.pace.silent(this.now());
      this.checkAt(slot, this.now() + BROKEN_RETRY_MS);
      return undefined;
    }
    if (!row) {
      // Canceled, or late, in the meantime.
      this.pace.landed(this.now());
      this.slots.free(slot.id);
      void this.pump();
      return undefined;
    }
    slot.attempt = row.attempt;
    slot.model = modelOf(row);
    this.watchers.changed(slot.id);
    return this.send(slot, row, request);
  }

  private async send(slot: Slot, row: TaskRow, request?: string): Promise<SendOutcome | undefined> {
    let outcome: SendOutcome | undefined;
    try {
      outcome = await sendToVendor(this.services, row, request);
    } catch (error) {
      // The vendor may have said yes and the note of it failed: the resend finds out.
      log("error", "dispatcher.send_failed", { request_id: slot.id, error: String(error) });
    }
    this.pace.landed(this.now());
    if (outcome && (outcome.kind !== "unknown" || outcome.answered)) this.heardFromVendor();
    // An event may have ended it while the answer was on its way.
    if (!this.slots.holds(slot)) return outcome;
    this.settle(slot, row, outcome ?? { kind: "unknown", answered: false });
    this.watchers.changed(slot.id);
    void this.pump();
    return outcome;
  }

  private settle(slot: Slot, row: TaskRow, outcome: SendOutcome): void {
    const now = this.now();
    switch (outcome.kind) {
      case "running":
        slot.state = "running";
        slot.waitMs = 0;
        this.checkAt(slot, now + this.usual.firstWait(slot.model));
        break;
      case "refused":
        this.slots.free(slot.id);
        break;
      case "throttled":
        this.slots.free(slot.id);
        this.pace.rest(now);
        this.wait({ ...row, attempt: outcome.attempt });
        break;
      case "unknown":
        if (!outcome.answered) this.pace.silent(now);
        slot.waitMs = slot.state === "unknown" ? Math.min(slot.waitMs * 2, RESEND_MAX_MS) : RESEND_FIRST_MS;
        slot.state = "unknown";
        this.checkAt(slot, now + slot.waitMs);
        break;
    }
  }

  /** Asks again about a task that should have been heard of. Never throws. */
  private async check(slot: Slot): Promise<void> {
    let finding: Finding;
    slot.asked = true;
    this.rereads.called();
    try {
      finding = await inquire(this.services, slot.id);
    } catch (error) {
      log("error", "dispatcher.check_failed", { request_id: slot.id, error: String(error) });
      this.checkAt(slot, this.now() + BROKEN_RETRY_MS);
      return;
    } finally {
      this.rereads.landed(this.now());
    }
    // What it found may have ended the task by now, and freed the slot.
    if (!this.slots.holds(slot)) return;
    const now = this.now();
    switch (finding.kind) {
      case "over":
        // Found in D1, not heard from the vendor: it says nothing about the pace.
        this.slots.free(slot.id);
        if (finding.requeued) this.wait(finding.requeued);
        this.watchers.changed(slot.id);
        void this.pump();
        return;
      case "running":
        this.slots.count(slot, true);
        if (!finding.read) return this.checkAt(slot, now + REREAD_RETRY_MS);
        this.checkAgain(slot, now);
        return;
      case "in_doubt": {
        const at = this.pace.nextCallAt(now);
        if (at > now) return this.checkAt(slot, at);
        this.pace.called();
        slot.state = "unknown";
        // Had the vendor taken it, it would be done by now: others shall not wait for it. If it has after all, it says so.
        if (now - slot.since > DOUBT_HOLDS_SLOT_MS) this.slots.count(slot, false);
        await this.send(slot, finding.row);
      }
    }
  }

  /** Fails tasks whose start deadline has passed; the vendor never hears of them. */
  private async failLateStarts(): Promise<void> {
    const now = this.now();
    for (let id = this.waiting.overdue(now); id !== undefined; id = this.waiting.overdue(now)) {
      const failure = { code: STARTUP_TIMEOUT, message: "The task did not start within the time its client allowed." };
      await this.services.store.tasks.endQueued({
        id,
        status: "failed",
        failure,
        message: "Not started in time.",
        now,
      });
      this.dropWaiting(id);
    }
  }

  private wait(task: ActiveTask): void {
    this.waiting.add(task, this.laneOf(task));
    if (task.start_by !== null) this.schedule(task.start_by);
  }

  private dropWaiting(id: string): void {
    this.waiting.remove(id);
    this.watchers.changed(id);
    this.announceMove();
  }

  /** It is with the vendor, and not done. */
  private checkAgain(slot: Slot, now: number): void {
    const lastGapMs = slot.state === "running" ? slot.waitMs : 0;
    const { waitMs, gapMs } = this.usual.nextWait(slot.model, now - slot.since, lastGapMs);
    slot.state = "running";
    slot.waitMs = gapMs;
    this.checkAt(slot, now + waitMs);
  }

  private checkAt(slot: Slot, at: number): void {
    slot.checkAt = at;
    this.schedule(at);
  }

  private heardFromVendor(): void {
    this.lastAnswerAt = this.now();
    this.pace.answered();
  }

  private isOpen(lane: string): boolean {
    const limit = this.services.config.vod.modelConcurrency.get(lane);
    return limit === undefined || this.slots.inLane(lane) < limit;
  }

  /** The configured limit a task falls under: of its model and version, else of its model. */
  private laneOf(task: Pick<ActiveTask, "model_name" | "model_version">): string {
    const limits = this.services.config.vod.modelConcurrency;
    return [modelOf(task), task.model_name].find((name) => limits.has(name)) ?? "";
  }

  private announceMove(): void {
    if (this.movePending) return;
    this.movePending = true;
    void this.services.deps.sleep(MOVED_INTERVAL_MS).then(() => {
      this.movePending = false;
      return this.watchers.moved();
    });
  }
}
