import type { CreateOutcome, Effect, LookOutcome, ReadOutcome } from "../../src/dispatcher/effects.ts";
import type { Calls } from "./calls.ts";
import type { Clock } from "./clock.ts";
import type { Core } from "./core-port.ts";
import type { Fate } from "./fate.ts";
import type { Life, Lives } from "./lives.ts";
import type { TaskRecord } from "./record.ts";
import { CREATE_TIMEOUT_MS, LOOK_TIMEOUT_MS, READ_TIMEOUT_MS } from "./times.ts";
import type { Vendor } from "./vendor.ts";

const BLOB_READ_MAX_MS = 1_500;
const KV_WRITE_MAX_MS = 1_000;

type Create = Extract<Effect, { kind: "create" }>;
type Look = Extract<Effect, { kind: "look" }>;
export type ShellListener = {
  /** A create call is asked for, */
  creating: (create: Create) => void;
  /** and leaves for the vendor. */
  sending: (create: Create) => void;
  /** The core is about to be told what came of it, */
  hearing: (create: Create, outcome: CreateOutcome) => void;
  /** and has been. */
  sent: (create: Create, outcome: CreateOutcome) => void;
  /** The core is about to be told what a look came to. */
  looked: (startedAt: number, look: Look, outcome: LookOutcome) => void;
  dropped: (blob: string) => void;
  opened: (life: Life, kind: string, by: number) => void;
};

/** Runs what the core asks for. */
export class Shell {
  readonly blobs = new Set<string>();
  /** KV: which task holds an owner's session_id, as far as has been noted. */
  readonly sessions = new Map<string, { taskId: string; expiresAt: number }>();
  private readonly clock: Clock;
  private readonly fate: Fate;
  private readonly lives: Lives;
  private readonly calls: Calls;
  private readonly vendor: Vendor;
  private readonly record: TaskRecord;
  private readonly modelOf: (id: string) => number;
  private readonly listener: ShellListener;

  constructor(parts: {
    clock: Clock;
    fate: Fate;
    lives: Lives;
    calls: Calls;
    vendor: Vendor;
    record: TaskRecord;
    modelOf: (id: string) => number;
    listener: ShellListener;
  }) {
    this.clock = parts.clock;
    this.fate = parts.fate;
    this.lives = parts.lives;
    this.calls = parts.calls;
    this.vendor = parts.vendor;
    this.record = parts.record;
    this.modelOf = parts.modelOf;
    this.listener = parts.listener;
  }

  /** Does what a durable turn has asked for. */
  run(life: Life, effect: Effect): void {
    switch (effect.kind) {
      case "create":
        return this.create(life, effect);
      case "read":
        return this.read(life, effect);
      case "look":
        return this.look(life, effect);
      case "abort":
        return this.abort(life, effect);
      case "tell": {
        const told = effect.tasks.map(({ id, rev }) => ({ id, rev }));
        const name = `told ${told.map(({ id, rev }) => `${id}/${rev}`).join()}`;
        this.listener.opened(life, "tell", 1);
        this.record.tell(effect.tasks, (ok) => {
          this.listener.opened(life, "tell", -1);
          this.back(life, `${name} ${ok}`, (core, now) => core.told(told, ok, now));
        });
        return;
      }
      case "remember": {
        const { owner, sessionId, taskId, expiresAt } = effect;
        return this.remember(owner, sessionId, { taskId, expiresAt });
      }
      case "drop":
        this.blobs.delete(effect.blob);
        return this.listener.dropped(effect.blob);
      case "answer":
      case "noted":
      case "cancel_answer":
        return this.calls.answer(life, effect);
      case "changed":
      case "moved":
      case "log":
        return;
    }
  }

  /** Notes in KV whose a session_id is. */
  remember(owner: string, sessionId: string, entry: { taskId: string; expiresAt: number }): void {
    const { fate, clock } = this;
    if (fate.strikes("remember_fails", entry.taskId)) return;
    clock.after(fate.between(`remember ${entry.taskId}`, 1, KV_WRITE_MAX_MS), () => {
      this.sessions.set(JSON.stringify([owner, sessionId]), entry);
    });
  }

