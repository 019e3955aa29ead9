import type { CreateOutcome, LookOutcome, ReadOutcome } from "../../src/dispatcher/effects.ts";
import type { TaskEvent } from "../../src/tasks/contract.ts";
import { eventOf, sessionIdOf, type VendorTask } from "./books.ts";
import { createRandom } from "../faults/random.ts";
import type { Clock } from "./clock.ts";
import type { Fate } from "./fate.ts";
import type { Profile } from "./profile.ts";
import { CREATE_TIMEOUT_MS, VENDOR_WORKS_ON_MS } from "./times.ts";
import { VendorLimits } from "./vendor-limits.ts";
import { endingOf, plannedEvents, refusalCode, resultOf, unclearCode, verdictOf } from "./vendor-moods.ts";

const SECOND_MS = 1_000;
const HOUR_MS = 60 * 60 * SECOND_MS;
/** The vendor forgets tasks, and the SessionIds that it has seen. */
const MEMORY_MS = 3 * 24 * 60 * 60 * SECOND_MS;
const EVENT_RETRY_MS = 30_000;
const EVENT_TRIES = 3;
/** Both clocks' error: the vendor's list is asked for that much more on either side. */
export const LOOK_MARGIN_MS = 2 * 60 * SECOND_MS;
const NEVER_ANSWERED = undefined;

export type CreateCall = { id: string; owner: string; attempt: number; call: number; model: number };

export type VendorListener = {
  accepted: (task: VendorTask) => void;
  /** Delivers a notification; `answered` with whether it was taken. */
  notify: (event: TaskEvent, answered: (ok: boolean) => void) => void;
};

/**
 * Tencent VOD, as far as tasks are concerned, with all that it may do to its callers. Callers have time limits of their
 * own; what the vendor works on, it works on whether or not anybody waits for it.
 */
export class Vendor {
  readonly tasks = new Map<string, VendorTask>();
  private readonly bySession = new Map<string, VendorTask[]>();
  private readonly clock: Clock;
  private readonly fate: Fate;
  private readonly profile: Profile;
  private readonly listener: VendorListener;
  private readonly limits: VendorLimits;
  private readonly reads = new Map<string, number>();
  awayUntil = 0;

  constructor(parts: { clock: Clock; fate: Fate; profile: Profile; listener: VendorListener }) {
    this.clock = parts.clock;
    this.fate = parts.fate;
    this.profile = parts.profile;
    this.listener = parts.listener;
    this.limits = new VendorLimits(parts.profile);
  }

  /** `answer` comes never, or later than anybody waits for it, when nothing usable comes back. */
  create(call: CreateCall, answer: (outcome: CreateOutcome) => void): void {
    const { fate, clock } = this;
    const name = `${sessionIdOf(call)} ${call.call}`;
    const silent = (reason: string, ms: number) => void clock.after(ms, () => answer({ kind: "silent", reason }));
    const refuse = (code: string) =>
      void clock.after(fate.between(`refusal ${name}`, 5, 300), () =>
        answer({ kind: "refused", code, message: "No.", vendorRequestId: "v" }),
      );
    // All calls of an outage fail alike: those that left at once fail at once.
    if (this.isAway())
      return silent("network", createRandom(this.profile.seed, `away ${this.awayUntil}`).between(1, 20_000));
    if (fate.strikes("create_lost", name)) return silent("network", fate.between(`lost ${name}`, 1, 20_000));
    if (fate.strikes("create_hangs", name)) return NEVER_ANSWERED;
    const arrivesMs = fate.between(`arrives ${name}`, 1, 100);
    const slow = fate.strikes("create_slow", name);
    const worksMs = fate.between(`works ${name}`, 5, slow ? CREATE_TIMEOUT_MS + VENDOR_WORKS_ON_MS - 1_000 : 400);
    clock.after(arrivesMs, () => {
      if (this.limits.isThrottled(clock.now) || fate.strikes("create_throttled", name))
        return refuse("RequestLimitExceeded");
      if (fate.strikes("create_refused", name)) return refuse(refusalCode(fate.random(`code ${name}`)));
      const fails = fate.strikes("create_failed", name);
      if (fails && fate.random(`does ${name}`).chance(0.5))
        return refuse(unclearCode(fate.random(`code ${name}`), this.profile.unclearCode));
      clock.after(worksMs, () => {
        if (this.profile.dedupe && this.knows(sessionIdOf(call))) return refuse(this.profile.duplicateCode);
        const task = this.accept(call, name);
        if (this.isAway()) return silent("network", 1);
        if (fails) return refuse(unclearCode(fate.random(`code ${name}`), this.profile.unclearCode));
        if (fate.strikes("create_answer_lost", name)) return silent("network", fate.between(`cut ${name}`, 1, 20_000));
        clock.after(fate.between(`answers ${name}`, 1, 100), () =>
          answer({ kind: "accepted", vendorTaskId: task.vendorTaskId }),
        );
      });
    });
  }

