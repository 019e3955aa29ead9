import type { CreateOutcome, Effect } from "../../src/dispatcher/effects.ts";
import type { Clock } from "./clock.ts";
import { IdleWatch } from "./idle.ts";
import type { Storage } from "./engine.ts";
import type { Fate } from "./fate.ts";
import { isOver } from "./judge-row.ts";
import type { Life, Lives } from "./lives.ts";
import type { Oracle } from "./oracle.ts";
import type { Profile } from "./profile.ts";
import type { TaskRecord } from "./record.ts";
import { StarvedWatch } from "./starved.ts";
import { SKEW_MAX_MS } from "./times.ts";

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const LOOK_EVERY_MS = 45 * SECOND_MS;
/** A task that nobody hears of is looked at so often at least. */
const LOOKED_AT_WITHIN_MS = 32 * MINUTE_MS;
/** A submission is answered by then, whatever happens: the vendor's time limit, and a Worker's tries. */
const ANSWERED_WITHIN_MS = 10 * MINUTE_MS;
/** After the last fault: the longest gap between two looks, and time for what is waiting. */
const HEALED_WITHIN_MS = 2 * HOUR_MS;
const NOBODY_KNOWS_MS = 80 * HOUR_MS;
const TOLD_WITHIN_MS = 45 * SECOND_MS;
/** The longest pause after failures, and the time of a call. */
const RECORD_HEALS_MS = 65 * SECOND_MS;
/** A time that was set by another clock comes late by what the clock was set back. */
const CLOCK_HEALS_MS = 2 * SKEW_MAX_MS + RECORD_HEALS_MS;
const EVENTS_HEAL_MS = MINUTE_MS;

/** What must be true at any time, and at the end. */
export class Watch {
  private readonly clock: Clock;
  private readonly fate: Fate;
  private readonly storage: Storage;
  private readonly profile: Profile;
  private readonly lives: Lives;
  private readonly oracle: Oracle;
  private readonly record: TaskRecord;
  private readonly open = new Map<Life, number>();
  private readonly idle: IdleWatch;
  private readonly starved: StarvedWatch;
  /** Starts of other owners' tasks since an owner that never had a slot began to wait. */
  private readonly overtaken = new Map<string, number>();
  private readonly served = new Set<string>();
  private endedAt = 0;
  /** The most tasks that were unfinished at once since then. */
  private backlog = 0;

  constructor(parts: {
    clock: Clock;
    fate: Fate;
    storage: Storage;
    profile: Profile;
    lives: Lives;
    oracle: Oracle;
    record: TaskRecord;
  }) {
    this.clock = parts.clock;
    this.fate = parts.fate;
    this.storage = parts.storage;
    this.profile = parts.profile;
    this.lives = parts.lives;
    this.oracle = parts.oracle;
    this.record = parts.record;
    this.idle = new IdleWatch(parts);
    this.starved = new StarvedWatch(parts.profile.connections);
  }

  start(): void {
    this.clock.after(this.profile.faultsForMs + 1, () => {
      this.endedAt = this.clock.now;
    });
    this.look();
  }

  /** After each turn: what the object says of itself agrees with its rows. */
  turned(life: Life): void {
    if (life !== this.lives.current) return;
    this.starved.turned(life, this.lives.now);
    const { oracle } = this;
    const report = life.core.report(this.lives.now);
    let queued = 0;
    let flying = 0;
    let adopted = 0;
    for (const row of oracle.rows.values()) {
      // A slot is held, and paid for, also by a call that cannot be made.
      if (row.status !== "queued") this.served.add(row.owner);
      if (row.adopted === 1) adopted += isOver(row) ? 0 : 1;
      else if (row.status === "queued") queued += 1;
      else if (!isOver(row)) flying += 1;
    }
    const holds = report.running;
    // What a restored life holds until it has looked has no slot.
    if (this.lives.restored && !report.taking) return;
    oracle.must(
      holds >= flying && holds <= flying + adopted,
      "R6",
      undefined,
      () => `${holds} slots are held, ${flying} tasks are with the vendor`,
    );
    oracle.must(report.waiting <= queued, "R6", undefined, () => `${report.waiting} in the queue, ${queued} rows wait`);
    this.idle.turned(report, queued);
  }

  opened(life: Life, kind: string, by: number): void {
    const open = (this.open.get(life) ?? 0) + by;
    this.open.set(life, open);
    const { connections } = this.profile;
    const waitedMs = life === this.lives.current ? this.starved.opened(life, kind, by, this.lives.now) : undefined;
    this.oracle.must(
      waitedMs === undefined,
      "R7",
      undefined,
      () => `a create took the connection that others have waited for since ${waitedMs} ms`,
    );
    this.oracle.must(
      open <= connections,
      "R7",
      undefined,
      () => `${open} connections are open with ${kind}, of ${connections}`,
    );
  }