  private create(life: Life, effect: Create): void {
    const { fate, clock, listener } = this;
    const { id, owner, attempt, call, calledAt, request } = effect;
    const name = `${id}-${attempt} ${call}`;
    listener.opened(life, "create", 1);
    listener.creating(effect);
    const done = (outcome: CreateOutcome) => {
      listener.opened(life, "create", -1);
      if (life === this.lives.current) listener.hearing(effect, outcome);
      const told = this.back(life, `created ${name} ${outcome.kind}`, (core, now) =>
        core.created({ id, attempt, call, calledAt }, outcome, now),
      );
      if (told) listener.sent(effect, outcome);
    };
    const send = () => {
      if ("blob" in request && !this.blobs.has(request.blob)) return done({ kind: "unsent", gone: true });
      if (fate.strikes("create_unsent", name)) return done({ kind: "unsent", gone: false });
      listener.sending(effect);
      const model = this.modelOf(id);
      this.limited<CreateOutcome>(
        CREATE_TIMEOUT_MS,
        { kind: "silent", reason: "timeout" },
        (answer) => this.vendor.create({ id, owner, attempt, call, model }, answer),
        done,
      );
    };
    if ("inline" in request) send();
    // A life that ends while it reads the request makes no call.
    else clock.after(fate.between(`blob ${name}`, 5, BLOB_READ_MAX_MS), () => (life.dead ? undefined : send()));
  }

  private read(life: Life, { id, vendorTaskId }: Extract<Effect, { kind: "read" }>): void {
    this.listener.opened(life, "read", 1);
    this.limited<ReadOutcome>(
      READ_TIMEOUT_MS,
      { kind: "silent", reason: "timeout" },
      (answer) => this.vendor.read(id, vendorTaskId, answer),
      (outcome) => {
        this.listener.opened(life, "read", -1);
        const verdict = outcome.kind === "read" ? ` ${outcome.verdict.state}` : "";
        this.back(life, `reread ${id} ${vendorTaskId} ${outcome.kind}${verdict}`, (core, now) =>
          core.reread({ id, vendorTaskId }, outcome, now),
        );
      },
    );
  }

  private look(life: Life, effect: Look): void {
    const { look, from, to } = effect;
    const names = [...effect.sessionIds, ...(effect.everyAttemptOf ?? [])].join();
    const startedAt = this.clock.now;
    this.listener.opened(life, "look", 1);
    // The range is in the object's time; the margin of the list covers the clocks' difference.
    this.limited<LookOutcome>(
      LOOK_TIMEOUT_MS,
      { found: {}, complete: false, answered: false },
      (answer) => this.vendor.look(effect, { from, to }, answer),
      (outcome) => {
        this.listener.opened(life, "look", -1);
        const summary = `${Object.keys(outcome.found).length} found, ${outcome.complete ? "complete" : "incomplete"}`;
        if (life === this.lives.current) this.listener.looked(startedAt, effect, outcome);
        this.back(life, `looked ${names} ${summary}`, (core, now) => core.looked(look, outcome, now));
      },
    );
  }

  private abort(life: Life, { id, vendorTaskId }: Extract<Effect, { kind: "abort" }>): void {
    this.listener.opened(life, "abort", 1);
    this.limited(
      READ_TIMEOUT_MS,
      false,
      (answer) => this.vendor.abort(vendorTaskId, answer),
      (ok) => {
        this.listener.opened(life, "abort", -1);
        this.back(life, `aborted ${id} ${ok}`, (core, now) => core.aborted({ id, vendorTaskId }, ok, now));
      },
    );
  }

  private back(life: Life, name: string, work: (core: Core, now: number) => void): boolean {
    return this.lives.turn(life, name, work, () => {});
  }

  /** The first of the answer and the end of patience. */
  private limited<T>(
    limitMs: number,
    givenUp: T,
    start: (answer: (value: T) => void) => void,
    then: (value: T) => void,
  ): void {
    let open = true;
    const settle = (value: T) => {
      if (!open) return;
      open = false;
      limit.cancel();
      then(value);
    };
    const limit = this.clock.after(limitMs, () => settle(givenUp));
    start(settle);
  }
}