  read(id: string, vendorTaskId: string, answer: (outcome: ReadOutcome) => void): void {
    const { fate, clock } = this;
    const name = `${id} ${vendorTaskId}`;
    const later = (ms: number, outcome: () => ReadOutcome) => void clock.after(ms, () => answer(outcome()));
    const failed = (): ReadOutcome => ({ kind: "silent", reason: "http_status" });
    if (this.isAway() || fate.strikes("read_fails", name)) {
      return later(fate.between(`read failing ${name}`, 1, 4_000), failed);
    }
    const slow = fate.strikes("read_slow", name);
    clock.after(fate.between(`read ${name}`, 1, slow ? 6_000 : 150), () => {
      const outcome = this.readNow(id, vendorTaskId);
      later(fate.between(`read back ${name}`, 1, slow ? 6_000 : 150), () => outcome);
    });
  }

  look(
    { sessionIds, everyAttemptOf = [] }: { sessionIds: string[]; everyAttemptOf?: string[] },
    range: { from: number; to: number },
    answer: (found: LookOutcome) => void,
  ): void {
    const { fate, clock } = this;
    const name = [...sessionIds, ...everyAttemptOf].join();
    const wanted = (task: VendorTask) => sessionIds.includes(task.sessionId) || everyAttemptOf.includes(task.taskId);
    const tookMs = fate.between(`look ${name}`, 10, 3_000);
    const fails = this.isAway() || fate.strikes("look_fails", name);
    const incomplete = fate.strikes("look_incomplete", name) || this.profile.listHidden;
    const answered = !fails || fate.random(`first pages ${name}`).chance(0.5);
    clock.after(tookMs, () => {
      const found: Record<string, string> = {};
      if (answered) {
        const seen = Array.from(this.tasks.values()).filter((task) => this.isListed(task, range));
        const share = this.profile.listHidden ? seen.length : fails || incomplete ? Math.floor(seen.length / 2) : 0;
        for (const task of seen.slice(share)) {
          if (wanted(task)) found[task.sessionId] = task.vendorTaskId;
        }
      }
      answer({ found, complete: !fails && !incomplete, answered: answered && !this.isAway() });
    });
  }

  abort(vendorTaskId: string, answer: (ok: boolean) => void): void {
    const fails = this.isAway() || this.fate.strikes("abort_fails", vendorTaskId);
    this.clock.after(this.fate.between(`abort ${vendorTaskId}`, 5, fails ? 4_000 : 500), () => {
      const task = this.tasks.get(vendorTaskId);
      const { now } = this.clock;
      const waits = task !== undefined && now < task.beginsAt && this.knows(task.sessionId);
      if (waits) {
        task.ending = "aborted";
        task.finishesAt = now;
        this.announce(task);
      }
      answer(waits && !fails);
    });
  }

