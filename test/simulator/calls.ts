import type { Effect } from "../../src/dispatcher/effects.ts";
import type { Clock } from "./clock.ts";
import type { Core } from "./core-port.ts";
import type { Fate } from "./fate.ts";
import type { Life, Lives } from "./lives.ts";

const NETWORK_MAX_MS = 15;
const BROKEN_MAX_MS = 3_000;
/** While two lives run, so many of the calls still reach the old one. */
const ZOMBIE_SHARE = 0.3;

/** What a waiting call is answered with: the outcome of an effect that names a task. */
export type Told = Extract<Effect, { kind: "answer" | "noted" | "cancel_answer" }>;

/** The answer comes with an effect of this kind for this task. */
export class Waits<T> {
  readonly kind: Told["kind"];
  readonly id: string;
  readonly read: (told: Told) => T;
  constructor(kind: Told["kind"], id: string, read: (told: Told) => T) {
    this.kind = kind;
    this.id = id;
    this.read = read;
  }
}

export type Call<T> = { answered: (answer: T) => void; broken: () => void };

/** Carries the Workers' calls to the object, and its answers back. */
export class Calls {
  private readonly waiting = new Map<Life, Map<string, Set<(told: Told) => void>>>();
  private readonly clock: Clock;
  private readonly fate: Fate;
  private readonly lives: Lives;

  constructor(parts: { clock: Clock; fate: Fate; lives: Lives }) {
    this.clock = parts.clock;
    this.fate = parts.fate;
    this.lives = parts.lives;
  }

  /**
   * A Worker's call to the object. Exactly one of `answered` and `broken` is called.
   * @param work its answer, or which effect will bring it
   */
  call<T>(name: string, work: (core: Core, now: number) => T | Waits<T>, call: Call<T>): void {
    this.carry(name, call, (life, answer) =>
      this.lives.turn(life, name, work, (result) => {
        if (!(result instanceof Waits)) return answer(result);
        this.await(life, `${result.kind} ${result.id}`, (told) => answer(result.read(told)));
      }),
    );
  }

  /** A call that changes nothing. */
  ask<T>(name: string, work: (core: Core) => T, call: Call<T>): void {
    this.carry(name, call, (life, answer) => this.lives.read(life, work, answer));
  }

  private carry<T>(name: string, call: Call<T>, run: (life: Life, answer: (result: T) => void) => boolean): void {
    const { clock, fate, lives } = this;
    let open = true;
    const settle = (then: () => void) => {
      if (!open) return;
      open = false;
      then();
    };
    const breaks = () => void clock.after(fate.between(`broken ${name}`, 1, BROKEN_MAX_MS), () => settle(call.broken));
    if (fate.strikes("request_lost", name)) return breaks();
    clock.after(fate.between(`to object ${name}`, 0, NETWORK_MAX_MS), () => {
      const old = lives.zombie && fate.random(`which life ${name}`).chance(ZOMBIE_SHARE);
      const life = old ? lives.zombie : lives.current;
      if (!life) return breaks();
      life.broken.add(breaks);
      const lost = fate.strikes("answer_lost", name);
      const done = run(life, (result) => {
        life.broken.delete(breaks);
        if (lost) return breaks();
        clock.after(fate.between(`from object ${name}`, 0, NETWORK_MAX_MS), () => settle(() => call.answered(result)));
      });
      if (!done) breaks();
    });
  }

  private await(life: Life, key: string, answer: (told: Told) => void): void {
    let waiting = this.waiting.get(life);
    if (!waiting) this.waiting.set(life, (waiting = new Map()));
    const those = waiting.get(key) ?? new Set();
    those.add(answer);
    waiting.set(key, those);
  }

  /** An effect has brought what calls wait for. */
  answer(life: Life, told: Told): void {
    const key = `${told.kind} ${told.id}`;
    const those = this.waiting.get(life)?.get(key) ?? [];
    this.waiting.get(life)?.delete(key);
    for (const answer of those) answer(told);
  }
}
