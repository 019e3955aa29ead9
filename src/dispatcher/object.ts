import { DurableObject } from "cloudflare:workers";
import { platformDeps } from "../deps.ts";
import { log } from "../log.ts";
import { createObjectServices, type ObjectServices } from "../services.ts";
import type {
  Dispatcher as DispatcherCalls,
  KnownKey,
  ListInput,
  NewTask,
  ObserveInput,
  TaskEvent,
} from "../tasks/contract.ts";
import { noteRestore, restoreOf } from "./restore-note.ts";
import { Shell } from "./shell.ts";
import type { Sql, SqlValue } from "./sql.ts";

/** Sooner than this a timer in memory is enough; the alarm is written for what must survive the object. */
const TIMER_MAX_MS = 2_000;
/** How much later than asked the alarm may already stand without being written again. */
const ALARM_SLACK_MS = 1_000;
/** Enough for an answer to leave the object. */
const ANSWER_MS = 100;

/**
 * One for each cell: the {@link Shell} on its platform, with the object's own SQLite as the record of everything
 * unfinished. What it forgets when it is moved or evicted is derived from its rows; its alarm is the gateway's only timer.
 */
export class Dispatcher extends DurableObject<Env> implements DispatcherCalls {
  private readonly services: ObjectServices;
  /** Made before the first call is let in. */
  private shell!: Shell;
  private timerAt = Number.POSITIVE_INFINITY;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private alarmAt = Number.POSITIVE_INFINITY;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.services = this.outside(env);
    void ctx.blockConcurrencyWhile(async () => {
      const restored = await restoreOf(this.services, this.cell);
      this.shell = new Shell({
        services: this.services,
        sql: objectSql(ctx.storage),
        schedule: (at) => this.schedule(at),
        onBroken: (error) => this.breakDown(error),
        restored,
      });
    });
  }

  /** The object's name, as the record knows it. */
  private get cell(): string {
    return this.ctx.id.name ?? this.ctx.id.toString();
  }

  /** What the object works with; the tests' object has a clock and a network of its own. */
  protected outside(env: Env): ObjectServices {
    return createObjectServices({ env, deps: { ...platformDeps, defer: (work) => this.ctx.waitUntil(work) } });
  }

  async submit(task: NewTask) {
    return this.shell.submit(task);
  }

  async cancel(owner: string, id: string) {
    return this.shell.cancel(owner, id);
  }

  async erase(owner: string, id: string) {
    return this.shell.erase(owner, id);
  }

  async remixes(owner: string, ids: string[]) {
    return this.shell.remixes(owner, ids);
  }

  async observe(input: ObserveInput) {
    return this.shell.observe(input);
  }

  async read(owner: string, id: string) {
    return this.shell.read(owner, id);
  }

  async request(id: string) {
    return this.shell.request(id);
  }

  async list(input: ListInput) {
    return this.shell.list(input);
  }

  async neededBlobs(keys: string[]) {
    return this.shell.neededBlobs(keys);
  }

  async event(event: TaskEvent) {
    return this.shell.event(event);
  }

  async rememberKey(name: string, key: KnownKey) {
    return this.shell.rememberKey(name, key);
  }

  async recallKey(name: string) {
    return this.shell.recallKey(name);
  }

  async report(owner?: string) {
    return this.shell.report(owner);
  }

  /** From the cron trigger: does what is due, and sets the alarm anew should it have been lost. */
  async reconcile(): Promise<void> {
    this.alarmAt = Number.POSITIVE_INFINITY;
    this.shell.reconcile();
  }

  /** Begins a new life in an earlier time. @throws where the platform has no point-in-time recovery, as locally */
  async restore(at: number): Promise<void> {
    const bookmark = await this.ctx.storage.getBookmarkForTime(at);
    await noteRestore(this.services, this.cell, at);
    await this.ctx.storage.onNextSessionRestoreBookmark(bookmark);
    // After the answer: it would be lost with this life.
    setTimeout(() => this.ctx.abort("The dispatcher is set back to an earlier time."), ANSWER_MS);
  }

  /** Returns at once: what the tick has brought about goes on by itself, and the next alarm is not held up by it. */
  override async alarm(): Promise<void> {
    this.alarmAt = Number.POSITIVE_INFINITY;
    this.shell.tick();
  }

  private schedule(at: number): void {
    const now = this.services.deps.now();
    if (at - now <= TIMER_MAX_MS && at < this.timerAt) {
      clearTimeout(this.timer);
      this.timerAt = at;
      this.timer = setTimeout(
        () => {
          this.timerAt = Number.POSITIVE_INFINITY;
          this.shell.tick();
        },
        Math.max(0, at - now),
      );
    }
    if (at + ALARM_SLACK_MS < this.alarmAt) {
      const alarmAt = at + ALARM_SLACK_MS;
      this.alarmAt = alarmAt;
      void this.ctx.storage.setAlarm(alarmAt);
    }
  }

  /** This life must not go on: what it has in memory may not be what its rows say. */
  private breakDown(error: unknown): void {
    log("error", "dispatcher.broken", { error: String(error) });
    this.ctx.abort("The dispatcher starts anew from its rows.");
  }
}

/** The port on the Durable Object's SQLite. */
export function objectSql(storage: DurableObjectStorage): Sql {
  return {
    all: <Row>(statement: string, ...values: SqlValue[]) =>
      storage.sql.exec(statement, ...values).toArray() as unknown as Row[],
    transaction: (work) => storage.transactionSync(work),
    size: () => storage.sql.databaseSize,
  };
}
