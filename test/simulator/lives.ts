import type { Effect } from "../../src/dispatcher/effects.ts";
import { Alarm } from "./alarm.ts";
import type { Clock } from "./clock.ts";
import type { Core, CoreClass, CoreInput, CoreOptions } from "./core-port.ts";
import { type Access, type Storage, SupersededError } from "./engine.ts";
import type { Fate } from "./fate.ts";
import { Gate } from "./gate.ts";

const RESTART_MAX_MS = 20_000;
/** Seldomer than the gateway's: what depends on it shall show. */
const CRON_MS = 5 * 60_000;
/** A life that was replaced notices it when it touches the storage, or is gone by then. */
const ZOMBIE_MAX_MS = 90_000;

/** One life of the object: a core over the storage, until a crash or the next life ends it. */
export type Life = {
  number: number;
  access: Access;
  core: Core;
  alarm: Alarm;
  dead: boolean;
  /** What waits for it and breaks with it. */
  readonly broken: Set<() => void>;
};

export type LivesListener = {
  /** A turn is over, not yet durable. */
  turned: (life: Life, name: string, wrote: boolean) => void;
  /** What was not durable is gone. */
  undone: () => void;
  /** What it asked for leaves now. */
  released: (life: Life, effects: Effect[]) => void;
  threw: (name: string, error: unknown) => void;
  /** Its timer has it do nothing, over and over. */
  spins: (life: Life) => void;
  trace: (text: string) => void;
};

type Parts = {
  clock: Clock;
  fate: Fate;
  storage: Storage;
  CoreClass: CoreClass;
  options: CoreOptions;
  /** Never so on the platform: a life that was replaced still writes. */
  unfenced: boolean;
  listener: LivesListener;
};

/** The object's lives, one after the other and sometimes two at once. */
export class Lives {
  current: Life | undefined;
  zombie: Life | undefined;
  /** How far the object's clock is ahead of the vendor's, and when it was set last. */
  skewMs = 0;
  jumpedAt = Number.NEGATIVE_INFINITY;
  started = 0;
  startedAt = Number.NEGATIVE_INFINITY;
  /** What each new life is told of a restore. */
  restored: CoreInput["restored"];
  private readonly parts: Parts;
  private readonly gate: Gate;

  constructor(parts: Parts) {
    this.parts = parts;
    this.gate = new Gate(parts);
    parts.clock.after(0, () => this.cron());
  }

  get now(): number {
    return this.parts.clock.now + this.skewMs;
  }

  /** Begins a life. One that still runs has lost the storage, and learns it when it touches that. */
  start(): void {
    const { storage, CoreClass, options, listener, clock, fate } = this.parts;
    if (this.current) this.supersede(this.current);
    const number = (this.started += 1);
    this.startedAt = clock.now;
    const access = storage.access();
    listener.trace(`life ${number} begins`);
    storage.beginTurn();
    let core: Core;
    try {
      core = new CoreClass({ sql: access, options, now: this.now, ...(this.restored && { restored: this.restored }) });
    } catch (error) {
      return listener.threw("load", error);
    }
    const ring = () => this.tick(life, `tick ${number}`);
    const alarm = new Alarm({ clock, fate, skewMs: () => this.skewMs, ring });
    const life: Life = { number, access, core, alarm, dead: false, broken: new Set() };
    this.current = life;
    this.afterTurn(life, `load ${number}`, true, () => {});
  }

  /** The object's clock is set. */
  jump(skewMs: number): void {
    this.skewMs = skewMs;
    this.jumpedAt = this.parts.clock.now;
    for (const life of [this.current, this.zombie]) life?.alarm.reset();
  }

  /** The object is gone, with every turn that was not durable and with what those asked for. */
  crash(): void {
    const life = this.end();
    if (!life) return;
    const { clock, fate } = this.parts;
    const number = this.started;
    clock.after(fate.between(`restart ${number}`, 5, RESTART_MAX_MS), () => {
      if (!this.current && this.started === number) this.start();
    });
  }

