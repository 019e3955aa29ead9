import { log } from "../../log.ts";
import type { Services } from "../../services.ts";
import type { ActiveTask, TaskRow } from "../../store/types.ts";
import { type SendOutcome, sendToVendor } from "../send.ts";
import { CallWindow } from "./call-window.ts";
import { type Finding, inquire } from "./inquire.ts";
import { Pace } from "./pace.ts";
import { type Slot, Slots } from "./slots.ts";
import type { Departure, QueueReport } from "./types.ts";
import { REREADS_PER_SECOND, UsualTimes } from "./usual-times.ts";

/** An unanswered call is repeated after this, and then ever later. */
const RESEND_FIRST_MS = 2_000;
const RESEND_MAX_MS = 5 * 60 * 1000;
/** A task that nobody can find holds its slot no longer than this; it is looked for all the same. */
const DOUBT_HOLDS_SLOT_MS = 30 * 60 * 1000;
/** D1 is away, or something broke that nobody foresaw. */
const BROKEN_RETRY_MS = 5_000;
/** The vendor could not be asked. */
const REREAD_RETRY_MS = 5_000;

type Named = Pick<ActiveTask, "id" | "model_name" | "model_version">;

const modelOf = (task: Pick<Named, "model_name" | "model_version">) => `${task.model_name}/${task.model_version}`;

export type AtVendorOptions = {
  services: Services;
  /** Calls for a look at what is due at this time (milliseconds) or soon after. */
  schedule: (at: number) => void;
  /** A task waits again, as its next attempt. */
  onRequeued: (task: ActiveTask) => void;
  /** Something about a task was committed, or a slot is free. */
  onChanged: (id: string) => void;
};

/**
 * What is with the vendor, or on its way there: the slots, the pace of calls, and the looks at what nobody hears of.
 * None of it throws: whatever breaks, a task keeps its slot until D1 says what it is.
 */
export class AtVendor {
  private readonly services: Services;
  private readonly options: AtVendorOptions;
  private readonly slots = new Slots();
  private readonly pace: Pace;
  private readonly rereads = new CallWindow(REREADS_PER_SECOND);
  private readonly usual: UsualTimes;
  private lastAnswerAt: number | null = null;

  constructor(options: AtVendorOptions) {
    this.options = options;
    this.services = options.services;
    this.pace = new Pace(this.services.config.vod);
    this.usual = new UsualTimes(this.services.config.vod.rereadAfterMs);
  }

  /** How many tasks are here, those in doubt included. */
  get size(): number {
    return this.slots.size;
  }

  has(id: string): boolean {
    return this.slots.has(id);
  }

  /** Whether there is a slot for anybody. */
  hasRoom(): boolean {
    return this.slots.occupied < this.pace.concurrency(this.now());
  }

  /** Whether there is a slot for tasks of this lane. */
  isOpen(lane: string): boolean {
    const limit = this.services.config.vod.modelConcurrency.get(lane);
    return limit === undefined || this.slots.inLane(lane) < limit;
  }

  /** The configured limit a task falls under: of its model and version, else of its model. */
  laneOf(task: Pick<Named, "model_name" | "model_version">): string {
    const limits = this.services.config.vod.modelConcurrency;
    return [modelOf(task), task.model_name].find((name) => limits.has(name)) ?? "";
  }

  /** When the vendor may be called: now or later. */
  nextCallAt(now: number): number {
    return this.pace.nextCallAt(now);
  }

  report(): Omit<QueueReport, "waiting"> {
    const now = this.now();
    return {
      running: this.slots.size,
      concurrency: this.pace.concurrency(now),
      holdingUntil: this.pace.holdingUntil(now) ?? null,
      lastAnswerAt: this.lastAnswerAt,
    };
  }

