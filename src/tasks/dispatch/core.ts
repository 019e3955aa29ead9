import { log } from "../../log.ts";
import type { Services } from "../../services.ts";
import type { CreateTaskInput, CreateTaskResult } from "../../store/create-task.ts";
import { StoreUnavailableError } from "../../store/retry.ts";
import type { ActiveTask, NewTask, TaskRow } from "../../store/types.ts";
import type { SendOutcome } from "../send.ts";
import { isTerminal } from "../state.ts";
import { lowestIdAt } from "../task-id.ts";
import { AtVendor } from "./at-vendor.ts";
import { EventPuller } from "./pull-events.ts";
import { retryEvents } from "./retry-events.ts";
import type { Slot } from "./slots.ts";
import type { CancelOutcome, Departure, Dispatcher, QueueReport, Submitted } from "./types.ts";
import { WaitingRoom } from "./waiting-room.ts";
import { Watchers } from "./watchers.ts";

const LOAD_PAGE_ROWS = 10_000;
/** The cron trigger looks each minute; this covers a few that it missed. */
const RECONCILE_BACK_MS = 10 * 60 * 1000;
/** Something broke that nobody foresaw. */
const BROKEN_RETRY_MS = 5_000;
/** Watchers of waiting tasks hear of a moving queue at most this often. */
const MOVED_INTERVAL_MS = 250;
/** While there is work the object wakes up this often: what it keeps in memory would else be dropped and read again. */
const KEEP_ALIVE_MS = 8_000;
/** A Worker whose call to the object broke tells it again within a second; how long the answer is kept for that. */
const TOLD_AGAIN_WITHIN_MS = 10_000;

/** Error code of a task that was not started in time; fal's word. */
export const STARTUP_TIMEOUT = "startup_timeout";

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
 * The dispatcher without its platform: who waits, what is with the vendor, who watches. All of it is memory rebuilt from
 * D1; every decision is committed to D1 before anything follows from it.
 */
export class DispatchCore implements Dispatcher {
  private readonly services: Services;
  private readonly schedule: (at: number) => void;
  private readonly waiting = new WaitingRoom();
  private readonly atVendor: AtVendor;
  private readonly watchers: Watchers;
  private readonly puller: EventPuller;
  /** Lately told, for those who have to tell again. */
  private readonly submissions = new Map<string, { outcome: Promise<Submitted>; until: number }>();
  private movePending = false;

  constructor({ services: given, schedule }: CoreOptions) {
    const services = { ...given, dispatcher: this };
    this.services = services;
    this.schedule = schedule;
    this.watchers = new Watchers({
      read: (id) => services.store.tasks.findStatus(id),
      position: (id) => this.waiting.position(id),
      now: services.deps.now,
      sleep: services.deps.sleep,
    });
    this.atVendor = new AtVendor({
      services,
      schedule,
      onRequeued: (task) => this.wait(task),
      onChanged: (id) => {
        this.watchers.changed(id);
        void this.pump();
      },
    });
    this.puller = new EventPuller({ services, expecting: () => this.atVendor.size > 0, schedule });
  }

  /** Rebuilds the queue and the slots from D1. */
  async load(): Promise<void> {
    const callsAt: number[] = [];
    for (let after = ""; ;) {
      const page = await this.services.store.tasks.active(after, LOAD_PAGE_ROWS);
      for (const task of page) this.restore(task);
      callsAt.push(...page.map((task) => task.submitted_at).filter((at) => at !== null));
      const last = page.at(-1);
      if (!last || page.length < LOAD_PAGE_ROWS) break;
      after = last.id;
    }
    this.atVendor.recall(callsAt);
    void this.pump();
  }

  /** Takes up tasks, and events, that were written down lately without anybody telling the dispatcher. */
  async reconcile(): Promise<void> {
    this.puller.start(true);
    const lately = lowestIdAt(this.now() - RECONCILE_BACK_MS);
    const page = await this.services.store.tasks.active(lately, LOAD_PAGE_ROWS);
    // Only waiting ones: whatever is at the vendor was sent from here.
    for (const task of page) if (task.status === "queued") this.restore(task);
    void this.pump();
  }

  private restore(task: ActiveTask): void {
    if (this.isHere(task.id)) return;
    if (task.status === "queued") this.wait(task);
    else this.atVendor.restore(task);
  }

  submit(input: CreateTaskInput): Promise<Submitted> {
    const { id } = input.task;
    const told = this.submissions.get(id);
    if (told) return told.outcome;
    const submission = { outcome: this.submitOnce(input), until: Number.POSITIVE_INFINITY };
    this.submissions.set(id, submission);
    return submission.outcome.finally(() => {
      submission.until = this.now() + TOLD_AGAIN_WITHIN_MS;
    });
  }