  private accept(call: CreateCall, name: string): VendorTask {
    const { fate, profile } = this;
    const { now } = this.clock;
    const sessionId = sessionIdOf(call);
    const model = profile.models[call.model];
    const [least, most] = model?.takesMs ?? [SECOND_MS, SECOND_MS];
    const ending =
      this.limits.isFull(this.tasks.values(), now) || fate.strikes("no_room", name) ? "no_room" : endingOf(fate, name);
    const beginsAt =
      now + (fate.random(`waits ${name}`).chance(0.3) ? fate.between(`waits so long ${name}`, 1, 3_000) : 0);
    const takesMs =
      ending === "no_room" ? fate.between(`no room ${name}`, 1, 3_000) : fate.between(`takes ${name}`, least, most);
    const task: VendorTask = {
      vendorTaskId: `vod-${name.replace(" ", "-")}`,
      sessionId,
      taskId: call.id,
      attempt: call.attempt,
      call: call.call,
      owner: call.owner,
      createdAt: now,
      listedAt: now + profile.listLagMs,
      beginsAt,
      finishesAt: beginsAt + takesMs,
      ending,
      emptyReads: ending === "succeeded" && fate.strikes("task_empty", name) ? 1 : 0,
      twinOf: undefined,
    };
    this.keep(task);
    if (fate.strikes("task_doubled", name)) {
      this.keep({ ...task, vendorTaskId: `${task.vendorTaskId}-twin`, twinOf: task.vendorTaskId });
    }
    return task;
  }

  private keep(task: VendorTask): void {
    this.tasks.set(task.vendorTaskId, task);
    this.bySession.set(task.sessionId, [...(this.bySession.get(task.sessionId) ?? []), task]);
    this.listener.accepted(task);
    this.clock.at(task.finishesAt, () => this.announce(task));
    if (this.fate.strikes("event_forged", task.vendorTaskId)) {
      const ids = Array.from(this.tasks.keys());
      const vendorTaskId = this.fate.random(`forges ${task.vendorTaskId}`).pick(["vod-nothing", ...ids]);
      this.clock.after(this.fate.between(`forged ${task.vendorTaskId}`, 0, 120_000), () =>
        this.deliver({ ...eventOf(task), vendorTaskId }, 1),
      );
    }
  }

  private announce(task: VendorTask): void {
    // Aborted in the meantime: its end was announced then.
    if (task.finishesAt !== this.clock.now) return;
    for (const ms of plannedEvents(this.fate, task.vendorTaskId, this.profile.long ? MEMORY_MS : HOUR_MS)) {
      this.clock.after(ms, () => this.deliver(eventOf(task), EVENT_TRIES));
    }
  }

  private deliver(event: TaskEvent, tries: number): void {
    this.listener.notify(event, (ok) => {
      if (!ok && tries > 1) this.clock.after(EVENT_RETRY_MS, () => this.deliver(event, tries - 1));
    });
  }

  private readNow(id: string, vendorTaskId: string): ReadOutcome {
    const task = this.tasks.get(vendorTaskId);
    const { now } = this.clock;
    if (!task || now - task.createdAt > MEMORY_MS) return { kind: "absent", code: "ResourceNotFound" };
    if (task.taskId !== id) return { kind: "foreign" };
    const times = (this.reads.get(vendorTaskId) ?? 0) + (now < task.finishesAt ? 0 : 1);
    this.reads.set(vendorTaskId, times);
    const verdict = verdictOf(task, now, times);
    // Stopped, it may come without our token.
    if (
      task.ending === "aborted" &&
      now >= task.finishesAt &&
      this.fate.random(`aborted ${vendorTaskId}`).chance(0.5)
    ) {
      return { kind: "aborted", message: "Stopped." };
    }
    const model = this.profile.models[0];
    return {
      kind: "read",
      attempt: task.attempt,
      verdict,
      result: verdict.state === "processing" ? "" : resultOf(task, verdict),
      origin: {
        action: "CreateAigcVideoTask",
        modelName: model?.name ?? "",
        modelVersion: model?.version ?? "",
        createdAt: task.createdAt,
      },
    };
  }

  private isListed(task: VendorTask, { from, to }: { from: number; to: number }): boolean {
    const { now } = this.clock;
    const asked = task.createdAt >= from - LOOK_MARGIN_MS && task.createdAt <= to + LOOK_MARGIN_MS;
    return asked && task.listedAt <= now && now - task.createdAt <= MEMORY_MS;
  }

  private knows(sessionId: string): boolean {
    return (this.bySession.get(sessionId) ?? []).some(({ createdAt }) => this.clock.now - createdAt <= MEMORY_MS);
  }

  private isAway(): boolean {
    return !this.fate.over && this.clock.now < this.awayUntil;
  }
}
