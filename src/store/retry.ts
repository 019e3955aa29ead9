/** What D1 says when a statement may simply be sent again: it was moved, restarted, overloaded, or the connection broke. */
const TRANSIENT = [
  "Network connection lost",
  "storage caused object to be reset",
  "reset because its code was updated",
  "D1 DB is overloaded",
  "D1 DB storage operation exceeded timeout",
  "Cannot resolve D1 DB due to transient issue",
  "Internal error while starting up D1 DB storage",
];

const TRIES = 4;
const PAUSE_FIRST_MS = 50;

/** The database did not answer in time to be of use; the same request may succeed in a moment. */
export class StoreUnavailableError extends Error {
  override readonly name = "StoreUnavailableError";
}

export function isTransient(error: unknown): boolean {
  const text = String(error);
  return TRANSIENT.some((phrase) => text.includes(phrase));
}

export type RetryOptions = {
  sleep: (milliseconds: number) => Promise<void>;
  /** 0 to 1: spreads the repetitions of many isolates. */
  jitter: () => number;
};

/** A database that takes longer for one call counts as away: whoever waits for it shall hear so, and soon. */
const CALL_MAX_MS = 5_000;

async function inTime<T>(call: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new StoreUnavailableError("D1 did not answer in time.")), CALL_MAX_MS);
  });
  try {
    return await Promise.race([call, late]);
  } finally {
    clearTimeout(timer ?? null);
  }
}

/**
 * A database that repeats what a passing fault of the platform interrupted. Every statement that goes through it may be
 * executed twice: inserts ignore what is there, updates and deletions come to the same.
 * @throws {StoreUnavailableError} when the fault does not pass
 */
export function withRetries(db: D1Database, options: RetryOptions): D1Database {
  async function attempt<T>(work: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await inTime(work());
      } catch (error) {
        if (!isTransient(error)) throw error;
        if (tries >= TRIES) throw new StoreUnavailableError(String(error));
        await options.sleep(PAUSE_FIRST_MS * 2 ** (tries - 1) * (0.5 + options.jitter()));
      }
    }
  }

  const originals = new WeakMap<D1PreparedStatement, D1PreparedStatement>();
  function retrying(statement: D1PreparedStatement): D1PreparedStatement {
    const wrapped = new Proxy(statement, {
      get(target, name: keyof D1PreparedStatement) {
        if (name === "bind") return (...values: unknown[]) => retrying(target.bind(...values));
        const member = target[name] as (...input: unknown[]) => Promise<unknown>;
        return (...input: unknown[]) => attempt(() => member.apply(target, input));
      },
    });
    originals.set(wrapped, statement);
    return wrapped;
  }

  return new Proxy(db, {
    get(target, name: keyof D1Database) {
      if (name === "prepare") return (sql: string) => retrying(target.prepare(sql));
      if (name === "batch") {
        return (statements: D1PreparedStatement[]) =>
          attempt(() => target.batch(statements.map((statement) => originals.get(statement) ?? statement)));
      }
      const member = target[name];
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}