  private async submitOnce(input: CreateTaskInput): Promise<Submitted> {
    const { task, request } = input;
    // With a free slot and nobody waiting the task starts at once: what would be two writes is one.
    const startsAt = this.now();
    const slot = this.isHere(task.id) ? undefined : this.slotAtOnce(task, startsAt);
    let created: CreateTaskResult;
    try {
      created = await this.services.store.tasks.create(slot ? { ...input, startsAt } : input);
    } catch (error) {
      if (slot) this.atVendor.keepInDoubt(slot);
      log("error", "dispatcher.create_failed", { request_id: task.id, error: String(error) });
      return { kind: "not_stored", unavailable: error instanceof StoreUnavailableError, message: String(error) };
    }
    if (created.kind === "created" && slot && created.starts) {
      return this.admitted(task.id, await this.atVendor.send(slot, firstRow(task, startsAt), request));
    }
    if (slot) this.atVendor.giveBack(slot);
    if (created.kind !== "created") return created;
    // Told long ago, or before a restart of this object: the task is here already, or over.
    if (this.isHere(task.id) || slot) return this.created(task.id, "queued");
    this.wait({ ...task, status: "queued", attempt: 1, vendor_task_id: null, submitted_at: null });
    const started = this.pump({ id: task.id, request });
    return started ? this.admitted(task.id, await started) : this.created(task.id, "queued");
  }

  /** A slot for a task that nobody goes before. */
  private slotAtOnce(task: NewTask, now: number): Slot | undefined {
    const lane = this.atVendor.laneOf(task);
    const free = this.waiting.length === 0 && this.atVendor.hasRoom() && this.atVendor.isOpen(lane);
    if (!free || this.atVendor.nextCallAt(now) > now) return undefined;
    const slot = this.atVendor.take(task.id, lane);
    void this.pump();
    return slot;
  }

  private isHere(id: string): boolean {
    return this.waiting.has(id) || this.atVendor.has(id);
  }

  private admitted(id: string, outcome: SendOutcome | undefined): Submitted {
    if (outcome?.kind === "refused") return { kind: "created", admission: outcome };
    return this.created(id, this.waiting.has(id) ? "queued" : "started");
  }

  private created(id: string, kind: "queued" | "started"): Submitted {
    const position = this.waiting.position(id) ?? 0;
    return { kind: "created", admission: kind === "started" ? { kind } : { kind, position } };
  }

  async left(id: string, departure: Departure): Promise<void> {
    this.atVendor.left(id, departure);
  }

  async changed(id: string): Promise<void> {
    this.watchers.changed(id);
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
    return { waiting: this.waiting.length, ...this.atVendor.report() };
  }

  /** Does what is due. Safe to call at any time, and the more often the sooner things happen. */
  async tick(): Promise<void> {
    this.puller.start();
    try {
      await retryEvents(this.services);
      await this.failLateStarts();
      await this.atVendor.lookAtDue();
      this.watchers.tidy();
      this.forgetSubmissions();
      void this.pump();
      const nextEvent = (await this.services.store.events.nextCheck()) ?? Number.POSITIVE_INFINITY;
      const nextLook = this.atVendor.nextLookAt();
      const next = Math.min(nextEvent, this.waiting.nextDeadline(), nextLook, this.puller.resumesAt());
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
    while (this.waiting.length > 0 && this.atVendor.hasRoom()) {
      const now = this.now();
      const at = this.atVendor.nextCallAt(now);
      if (at > now) {
        this.schedule(at);
        break;
      }
      const next = this.waiting.take((lane) => this.atVendor.isOpen(lane));
      if (!next) break;
      moved = true;
      const slot = this.atVendor.take(next.id, next.lane);
      const run = this.atVendor.start(slot, next.id === awaited?.id ? awaited.request : undefined);
      if (next.id === awaited?.id) started = run;
    }
    if (moved) this.announceMove();
    this.puller.start();
    if (this.waiting.length + this.atVendor.size > 0) this.schedule(this.now() + KEEP_ALIVE_MS);
    return started;
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
    this.waiting.add(task, this.atVendor.laneOf(task));
    if (task.start_by !== null) this.schedule(task.start_by);
  }

  private dropWaiting(id: string): void {
    this.waiting.remove(id);
    this.watchers.changed(id);
    this.announceMove();
  }

  private now(): number {
    return this.services.deps.now();
  }

  private forgetSubmissions(): void {
    const now = this.now();
    for (const [id, { until }] of this.submissions) if (until <= now) this.submissions.delete(id);
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
