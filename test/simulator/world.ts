import { Beats } from "./beats.ts";
import { type Violation, ViolationError } from "./books.ts";
import { Calls } from "./calls.ts";
import { Clients } from "./clients.ts";
import { Clock } from "./clock.ts";
import { type CoreClass, NOTE_TOUCHED, optionsOf } from "./core-port.ts";
import { MisuseError, Storage } from "./engine.ts";
import { Fate } from "./fate.ts";
import { Lives } from "./lives.ts";
import { ordersOf } from "./orders.ts";
import { Oracle } from "./oracle.ts";
import { type Profile, profileOf } from "./profile.ts";
import { TaskRecord } from "./record.ts";
import { Shell } from "./shell.ts";
import { checkForgotten, checkSettled, FORGETTING_MS, SLEEP_MS } from "./settled.ts";
import { describe } from "./trace.ts";
import { Vendor } from "./vendor.ts";
import { Watch } from "./watch.ts";
import { Worker } from "./worker.ts";

const BEGINS_AT_MS = Date.UTC(2026, 11, 1);
const STEPS_MAX = 400_000;

export type Plan = {
  seed: number;
  CoreClass: CoreClass;
  /** Faults that do not happen, by name, and orders that are not sent: how a failing seed shrinks. */
  masked?: ReadonlySet<string>;
  without?: ReadonlySet<number>;
  /** The storage does not fence off a life that was replaced. */
  unfenced?: boolean;
  /** Rules that are not checked. */
  ignored?: ReadonlySet<string>;
  /** A world that is not over by then is given up. */
  steps?: number;
  onTrace?: (line: string) => void;
};

export type Outcome = {
  seed: number;
  violation: Violation | undefined;
  struck: string[];
  orders: number;
  steps: number;
  tasks: number;
  paid: number;
  lives: number;
};

/** One seed's world, from its beginning to its end or to the first thing that must not be. */
export function simulate(plan: Plan): Outcome {
  const world = new World(plan);
  let violation: Violation | undefined;
  try {
    world.run();
  } catch (error) {
    if (!(error instanceof ViolationError)) throw error;
    ({ violation } = error);
  }
  world.end();
  return world.outcome(violation);
}

class World {
  private readonly plan: Plan;
  private readonly profile: Profile;
  private readonly clock = new Clock(BEGINS_AT_MS);
  private readonly fate: Fate;
  private readonly storage = new Storage();
  private readonly record: TaskRecord;
  private readonly vendor: Vendor;
  private readonly lives: Lives;
  private readonly shell: Shell;
  private readonly clients: Clients;
  private readonly oracle: Oracle;
  private readonly watch: Watch;
  private readonly beats: Beats;
  private steps = 0;