  /** Takes back what D1 says is with the vendor. A call that was in the air when the object went down is unanswered. */
  restore(task: ActiveTask): void {
    const now = this.now();
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

  /** Calls made just before a restart are forgotten here, not at the vendor. */
  recall(callsAt: number[]): void {
    for (const at of callsAt.toSorted((a, b) => a - b)) {
      this.pace.called();
      this.pace.landed(at);
    }
  }

  /** Takes a slot for a task that is about to be sent, and counts the call. */
  take(id: string, lane: string): Slot {
    this.pace.called();
    const since = this.now();
    return this.slots.take({ id, lane, state: "submitting", waitMs: RESEND_FIRST_MS, model: "", since });
  }

  /** The call that a slot was taken for is not made. */
  giveBack(slot: Slot): void {
    this.pace.landed(this.now());
    this.slots.free(slot.id);
    this.options.onChanged(slot.id);
  }

  /** The call is not made, and whether the task is in D1 is not known: the slot is kept until D1 says so. */
  keepInDoubt(slot: Slot): void {
    this.pace.landed(this.now());
    this.checkAt(slot, this.now() + BROKEN_RETRY_MS);
  }

  /** A queued task's way to the vendor. */
  async start(slot: Slot, request?: string): Promise<SendOutcome | undefined> {
    let row: TaskRow | null;
    try {
      row = await this.services.store.tasks.begin(slot.id, this.now());
    } catch (error) {
      log("error", "dispatcher.begin_failed", { request_id: slot.id, error: String(error) });
      this.pace.silent(this.now());
      this.keepInDoubt(slot);
      return undefined;
    }
    if (row) {
      this.options.onChanged(slot.id);
      return this.send(slot, row, request);
    }
    // Canceled, or late, in the meantime.
    this.giveBack(slot);
    return undefined;
  }

  /** The way of a task that D1 holds as about to be sent. */
  async send(slot: Slot, row: TaskRow, request?: string): Promise<SendOutcome | undefined> {
    slot.attempt = row.attempt;
    slot.model = modelOf(row);
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
    this.options.onChanged(slot.id);
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
        this.options.onRequeued({ ...row, attempt: outcome.attempt });
        break;
      case "unknown":
        if (!outcome.answered) this.pace.silent(now);
        slot.waitMs = slot.state === "unknown" ? Math.min(slot.waitMs * 2, RESEND_MAX_MS) : RESEND_FIRST_MS;
        slot.state = "unknown";
        this.checkAt(slot, now + slot.waitMs);
        break;
    }
  }

  /** The task is no longer with the vendor, says D1. */
  left(id: string, { attempt, requeued }: Departure): void {
    this.heardFromVendor();
    // Late news: the next attempt has begun, and the slot is its own.
    if (this.slots.isPast(id, attempt)) return;
    const slot = this.slots.get(id);
    if (slot?.state === "running" && !slot.asked && !requeued) this.usual.learn(slot.model, this.now() - slot.since);
    this.slots.free(id);
    if (requeued) {
      this.pace.throttled(this.now());
      this.options.onRequeued(requeued);
    }
    this.options.onChanged(id);
  }

  /** Asks about tasks that should have been heard of, as many as may be asked about now. */
  async lookAtDue(): Promise<void> {
    const now = this.now();
    await Promise.all(this.slots.takeDue(now, this.rereads.room(now)).map((slot) => this.check(slot)));
  }

  /** When {@link lookAtDue} has something to do (milliseconds); infinite when it has not. */
  nextLookAt(): number {
    return Math.max(this.slots.nextCheck(), this.rereads.nextAt(this.now()));
  }

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
        if (finding.requeued) this.options.onRequeued(finding.requeued);
        this.options.onChanged(slot.id);
        return;
      case "running":
        this.slots.count(slot, true);
        if (finding.read) this.checkAgain(slot, now);
        else this.checkAt(slot, now + REREAD_RETRY_MS);
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
    this.options.schedule(at);
  }

  private heardFromVendor(): void {
    this.lastAnswerAt = this.now();
    this.pace.answered();
  }

  private now(): number {
    return this.services.deps.now();
  }
}
