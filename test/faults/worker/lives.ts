import { DurableObject } from "cloudflare:workers";
import { Dispatcher as GatewayDispatcher } from "reelgate-intact";
import type { Holdings, Trouble } from "../trouble.ts";

/** A life that is over and does not touch its storage notices that its callers have gone after this. */
const UNNOTICED_MAX_MS = 3_000;
/** Calls still arrive at the old life for so long. */
const STRAY_MS = 1_500;

type Members = Record<string | symbol, unknown>;
type Method = (...input: unknown[]) => unknown;
type Rows = { toArray: () => unknown[] };
type Storage = { sql: { exec: (statement: string, ...values: unknown[]) => Rows } };
type State = { storage: Storage; abort: (reason: string) => void };

let lives = 0;

/** One life of the gateway's object, and what ends when it learns that it is over. */
class Life {
  readonly object: GatewayDispatcher;
  private superseded = false;
  private over = false;
  private end: (error: Error) => void = () => undefined;
  /** Rejects for those who wait for an answer of a life that is over. */
  private readonly ended = new Promise<never>((_, reject) => (this.end = reject));

  /** The object's storage as the platform gives it to this life: not to one that has been replaced. */
  readonly storage: object;

  constructor(make: (life: Life) => GatewayDispatcher, state: State, storage: Storage) {
    lives += 1;
    this.ended.catch(() => undefined);
    const guard = () => {
      if (!this.superseded) return;
      this.notice();
      throw new Error("This instance is no longer the active one for its object.");
    };
    this.storage = substitute(storage, { sql: substitute(storage.sql, {}, guard) }, guard);
    this.object = make(this);
    const abort = (reason: string) => (this.superseded ? this.notice() : state.abort(reason));
    Object.assign(this.object, { ctx: substitute(state, { abort, storage: this.storage }) });
  }

  supersede(): void {
    this.superseded = true;
    setTimeout(() => this.notice(), UNNOTICED_MAX_MS);
  }

  /** Whether calls may still go astray to it. */
  get isOver(): boolean {
    return this.over;
  }

  async call(name: string, input: unknown[]): Promise<unknown> {
    const method = (this.object as unknown as Members)[name] as Method;
    return Promise.race([Promise.resolve(Reflect.apply(method, this.object, input)), this.ended]);
  }

  private notice(): void {
    this.over = true;
    this.end(new Error("The object was replaced by another instance."));
  }
}

/** The same object with some members replaced. @param guard runs before any member is used */
function substitute(target: object, replaced: Members, guard?: () => void): object {
  return new Proxy(target as Members, {
    get: (members, name) => {
      guard?.();
      if (name in replaced) return replaced[name];
      const member = members[name];
      return typeof member === "function" ? (member as Method).bind(members) : member;
    },
  });
}

const UNTOLD = "SELECT id, status FROM tasks WHERE told = 0 ORDER BY id";
const TOLD = "SELECT id FROM tasks WHERE told = 1";

/**
 * The platform's object with the gateway's in it, so that there can be two at once: the older one's calls go on, its
 * timers run, but its storage is the other's.
 */
export class FaultyDispatcher extends DurableObject {
  private readonly state: State;
  private readonly real: Storage;
  private life: Life;
  private older: Life | undefined;
  private strayUntil = 0;
  private calls = 0;
  /** The life whose storage the gateway's constructor is given, which may ask for it late. */
  private newest: Life | undefined;

  constructor(ctx: object, env: object) {
    super(ctx, env);
    this.state = ctx as State;
    this.real = this.state.storage;
    Object.defineProperty(ctx, "storage", { get: () => this.newest?.storage });
    this.life = this.begin();
  }

  private begin(): Life {
    const make = (life: Life) => {
      this.newest = life;
      return new GatewayDispatcher(this.ctx, this.env);
    };
    return new Life(make, this.state, this.real);
  }

  /** @returns what the gateway's object answers, whichever life of it is reached */
  async reach(name: string, input: unknown[]): Promise<unknown> {
    this.calls += 1;
    const { older } = this;
    const astray = older && !older.isOver && Date.now() < this.strayUntil && this.calls % 2 === 0;
    return (astray ? older : this.life).call(name, input);
  }

  async alarm(): Promise<void> {
    await this.life.object.alarm();
  }

  async suffer(trouble: Trouble): Promise<void> {
    if (trouble.kind === "object_dies") this.state.abort("The object dies.");
    if (trouble.kind !== "second_life") return;
    this.older = this.life;
    this.older.supersede();
    this.strayUntil = Date.now() + STRAY_MS;
    this.life = this.begin();
  }

  async holdings(): Promise<Pick<Holdings, "untold" | "told" | "lives">> {
    const rows = (statement: string) => this.real.sql.exec(statement).toArray();
    return { untold: rows(UNTOLD) as Holdings["untold"], told: rows(TOLD).length, lives };
  }
}