  /** As a crash, without another life. */
  end(): Life | undefined {
    const life = this.current;
    if (!life) return undefined;
    this.current = undefined;
    this.undo(`life ${life.number} ends`);
    this.kill(life);
    return life;
  }

  /** One step of a life: everything in it happens at once. @returns false when this life can take no more steps */
  turn<T>(life: Life, name: string, work: (core: Core, now: number) => T, deliver: (result: T) => void): boolean {
    if (life.dead) return false;
    const { storage, listener, unfenced } = this.parts;
    const owns = life === this.current || unfenced;
    if (owns) storage.beginTurn();
    const wrote = life.access.writes();
    let result: T;
    try {
      result = work(life.core, this.now);
    } catch (error) {
      if (!owns && error instanceof SupersededError) this.kill(life);
      else listener.threw(name, error);
      return false;
    }
    if (owns) this.afterTurn(life, name, life.access.writes() > wrote, () => deliver(result));
    else this.afterPowerlessTurn(life, () => deliver(result));
    return true;
  }

  /** A look at a life that changes nothing. */
  read<T>(life: Life, work: (core: Core) => T, deliver: (result: T) => void): boolean {
    if (life.dead) return false;
    let result: T;
    try {
      result = work(life.core);
    } catch (error) {
      if (life !== this.current && error instanceof SupersededError) this.kill(life);
      else this.parts.listener.threw("read", error);
      return false;
    }
    if (life === this.current) this.gate.pass(() => deliver(result));
    else deliver(result);
    return true;
  }

  /** Ends both lives: nothing more happens to them. */
  stop(): void {
    this.end();
    if (this.zombie) this.kill(this.zombie);
  }

  private afterTurn(life: Life, name: string, wrote: boolean, deliver: () => void): void {
    const { fate, clock, listener } = this.parts;
    const effects = life.core.takeEffects();
    life.alarm.turned(wrote || effects.length > 0);
    listener.turned(life, name, wrote);
    this.gate.commit(name, () => {
      // The commit may be all that was left of this life.
      if (life.dead) return;
      deliver();
      listener.released(life, effects);
    });
    if (fate.strikes("crash_in_turn", name)) {
      clock.at(fate.between(`crash in ${name}`, clock.now, this.gate.openAt + 1), () => {
        if (this.current === life) this.crash();
      });
    }
    life.alarm.set(life.core.nextAt());
  }

  /** A life that lost the storage and did not touch it: nothing holds back what it asks for. */
  private afterPowerlessTurn(life: Life, deliver: () => void): void {
    const effects = life.core.takeEffects();
    deliver();
    this.parts.listener.released(life, effects);
    life.alarm.set(life.core.nextAt());
  }

  private tick(life: Life, name: string): void {
    const tick = (core: Core, now: number) => core.tick(now);
    this.turn(life, name, tick, () => {});
    if (life.alarm.spins) this.parts.listener.spins(life);
  }

  private supersede(life: Life): void {
    const { unfenced, clock, fate } = this.parts;
    const undone = this.undo(`life ${life.number} is replaced`);
    if (!unfenced) life.access.revoke();
    if (this.zombie) this.kill(this.zombie);
    // A write that does not get through ends it at once.
    if (undone > 0) return this.kill(life);
    this.zombie = life;
    clock.after(fate.between(`zombie ${life.number}`, 1, ZOMBIE_MAX_MS), () => this.kill(life));
  }

  private undo(what: string): number {
    const undone = this.gate.undo();
    this.parts.listener.trace(`${what}, ${undone} turns undone`);
    this.parts.listener.undone();
    return undone;
  }

  private kill(life: Life): void {
    if (life.dead) return;
    life.dead = true;
    life.alarm.stop();
    life.access.revoke();
    if (this.zombie === life) this.zombie = undefined;
    for (const breaks of life.broken) breaks();
    life.broken.clear();
  }

  private cron(): void {
    if (this.current) this.tick(this.current, `cron ${this.started}`);
    this.parts.clock.after(CRON_MS, () => this.cron());
  }
}