  constructor(plan: Plan) {
    this.plan = plan;
    this.profile = profileOf(plan.seed);
    const { clock, storage, profile } = this;
    const options = optionsOf(profile);
    this.fate = new Fate(plan.seed, profile.rates, plan.masked ?? new Set());
    const { fate } = this;
    this.record = new TaskRecord({ clock, fate });
    const { record } = this;
    this.oracle = new Oracle({ clock, storage, record, profile, ignored: plan.ignored ?? new Set() });
    const { oracle } = this;
    const trace = (text: string) => this.trace(text);

    // The tables, so that what notes the changed rows is there before the first life and outlives each crash.
    // oxlint-disable-next-line no-new -- a life that ends as soon as it has begun
    new plan.CoreClass({ sql: storage.access(), options, now: clock.now });
    for (const statement of NOTE_TOUCHED) storage.look(statement);

    this.vendor = new Vendor({
      clock,
      fate,
      profile,
      listener: {
        accepted: (task) => {
          trace(`vendor accepts ${task.sessionId} as ${task.vendorTaskId} (${task.ending})`);
          oracle.money.accepted(task);
        },
        notify: (event, answered) => {
          trace(`event ${event.taskId} attempt ${event.attempt} ${event.vendorTaskId}`);
          worker.event(event, (ok) => {
            if (!ok) this.watch.eventRefused(event.taskId);
            answered(ok);
          });
        },
      },
    });
    this.lives = new Lives({
      clock,
      fate,
      storage,
      CoreClass: plan.CoreClass,
      options,
      unfenced: plan.unfenced ?? false,
      listener: {
        turned: (life, name, wrote) => {
          trace(`turn ${name}`);
          if (wrote) oracle.turned();
          this.watch.turned(life);
        },
        undone: () => oracle.undone(),
        released: (life, effects) => {
          for (const effect of effects) {
            if (plan.onTrace && effect.kind !== "changed" && effect.kind !== "moved") trace(`  → ${describe(effect)}`);
            this.shell.run(life, effect);
          }
        },
        spins: (life) => {
          const next = life.core.nextAt() - lives.now;
          oracle.fail("busy", undefined, `woken again and again for nothing; the next time is in ${next} ms`);
        },
        threw: (name, error) => {
          if (error instanceof ViolationError) throw error;
          const rule = error instanceof MisuseError ? "engine" : "threw";
          oracle.fail(rule, undefined, `${name}: ${(error as Error).stack ?? String(error)}`);
        },
        trace,
      },
    });
    const { lives, vendor } = this;
    const calls = new Calls({ clock, fate, lives });
    this.shell = new Shell({
      clock,
      fate,
      lives,
      calls,
      vendor,
      record,
      modelOf: (id) => this.clients.modelOf(id),
      listener: {
        creating: () => this.watch.creating(),
        sending: (create) => {
          oracle.money.sending(create);
          this.watch.sending(create.id, create.call);
        },
        hearing: (create, outcome) => oracle.money.hearing(create, outcome),
        sent: (create, outcome) => {
          oracle.money.sent(create, outcome);
          this.watch.sent(create, outcome);
        },
        looked: (startedAt, look, outcome) => oracle.money.looked(startedAt, look, outcome),
        dropped: (blob) => {
          const id = blob.slice(blob.lastIndexOf("/") + 1);
          const row = oracle.known(id);
          oracle.must(
            row === undefined || row.finished_at !== null,
            "lost",
            id,
            () => "its request was dropped, and it is not over",
          );
        },
        opened: (life, kind, by) => this.watch.opened(life, kind, by),
      },
    });
    const worker = new Worker({ clock, fate, calls, shell: this.shell, record });
    this.clients = new Clients({ clock, fate, profile, worker, oracle });
    this.watch = new Watch({ clock, fate, storage, profile, lives, oracle, record });
    this.beats = new Beats({ clock, fate, storage, profile, lives, oracle, record, vendor, trace });
  }

  run(): void {
    const { clock, fate, profile, lives, plan } = this;
    this.trace(JSON.stringify(profile));
    lives.start();
    for (const order of ordersOf(profile)) if (!plan.without?.has(order.number)) this.clients.run(order);
    this.beats.start();
    clock.after(profile.faultsForMs, () => {
      this.trace("no more faults");
      fate.end();
      if (!lives.current) lives.start();
    });
    this.watch.start();
    while (!this.watch.isSettled(this.clients.busy) && clock.step(Number.POSITIVE_INFINITY)) this.count();
    checkSettled(this.oracle, lives);
    // Nobody comes for days, and the names lapse.
    clock.now += SLEEP_MS;
    const until = clock.now + FORGETTING_MS;
    while (clock.step(until)) this.count();
    checkForgotten(this.oracle);
  }

  end(): void {
    this.lives.stop();
    this.storage.close();
    this.record.close();
  }

  outcome(violation: Violation | undefined): Outcome {
    const made = Array.from(this.oracle.money.vendorTasks.values());
    return {
      seed: this.plan.seed,
      violation,
      struck: this.fate.struck,
      orders: this.profile.orders + this.profile.flood,
      steps: this.steps,
      tasks: this.oracle.accepted.size,
      paid: made.filter(({ ending, twinOf }) => ending !== "no_room" && twinOf === undefined).length,
      lives: this.lives.started,
    };
  }

  private count(): void {
    this.steps += 1;
    const limit = this.plan.steps ?? STEPS_MAX;
    if (this.steps > limit) this.oracle.fail("busy", undefined, `more than ${limit} steps`);
  }

  private time(at: number): string {
    return ((at - BEGINS_AT_MS) / 1000).toFixed(3).padStart(11);
  }

  private trace(text: string): void {
    this.plan.onTrace?.(`${this.time(this.clock.now)}  ${text}`);
  }
}