  creating(): void {
    this.idle.called();
  }

  sending(id: string, call: number): void {
    if (call > 1) return;
    const limit = 12 * this.profile.owners.length;
    const waiting = new Set(
      Array.from(this.oracle.rows.values())
        .filter((row) => row.status === "queued" && this.isUnlimited(row.id))
        .map((row) => row.owner),
    );
    for (const other of waiting) {
      if (this.served.has(other)) continue;
      const times = (this.overtaken.get(other) ?? 0) + 1;
      this.overtaken.set(other, times);
      this.oracle.must(
        times <= limit,
        "R7",
        id,
        () => `${other} waits for its first slot, and ${times} tasks of others went first`,
      );
    }
  }

  sent(create: Extract<Effect, { kind: "create" }>, outcome: CreateOutcome): void {
    this.idle.landed(create.calledAt, outcome);
  }

  eventRefused(id: string): void {
    const healed = this.fate.over && this.endedAt > 0 && this.clock.now > this.endedAt + EVENTS_HEAL_MS;
    this.oracle.must(!healed, "R5", id, () => "its event is not answered, and nothing is wrong");
  }

  isSettled(busyClients: number): boolean {
    if (!this.fate.over || busyClients > 0 || this.storage.unconfirmed > 0) return false;
    for (const row of this.oracle.rows.values()) if (!isOver(row) || row.told === 0) return false;
    return true;
  }

  private look(): void {
    this.clock.after(LOOK_EVERY_MS, () => {
      this.checkDeadline();
      this.checkLate();
      this.idle.look();
      this.look();
    });
  }

  /** R5: while anything is unfinished, something is in the air or a time is set. */
  private checkDeadline(): void {
    const life = this.lives.current;
    if (!life || (this.open.get(life) ?? 0) > 0 || this.storage.unconfirmed > 0) return;
    const open = Array.from(this.oracle.rows.values()).find((row) => !isOver(row) || row.told === 0);
    if (!open) return;
    const now = this.lives.now;
    const next = life.alarm.at;
    this.oracle.must(
      next <= now + LOOKED_AT_WITHIN_MS,
      "R5",
      open.id,
      () => `is ${open.status}, and nothing looks at it before ${next - now} ms`,
    );
  }

  private checkLate(): void {
    const { oracle, clock } = this;
    for (const { task, at, answer } of oracle.offers.values()) {
      const late = answer === undefined && clock.now - at > ANSWERED_WITHIN_MS;
      oracle.must(!late, "R5", task.id, () => "its submission is not answered");
    }
    this.checkTold();
    if (!this.fate.over || this.endedAt === 0) return;
    const longest = Math.max(...this.profile.models.map(({ takesMs }) => takesMs[1]));
    const unfinished = Array.from(oracle.rows.values()).filter((row) => !isOver(row) || row.told === 0);
    const room = Math.min(this.profile.concurrency, this.profile.vendorConcurrency);
    this.backlog = Math.max(this.backlog, unfinished.length);
    const workMs = (this.backlog / Math.max(1, room) + 2) * (longest + 5 * SECOND_MS) * 2;
    const hiddenMs = this.profile.listHidden ? NOBODY_KNOWS_MS : 0;
    for (const { id, status } of unfinished) {
      const since = Math.max(this.endedAt, oracle.since.get(id) ?? 0);
      const late = clock.now - since > HEALED_WITHIN_MS + workMs + hiddenMs;
      oracle.must(!late, "stuck", id, () => `is ${status} long after the last fault`);
    }
  }

  /** Where nothing is wrong with the record, and one life goes on, endings do not wait for long. */
  private checkTold(): void {
    const { clock, profile, lives, record } = this;
    if (profile.rates.alarm_late > 0 || profile.connections < 2) return;
    const disturbedAt = Math.max(
      record.troubledAt + RECORD_HEALS_MS,
      record.awayUntil + RECORD_HEALS_MS,
      lives.startedAt,
      lives.jumpedAt + CLOCK_HEALS_MS,
    );
    for (const [id, since] of this.oracle.untoldSince) {
      const ms = clock.now - Math.max(since, disturbedAt);
      this.oracle.must(ms <= TOLD_WITHIN_MS, "R7", id, () => `is over for ${ms} ms, and the record is not told`);
    }
  }

  private isUnlimited(id: string): boolean {
    const model = this.oracle.offers.get(id)?.order.model ?? 0;
    return this.profile.models[model]?.limit === undefined;
  }
}
