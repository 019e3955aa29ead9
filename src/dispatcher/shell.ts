import { log } from "../log.ts";
import type {
  CancelOutcome,
  Dispatcher,
  EraseOutcome,
  KnownKey,
  ListInput,
  NewTask,
  Observation,
  ObserveInput,
  QueueReport,
  Remix,
  StoredRequest,
  Submitted,
  TaskEvent,
  TaskRow,
} from "../tasks/contract.ts";
import { erasedName, nameHash } from "../signing/name-hash.ts";
import { Core } from "./core.ts";
import { coreOptions } from "./core-options.ts";
import type { Effect } from "./effects.ts";
import type { ObjectServices } from "../services.ts";
import { runCreate, runLook, runRead, runTell } from "./errands.ts";
import { forgetKeys, recallKey, rememberKey } from "./known-keys.ts";
import { EventPuller } from "./pull-events.ts";
import type { Restored } from "./restored.ts";
import { SideErrands } from "./side-errands.ts";
import type { Sql } from "./sql.ts";
import { Waiters } from "./waiters.ts";
import { Watchers } from "./watchers.ts";
import type { Listed } from "./views.ts";

export type ShellOptions = {
  services: ObjectServices;
  sql: Sql;
  /** Calls `tick` at this time (milliseconds) or soon after. */
  schedule: (at: number) => void;
  /** Set when this object was set back to an earlier time. */
  restored?: Restored | undefined;
  /** The core is broken: this life of the object must end, and another derive everything from the rows. */
  onBroken: (error: unknown) => void;
};

/** While there is work the object wakes up this often: what it keeps in memory would else be dropped and read again. */
const KEEP_ALIVE_MS = 8_000;
/** Runs what the core asks for, and tells it the outcome. Everything that is awaited in the object is awaited here. */
export class Shell implements Omit<Dispatcher, "restore"> {
  private readonly options: ShellOptions;
  private readonly core: Core;
  private readonly watchers: Watchers;
  private readonly answers = new Waiters<Submitted>();
  private readonly cancels = new Waiters<CancelOutcome>();
  private readonly events = new Waiters<void>();
  private readonly side: SideErrands;
  private readonly puller: EventPuller;

  constructor(options: ShellOptions) {
    const { services, sql } = options;
    this.options = options;
    this.core = new Core({
      sql,
      now: services.deps.now(),
      restored: options.restored,
      options: coreOptions(services.config),
    });
    this.watchers = new Watchers({
      wakeAt: (at) => options.schedule(at),
      position: (id) => this.core.position(id),
      maxPerOwner: services.config.limits.maxStreams,
    });
    this.side = new SideErrands(services);
    this.puller = new EventPuller({
      services,
      expecting: () => this.core.expectsEvents,
      schedule: options.schedule,
      take: (event) => this.event(event),
    });
    this.settle();
  }

  async submit(task: NewTask): Promise<Submitted> {
    const taken = this.turn((now) => this.core.submit(task, now));
    if (taken.kind !== "pending") return taken;
    const submitted = await this.answers.wait(taken.taskId);
    return "replayed" in submitted ? { ...submitted, replayed: taken.replayed } : submitted;
  }

  async cancel(owner: string, id: string): Promise<CancelOutcome> {
    return this.turn((now) => this.core.cancel(owner, id, now)) ?? this.cancels.wait(id);
  }

  async erase(owner: string, id: string): Promise<EraseOutcome> {
    const { session, key } = this.core.namesOf(owner, id);
    const standIn = async (name: string | null) => (name === null ? null : erasedName(await nameHash(owner, name)));
    const names = { session: await standIn(session), key: await standIn(key) };
    return this.turn((now) => this.core.erase(owner, id, names, now));
  }

  async remixes(owner: string, ids: string[]): Promise<Remix[]> {
    return this.core.remixes(owner, ids);
  }

  async event(event: TaskEvent): Promise<void> {
    if (!this.turn((now) => this.core.event(event, now))) await this.events.wait(event.taskId);
  }

  async observe({ owner, id, version, timeoutMs }: ObserveInput): Promise<Observation | undefined> {
    const seen = this.core.view(owner, id);
    if (!seen || version === undefined || seen.version !== version || timeoutMs <= 0) return seen;
    if (!this.watchers.room(owner)) return { ...seen, limited: true };
    await this.watchers.wait({ owner, id, position: seen.position, until: this.now() + timeoutMs });
    return this.core.view(owner, id);
  }

  async read(owner: string, id: string): Promise<TaskRow | undefined> {
    return this.core.whole(owner, id);
  }

