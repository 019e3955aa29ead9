import type { CreateOutcome } from "../../src/dispatcher/effects.ts";
import { OUTAGE_CODES, ruleOf } from "../../src/vod/errors.ts";
import type { QueueReport } from "../../src/tasks/contract.ts";
import type { Clock } from "./clock.ts";
import type { Life, Lives } from "./lives.ts";
import type { Oracle } from "./oracle.ts";
import type { Profile } from "./profile.ts";

/** After "too many at once", a new life, a change of pace: a breath. */
const SLACK_MS = 5_000;
const SILENCE_FIRST_MS = 1_000;
const SILENCE_MAX_MS = 60_000;

/** Sees to it that a free slot does not stay free while tasks wait and the vendor is there. */
export class IdleWatch {
  private readonly clock: Clock;
  private readonly lives: Lives;
  private readonly oracle: Oracle;
  private readonly profile: Profile;
  private life: Life | undefined;
  /** In a row, as an honest count has it: those that left before the first was noticed say nothing new. */
  private silences = 0;
  private silentAt = Number.NEGATIVE_INFINITY;
  /** Since when a task could start, and does not. */
  private idleSince: number | undefined;
  private inTheAir = 0;
  private state = "";

  constructor(parts: { clock: Clock; lives: Lives; oracle: Oracle; profile: Profile }) {
    this.clock = parts.clock;
    this.lives = parts.lives;
    this.oracle = parts.oracle;
    this.profile = parts.profile;
  }

  called(): void {
    // However it came about that it was not made before.
    this.look();
    this.inTheAir += 1;
    this.idleSince = undefined;
  }

  landed(calledAt: number, outcome: CreateOutcome): void {
    this.inTheAir = Math.max(0, this.inTheAir - 1);
    const { now } = this.lives;
    const throttled = outcome.kind === "refused" && ruleOf(outcome.code).resend === "yes";
    const silent = outcome.kind === "silent" || (outcome.kind === "refused" && OUTAGE_CODES.has(outcome.code));
    if (silent) {
      if (this.silentAt > now) this.silentAt = Number.NEGATIVE_INFINITY;
      if (calledAt <= this.silentAt) return;
      this.silences += 1;
      this.silentAt = now;
    } else if (outcome.kind !== "unsent") {
      this.silences = 0;
    }
    if (throttled || silent) this.idleSince = undefined;
  }

  turned(report: QueueReport, queued: number): void {
    const life = this.lives.current;
    if (life !== this.life) {
      this.life = life;
      this.silences = 0;
      this.silentAt = Number.NEGATIVE_INFINITY;
      this.inTheAir = 0;
      this.idleSince = undefined;
    }
    this.state = JSON.stringify(report);
    const limited = this.profile.models.some(({ limit }) => limit !== undefined);
    const free = !limited && report.running < report.concurrency && report.waiting > 0 && report.waiting === queued;
    if (!free || this.inTheAir > 0) this.idleSince = undefined;
    else this.idleSince ??= this.clock.now;
  }

  look(): void {
    const { rates, connections } = this.profile;
    // With a single connection whatever is slow holds up everything.
    if (this.idleSince === undefined || this.lives.current !== this.life || rates.alarm_late > 0 || connections < 2)
      return;
    // A pause that was set by another clock may last its whole length again.
    if (this.clock.now - this.lives.jumpedAt < 2 * SILENCE_MAX_MS + SLACK_MS) return;
    const pause = this.silences === 0 ? 0 : Math.min(SILENCE_FIRST_MS * 2 ** (this.silences - 1), SILENCE_MAX_MS);
    const idleMs = this.clock.now - this.idleSince;
    this.oracle.must(
      idleMs <= pause + SLACK_MS,
      "R7",
      undefined,
      () => `a task waits and a slot is free for ${idleMs} ms, after ${this.silences} silences in a row; ${this.state}`,
    );
  }
}