  async request(id: string): Promise<StoredRequest | undefined> {
    return this.core.request(id);
  }

  async list(input: ListInput): Promise<Listed> {
    return this.core.list(input);
  }

  async neededBlobs(keys: string[]): Promise<string[]> {
    return this.core.neededBlobs(keys);
  }

  async rememberKey(name: string, key: KnownKey): Promise<void> {
    rememberKey(this.options.sql, name, key, this.now());
  }

  async recallKey(name: string): Promise<KnownKey | undefined> {
    return recallKey(this.options.sql, name, this.now());
  }

  async report(owner?: string): Promise<QueueReport> {
    return this.core.report(this.now(), owner);
  }

  /** Does what is due. Safe to call at any time, and the more often the sooner things happen. */
  tick(): void {
    this.watchers.tick(this.now());
    this.turn((now) => this.core.tick(now));
  }

  /** From the cron trigger: what may have been missed. */
  reconcile(): void {
    forgetKeys(this.options.sql, this.now());
    this.puller.start(true);
    this.tick();
  }

  private now(): number {
    return this.options.services.deps.now();
  }

  /** One turn of the core. Its effects leave after it; the platform holds them until its rows are durable. */
  private turn<T>(work: (now: number) => T): T {
    try {
      return work(this.now());
    } catch (error) {
      if (this.core.broken) this.options.onBroken(error);
      throw error;
    } finally {
      this.settle();
    }
  }

  private settle(): void {
    if (this.core.broken) return;
    for (const effect of this.core.takeEffects()) this.run(effect);
    this.puller.start();
    const now = this.now();
    const next = Math.min(
      this.core.nextAt(),
      this.puller.resumesAt(),
      this.core.busy ? now + KEEP_ALIVE_MS : Number.POSITIVE_INFINITY,
    );
    if (Number.isFinite(next)) this.options.schedule(next);
  }

  private run(effect: Effect): void {
    const { services } = this.options;
    switch (effect.kind) {
      case "create":
        return this.follow(runCreate(services, effect), { kind: "silent", reason: "broken" }, (outcome, now) => {
          // Before it is written: should that fail, the log still says what was paid for.
          if (outcome.kind === "accepted")
            log("info", "task.submitted", {
              request_id: effect.id,
              vendor_task_id: outcome.vendorTaskId,
              attempt: effect.attempt,
            });
          this.core.created(effect, outcome, now);
        });
      case "read":
        return this.follow(runRead(services, effect), { kind: "silent", reason: "broken" }, (outcome, now) =>
          this.core.reread(effect, outcome, now),
        );
      case "look":
        return this.follow(runLook(services, effect), { found: {}, complete: false, answered: false }, (outcome, now) =>
          this.core.looked(effect.look, outcome, now),
        );
      case "abort":
        return this.follow(
          services.vod.abortTask(effect.vendorTaskId).then(({ ok }) => ok),
          false,
          (ok, now) => this.core.aborted(effect, ok, now),
        );
      case "tell":
        return this.follow(runTell(services, effect), false, (ok, now) =>
          this.core.told(
            effect.tasks.map(({ id, rev }) => ({ id, rev })),
            ok,
            now,
          ),
        );
      case "remember":
      case "drop":
        return this.side.add(effect);
      case "answer":
        return this.answers.resolve(effect.id, effect.submitted);
      case "cancel_answer":
        return this.cancels.resolve(effect.id, effect.outcome);
      case "noted":
        return this.events.resolve(effect.id, undefined);
      case "changed":
        return this.watchers.changed(effect.id);
      case "moved":
        return this.watchers.moved(this.now());
      case "log":
        return log(effect.level, effect.event, effect.fields);
    }
  }

  /** An errand goes on when the client that brought it about has hung up. */
  private follow<T>(errand: Promise<T>, otherwise: T, tell: (outcome: T, now: number) => void): void {
    this.options.services.deps.defer(this.followUp(errand, otherwise, tell));
  }

  /** @param otherwise what is taken for the outcome should the errand itself break */
  private async followUp<T>(errand: Promise<T>, otherwise: T, tell: (outcome: T, now: number) => void): Promise<void> {
    let outcome = otherwise;
    try {
      outcome = await errand;
    } catch (error) {
      log("error", "dispatcher.errand_failed", { error: String(error) });
    }
    if (this.core.broken) return;
    try {
      this.turn((now) => tell(outcome, now));
    } catch (error) {
      log("error", "dispatcher.turn_failed", { error: String(error) });
    }
  }
}
